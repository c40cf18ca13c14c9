//! The file: what a fleet is to be.

use std::collections::{BTreeMap, HashSet};

use cloudsfor_types::{CreateKey, CreateNetwork, CreateVm, FieldFault, RecordSpec, rules};
use serde::Deserialize;
use serde_json::{Map, Value, json};

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
    pub(super) name: String,
    pub(super) records: Vec<RecordSpec>,
}

/// A VM as it is to be.
#[derive(Debug, Clone)]
pub(super) struct VmWish {
    /// The request that makes it, still without its keys.
    pub(super) request: CreateVm,
    /// Its keys, by name, fingerprint or id.
    pub(super) keys: Vec<String>,
    /// The networks that it joins when it is made, by name or id.
    pub(super) networks: Vec<String>,
    /// Whether backups are to be made; `None` leaves that as it is.
    pub(super) backups: Option<bool>,
    pub(super) protected: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fleet: String,
    #[serde(default)]
    keys: Vec<Key>,
    #[serde(default)]
    networks: Vec<Network>,
    #[serde(default)]
    domains: Vec<Domain>,
    #[serde(default)]
    vms: Vec<Vm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    name: String,
    public_key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Network {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Domain {
    name: String,
    #[serde(default)]
    records: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vm {
    name: String,
    region: String,
    image: String,
    size: f64,
    cpu: f64,
    disk_size: f64,
    plan: Option<String>,
    #[serde(default)]
    ssh_keys: Vec<Named>,
    #[serde(default)]
    networks: Vec<String>,
    backups: Option<bool>,
    #[serde(default)]
    ipv6: bool,
    #[serde(default)]
    private_networking: bool,
    user_data: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    protected: Option<bool>,
}

/// A name, or an id that is a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Id(u64),
    Name(String),
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
        let read: Result<File, String> = match is_toml {
            true => toml::from_str(&text).map_err(|error| error.to_string()),
            false => serde_saphyr::from_str(&text).map_err(|error| error.to_string()),
        };
        let what = || format!("the file {file:?} can't be used");
        let file = read.map_err(|why| {
            let why: Vec<_> = why.lines().map(str::trim_end).collect();
            Failure::new(Exit::Usage, what(), why.join(" / "))
                .next("cloudsfor apply --help has an example")
        })?;
        checked(file).map_err(|faults| Failure::breaking_rules(what(), faults))
    }
}

fn checked(file: File) -> Result<Fleet, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let mut check = Check(&mut faults);
    check.one("fleet", rules::title(&file.fleet));
    check.names("keys", file.keys.iter().map(|key| &key.name));
    check.names(
        "networks",
        file.networks.iter().map(|network| &network.name),
    );
    check.names("domains", file.domains.iter().map(|domain| &domain.name));
    check.names("vms", file.vms.iter().map(|vm| &vm.name));
    let keys = check.each("keys", file.keys, |key| {
        CreateKey::decode(object(
            json!({"name": key.name, "public_key": key.public_key}),
        ))
    });
    let networks = check.each("networks", file.networks, |network| {
        CreateNetwork::decode(object(json!({"name": network.name})))
    });
    let domains = check.each("domains", file.domains, domain);
    let fleet = file.fleet.clone();
    let vms = check.each("vms", file.vms, |vm| wish(vm, &fleet));
    if faults.is_empty() {
        Ok(Fleet {
            name: file.fleet,
            keys,
            networks,
            domains,
            vms,
        })
    } else {
        Err(faults)
    }
}

/// Gathers all faults of the file, each with its place.
struct Check<'a>(&'a mut Vec<FieldFault>);

impl Check<'_> {
    fn one(&mut self, place: &str, result: Result<(), String>) {
        if let Err(fault) = result {
            self.0.push(FieldFault::new(place, fault));
        }
    }

    /// No two things of a kind have the same name.
    fn names<'n>(&mut self, kind: &str, names: impl Iterator<Item = &'n String>) {
        let mut seen = HashSet::new();
        for (i, name) in names.enumerate() {
            if !seen.insert(name.to_lowercase()) {
                let place = format!("{kind}[{i}].name");
                self.0
                    .push(FieldFault::new(place, format!("is there twice: {name:?}")));
            }
        }
    }

    fn each<F, T>(
        &mut self,
        kind: &str,
        found: Vec<F>,
        read: impl Fn(F) -> Result<T, Vec<FieldFault>>,
    ) -> Vec<T> {
        let mut all = Vec::new();
        for (i, one) in found.into_iter().enumerate() {
            match read(one) {
                Ok(one) => all.push(one),
                Err(faults) => self.0.extend(faults.into_iter().map(|fault| {
                    FieldFault::new(format!("{kind}[{i}].{}", fault.name), fault.message)
                })),
            }
        }
        all
    }
}

fn domain(domain: Domain) -> Result<DomainWish, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let mut check = Check(&mut faults);
    check.one("name", rules::domain_name(&domain.name));
    let records = check.each("records", domain.records, RecordSpec::decode);
    match faults.is_empty() {
        true => Ok(DomainWish {
            name: domain.name,
            records,
        }),
        false => Err(faults),
    }
}

fn wish(vm: Vm, fleet: &str) -> Result<VmWish, Vec<FieldFault>> {
    let mut labels = vm.labels;
    let has_own_label = labels.insert(LABEL.into(), fleet.to_owned()).is_some();
    let plan = vm.plan.as_deref().map(|plan| match plan {
        "static" => "PLAN_ID_FIX",
        "dynamic" => "PLAN_ID_STD",
        other => other,
    });
    let body = json!({
        "name": vm.name, "region": vm.region, "image": vm.image, "size": vm.size,
        "cpu": vm.cpu, "disk_size": vm.disk_size, "plan": plan, "ipv6": vm.ipv6,
        "backups": vm.backups.unwrap_or_default(), "user_data": vm.user_data,
        "private_networking": vm.private_networking, "labels": labels,
        "protected": vm.protected.unwrap_or_default(), "unique_name": true,
    });
    let mut request = CreateVm::decode(object(body));
    if has_own_label {
        let fault = format!("must not have {LABEL}: that is the fleet's own");
        let mut faults = request.err().unwrap_or_default();
        faults.push(FieldFault::new("labels", fault));
        request = Err(faults);
    }
    Ok(VmWish {
        request: request?,
        keys: vm
            .ssh_keys
            .into_iter()
            .map(|key| match key {
                Named::Id(id) => id.to_string(),
                Named::Name(name) => name,
            })
            .collect(),
        networks: vm.networks,
        backups: vm.backups,
        protected: vm.protected,
    })
}
