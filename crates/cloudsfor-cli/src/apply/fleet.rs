//! The file: what a fleet is to be.

use std::collections::{BTreeMap, HashMap};

use cloudsfor_types::{
    CreateKey, CreateNetwork, CreateVm, FieldFault, RecordSpec, RecordType, names, public_key,
    rules,
};
use serde_json::{Map, Value, json};

use super::attributes::{Attributes, Faults};
use super::document::{self, Node};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::create::object;
use crate::terminal::Terminal;
use crate::text_file;

/// The label that the VMs of a fleet carry.
pub(super) const LABEL: &str = "fleet";

/// The largest file that is read, in bytes.
const READ_AT_MOST: u64 = 4 << 20;

const OF_FILE: &[&str] = &["fleet", "keys", "networks", "domains", "vms"];
const OF_KEY: &[&str] = &["name", "public_key"];
const OF_DOMAIN: &[&str] = &["name", "records"];
const OF_RECORD: &[&str] = &["type", "name", "data", "priority", "port", "weight"];
const OF_VM: &[&str] = &[
    "name",
    "region",
    "image",
    "size",
    "cpu",
    "disk_size",
    "plan",
    "ssh_keys",
    "networks",
    "backups",
    "ipv6",
    "private_networking",
    "user_data",
    "labels",
    "protected",
];

/// A fleet that keeps the rules.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) name: String,
    pub(super) keys: Vec<CreateKey>,
    pub(super) networks: Vec<CreateNetwork>,
    pub(super) domains: Vec<DomainWish>,
    pub(super) vms: Vec<VmWish>,
}

#[derive(Debug)]
pub(super) struct DomainWish {
    /// In its normal form.
    pub(super) name: String,
    /// As they are kept in this domain.
    pub(super) records: Vec<RecordSpec>,
}

/// A VM as it is to be. What is `None` is not in the file, and stays as it is.
#[derive(Debug, Clone)]
pub(super) struct VmWish {
    /// The request that makes it, still without its keys.
    pub(super) request: CreateVm,
    /// Its keys, by name, fingerprint or id.
    pub(super) keys: Option<Vec<String>>,
    /// The networks that it is in, by name or id.
    pub(super) networks: Option<Vec<String>>,
    pub(super) backups: Option<bool>,
    pub(super) ipv6: Option<bool>,
    pub(super) private_networking: Option<bool>,
    pub(super) protected: Option<bool>,
}

impl Fleet {
    /// Reads the file, as strictly as the server reads requests.
    pub(super) fn read(
        file: &str,
        global: &Global,
        terminal: &mut Terminal,
    ) -> Result<Self, Failure> {
        let text = text_file::read(file, "--file", READ_AT_MOST, global, terminal)?;
        let is_toml = file.to_lowercase().ends_with(".toml");
        let fleet = document::read(&text, is_toml)
            .map_err(|fault| vec![fault])
            .and_then(checked);
        fleet.map_err(|faults| {
            let what = format!("the file {file:?} can't be used");
            let mut failure = Failure::new(Exit::Usage, what, "it has faults:");
            failure.facts.faults = faults;
            failure
                .next("correct them and repeat the command")
                .next("cloudsfor apply --help has an example")
        })
    }
}

fn checked(file: Node) -> Result<Fleet, Faults> {
    let mut faults = Faults::new();
    let mut file = Attributes::of(file, "", &mut faults).ok_or_else(|| faults.clone())?;
    let name = file.text("fleet", &mut faults);
    let fault = match &name {
        Some(name) => rules::title(name).and_then(|()| {
            let label = BTreeMap::from([(LABEL.to_owned(), name.clone())]);
            rules::labels(&label)
        }),
        None => Err("is required: it is the fleet's name".into()),
    };
    if let Err(message) = fault {
        file.faulty(vec![FieldFault::new("fleet", message)], &mut faults);
    }
    let name = name.unwrap_or_default();
    let keys = each(&mut file, "keys", &mut faults, key);
    let networks = each(&mut file, "networks", &mut faults, network);
    let domains = each(&mut file, "domains", &mut faults, domain);
    let vms = each(&mut file, "vms", &mut faults, |node, path, faults| {
        vm(node, path, &name, faults)
    });
    file.finish(OF_FILE, &mut faults);
    unique(
        "keys",
        keys.iter().map(|(at, key)| (*at, key.name.clone())),
        &mut faults,
    );
    let materials = keys
        .iter()
        .map(|(at, key)| (*at, public_key::material(&key.public_key).to_owned()));
    unique_material(materials, &mut faults);
    unique(
        "networks",
        networks.iter().map(|(at, of)| (*at, of.name.clone())),
        &mut faults,
    );
    unique(
        "domains",
        domains.iter().map(|(at, of)| (*at, of.name.clone())),
        &mut faults,
    );
    let vm_names = vms
        .iter()
        .map(|(at, vm)| (*at, names::normal(&vm.request.name)));
    unique("vms", vm_names, &mut faults);
    let items = |faults: &Faults| faults.is_empty();
    if !items(&faults) {
        return Err(faults);
    }
    Ok(Fleet {
        name,
        keys: without_lines(keys),
        networks: without_lines(networks),
        domains: without_lines(domains),
        vms: without_lines(vms),
    })
}

fn without_lines<T>(items: Vec<(u64, T)>) -> Vec<T> {
    items.into_iter().map(|(_, item)| item).collect()
}

/// Reads each item of a list that may be absent, with its line.
fn each<T>(
    file: &mut Attributes,
    name: &'static str,
    faults: &mut Faults,
    read: impl Fn(Node, &str, &mut Faults) -> Option<T>,
) -> Vec<(u64, T)> {
    let items = file.list(name, faults).unwrap_or_default().into_iter();
    let read = |(path, node): (String, Node)| {
        let line = node.line;
        Some((line, read(node, &path, faults)?))
    };
    items.filter_map(read).collect()
}

/// No two things of a kind have the same name.
fn unique(kind: &str, names: impl Iterator<Item = (u64, String)>, faults: &mut Faults) {
    let mut seen = HashMap::new();
    for (line, name) in names {
        if let Some(first) = seen.insert(name.to_lowercase(), line) {
            let place = format!("line {line}: {kind}");
            let message = format!("have the name {name:?} twice: it is in line {first} already");
            faults.push(FieldFault::new(place, message));
        }
    }
}

fn unique_material(materials: impl Iterator<Item = (u64, String)>, faults: &mut Faults) {
    let mut seen = HashMap::new();
    for (line, material) in materials {
        if let Some(first) = seen.insert(material, line) {
            let place = format!("line {line}: keys");
            let message = format!("have the same public key twice: it is in line {first} already");
            faults.push(FieldFault::new(place, message));
        }
    }
}

/// Decodes a request, and notes its faults at the places of the file.
fn decoded<T>(
    from: &Attributes,
    faults: &mut Faults,
    decoded: Result<T, Vec<FieldFault>>,
) -> Option<T> {
    decoded.map_err(|found| from.faulty(found, faults)).ok()
}

fn key(node: Node, path: &str, faults: &mut Faults) -> Option<CreateKey> {
    let mut from = Attributes::of(node, path, faults)?;
    let body = json!({
        "name": from.text("name", faults), "public_key": from.text("public_key", faults),
    });
    from.finish(OF_KEY, faults);
    decoded(&from, faults, CreateKey::decode(object(body)))
}

fn network(node: Node, path: &str, faults: &mut Faults) -> Option<CreateNetwork> {
    let mut from = Attributes::of(node, path, faults)?;
    let body = json!({"name": from.text("name", faults)});
    from.finish(&["name"], faults);
    decoded(&from, faults, CreateNetwork::decode(object(body)))
}

fn domain(node: Node, path: &str, faults: &mut Faults) -> Option<DomainWish> {
    let mut from = Attributes::of(node, path, faults)?;
    let name = match from.text("name", faults) {
        Some(name) => names::domain(&name),
        None => Err("is required".into()),
    };
    let name = name.map_err(|message| vec![FieldFault::new("name", message)]);
    let name = decoded(&from, faults, name).map(|name| names::normal(&name));
    let of = name.clone().unwrap_or_default();
    let records = each(&mut from, "records", faults, |node, path, faults| {
        record(node, path, &of, faults)
    });
    from.finish(OF_DOMAIN, faults);
    check_records(&records, &of, faults);
    Some(DomainWish {
        name: name?,
        records: without_lines(records),
    })
}

fn record(node: Node, path: &str, domain: &str, faults: &mut Faults) -> Option<RecordSpec> {
    let mut from = Attributes::of(node, path, faults)?;
    let mut body = Map::new();
    for name in ["type", "name", "data"] {
        if let Some(text) = from.text(name, faults) {
            body.insert(name.into(), text.into());
        }
    }
    for name in ["priority", "port", "weight"] {
        if let Some(number) = from.number(name, "", faults) {
            body.insert(name.into(), number.into());
        }
    }
    from.finish(OF_RECORD, faults);
    decoded(&from, faults, RecordSpec::decode_in(body, domain))
}

/// No record twice, and none beside a CNAME of the same name.
fn check_records(records: &[(u64, RecordSpec)], domain: &str, faults: &mut Faults) {
    let normal = |spec: &RecordSpec| spec.normal_in(domain).unwrap_or_else(|_| spec.clone());
    let normal: Vec<_> = records
        .iter()
        .map(|(line, spec)| (*line, normal(spec)))
        .collect();
    for (i, (line, one)) in normal.iter().enumerate() {
        for (first, other) in &normal[..i] {
            let is_cname = [one, other].iter().any(|of| of.r#type == RecordType::Cname);
            let message = if one == other {
                format!("is there twice: it is in line {first} already")
            } else if one.name == other.name && is_cname {
                format!(
                    "can't be beside the record in line {first}: a CNAME is its name's only one"
                )
            } else {
                continue;
            };
            let place = format!("line {line}: the record {} {}", one.r#type, one.name);
            faults.push(FieldFault::new(place, message));
            break;
        }
    }
}

fn vm(node: Node, path: &str, fleet: &str, faults: &mut Faults) -> Option<VmWish> {
    let mut from = Attributes::of(node, path, faults)?;
    let mut labels: BTreeMap<_, _> = from.pairs("labels", faults).into_iter().flatten().collect();
    let plan = from.text("plan", faults).map(|plan| match plan.as_str() {
        "static" => "PLAN_ID_FIX".to_owned(),
        "dynamic" => "PLAN_ID_STD".to_owned(),
        _ => plan,
    });
    let backups = from.boolean("backups", faults);
    let ipv6 = from.boolean("ipv6", faults);
    let private_networking = from.boolean("private_networking", faults);
    let protected = from.boolean("protected", faults);
    if labels.insert(LABEL.into(), fleet.to_owned()).is_some() {
        let message = format!("must not have {LABEL}: that is the fleet's own");
        from.faulty(vec![FieldFault::new("labels", message)], faults);
    }
    let body: Value = json!({
        "name": from.text("name", faults), "region": from.text("region", faults),
        "image": from.text("image", faults), "size": from.number("size", " of GB", faults),
        "cpu": from.number("cpu", "", faults), "disk_size": from.number("disk_size", " of GB", faults),
        "plan": plan, "ipv6": ipv6, "backups": backups, "user_data": from.text("user_data", faults),
        "private_networking": private_networking, "labels": labels, "protected": protected,
        "unique_name": true,
    });
    let keys = from.texts("ssh_keys", faults);
    let networks = from.texts("networks", faults);
    from.finish(OF_VM, faults);
    Some(VmWish {
        request: decoded(&from, faults, CreateVm::decode(object(body)))?,
        keys,
        networks,
        backups,
        ipv6,
        private_networking,
        protected,
    })
}
