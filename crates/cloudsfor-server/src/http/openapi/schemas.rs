//! The shapes of bodies: what answers have, and what requests may have.

use cloudsfor_types::{
    ActionStatus, ActionType, AddressType, ErrorId, ImageType, Plan, Reason, RecordType, VmFeature,
    VmStatus, rules, user_data::USER_DATA_MAX,
};
use serde_json::{Map, Value, json};

use super::{Form, open};
use crate::cloud::catalog;
use crate::compute::Simulator;

pub(super) fn names<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    json!({"type": "string", "enum": names.collect::<Vec<_>>()})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn nullable(mut schema: Value) -> Value {
    schema["type"] = json!([schema["type"], "null"]);
    schema
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn whole(min: u64, max: u64) -> Value {
    json!({"type": "integer", "minimum": min, "maximum": max})
}

fn list_of(schema: &str) -> Value {
    json!({"type": "array", "items": reference(schema)})
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// An object of an answer: all of these attributes are there but the optional
/// ones, and others may come.
fn answer(required: Value, optional: Value) -> Value {
    let names: Vec<_> = required
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .cloned()
        .collect();
    let mut schema = json!({"type": "object", "properties": merged(required, optional)});
    if !names.is_empty() {
        schema["required"] = names.into();
    }
    schema
}

/// The body of a request: no others than these attributes.
fn request(required: Value, optional: Value) -> Value {
    let mut schema = answer(required, optional);
    schema["additionalProperties"] = json!(false);
    schema
}

fn merged(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}

fn list(name: &str, items: &str) -> Value {
    answer(
        json!({name: list_of(items), "meta": reference("Meta")}),
        json!({"links": reference("Links")}),
    )
}

fn carrier(name: &str, schema: &str) -> Value {
    answer(
        json!({name: reference(schema)}),
        json!({"links": reference("Links")}),
    )
}

/// All of them: answers as they are, or as everybody may rely on them.
pub(super) fn all(form: Form) -> Map<String, Value> {
    let answers = answer_schemas()
        .into_iter()
        .map(|(name, schema)| match form {
            Form::Strict => (name.to_owned(), schema),
            Form::Open => (name.to_owned(), open::opened(name, schema)),
        });
    let requests = request_schemas().into_iter();
    let requests = requests.map(|(name, schema)| (name.to_owned(), schema));
    answers.chain(requests).chain(variants()).collect()
}

/// The schemas that a union is of, each with a name.
fn variants() -> impl Iterator<Item = (String, Value)> {
    let of_union = |variants: Vec<Variant>| {
        variants
            .into_iter()
            .map(|variant| (variant.name, variant.schema))
    };
    of_union(vm_actions()).chain(of_union(record_specs()))
}

/// One of the schemas that a union is of, and which values of `type` name it.
struct Variant {
    name: String,
    types: Vec<String>,
    schema: Value,
}

/// A union, told apart by `type`.
fn union(variants: &[Variant]) -> Value {
    let references: Vec<_> = variants
        .iter()
        .map(|variant| reference(&variant.name))
        .collect();
    let mapping: Map<_, _> = variants
        .iter()
        .flat_map(|variant| {
            let at = format!("#/components/schemas/{}", variant.name);
            let types = variant.types.iter();
            types.map(move |kind| (kind.clone(), at.clone().into()))
        })
        .collect();
    json!({"oneOf": references, "discriminator": {"propertyName": "type", "mapping": mapping}})
}

fn request_schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("CreateVm", create_vm()),
        (
            "UpdateVm",
            request(
                json!({}),
                json!({"labels": nullable(labels()), "protected": nullable(json!({"type": "boolean"}))}),
            ),
        ),
        ("VmAction", union(&vm_actions())),
        (
            "CreateKey",
            request(
                json!({"name": key_name(), "public_key": {"type": "string", "minLength": 1, "pattern": "^(ssh|ecdsa|sk)-"}}),
                json!({}),
            ),
        ),
        ("UpdateKey", request(json!({"name": key_name()}), json!({}))),
        (
            "CreateNetwork",
            request(json!({"name": title()}), json!({})),
        ),
        ("JoinNetwork", request(json!({"vm_id": id()}), json!({}))),
        (
            "CreateDomain",
            request(
                json!({"name": domain_name()}),
                json!({"ip_address": nullable(json!({"type": "string", "format": "ipv4"}))}),
            ),
        ),
        ("RecordSpec", union(&record_specs())),
    ]
}

fn answer_schemas() -> Vec<(&'static str, Value)> {
    let strings = || json!({"type": "array", "items": text()});
    let plan = || names(Plan::KNOWN.iter().map(Plan::as_str));
    let features = names(VmFeature::KNOWN.iter().map(VmFeature::as_str));
    vec![
        (
            "Error",
            answer(
                json!({"id": names(ErrorId::KNOWN.iter().map(ErrorId::as_str)), "message": text(), "request_id": text()}),
                json!({"reason": names(Reason::KNOWN.iter().map(Reason::as_str)), "fields": list_of("FieldFault")}),
            ),
        ),
        (
            "FieldFault",
            answer(json!({"name": text(), "message": text()}), json!({})),
        ),
        (
            "Links",
            answer(
                json!({}),
                json!({"pages": answer(json!({}), json!({"first": text(), "prev": text(), "next": text(), "last": text()}))}),
            ),
        ),
        (
            "Meta",
            answer(
                json!({"total": {"type": "integer", "minimum": 0}}),
                json!({}),
            ),
        ),
        (
            "Region",
            answer(
                json!({"name": text()}),
                json!({"country": text(), "description": text(),
            "coordinates": answer(json!({"lat": {"type": "number"}, "lng": {"type": "number"}}), json!({}))}),
            ),
        ),
        (
            "Address",
            answer(
                json!({"ip_address": text(), "netmask": text(), "gateway": text(),
            "type": names(AddressType::KNOWN.iter().map(AddressType::as_str))}),
                json!({"ssh_port": whole(1, 65_535), "network_id": id()}),
            ),
        ),
        (
            "Networks",
            answer(
                json!({}),
                json!({"v4": list_of("Address"), "v6": list_of("Address")}),
            ),
        ),
        (
            "Image",
            answer(
                json!({"id": text(), "distro": text(), "name": text()}),
                json!({}),
            ),
        ),
        (
            "Vm",
            answer(
                json!({"id": text(), "name": text(), "memory": {"type": "number"}, "vcpus": {"type": "integer"},
            "disk": {"type": "integer"}, "locked": {"type": "boolean"},
            "status": names(VmStatus::KNOWN.iter().map(VmStatus::as_str)), "plan": plan(), "created_at": time(),
            "features": {"type": "array", "items": features}, "backup_ids": strings(), "snapshot_ids": strings(),
            "image": reference("Image"), "region": reference("Region"), "networks": reference("Networks"),
            "labels": {"type": "object", "additionalProperties": text()}, "protected": {"type": "boolean"},
            "ssh_key_ids": {"type": "array", "items": {"type": "integer"}},
            "user_data_sha256": nullable(json!({"type": "string", "pattern": "^[0-9a-f]{64}$"}))}),
                json!({"name_unicode": text()}),
            ),
        ),
        (
            "Warning",
            answer(json!({"field": text(), "message": text()}), json!({})),
        ),
        (
            "VmAnswer",
            answer(
                json!({"vm": reference("Vm"), "links": reference("Links")}),
                json!({"warnings": list_of("Warning")}),
            ),
        ),
        (
            "VmList",
            answer(
                json!({"vms": list_of("Vm"), "links": reference("Links"), "meta": reference("Meta")}),
                json!({}),
            ),
        ),
        (
            "Snapshot",
            answer(
                json!({"id": text(), "name": text(), "vm_id": text(), "created_at": time(), "distro": text(),
            "region": reference("Region"), "memory": {"type": "number"}, "vcpus": {"type": "integer"}, "disk": {"type": "integer"},
            "size_gigabytes": {"type": "number"}, "locked": {"type": "boolean"}, "status": text(), "backup_ids": strings(),
            "snapshot_ids": strings(), "features": strings(), "networks": reference("Networks")}),
                json!({}),
            ),
        ),
        ("SnapshotList", list("snapshots", "Snapshot")),
        ("BackupList", list("backups", "Snapshot")),
        ("SnapshotAnswer", carrier("snapshot", "Snapshot")),
        (
            "Action",
            answer(
                json!({"id": text(), "action_id": text(), "status": names(ActionStatus::KNOWN.iter().map(ActionStatus::as_str)),
            "type": names(ActionType::KNOWN.iter().map(ActionType::as_str)), "started_at": time(), "completed_at": nullable(time()),
            "resource_type": text(), "region": text()}),
                json!({"error": text(), "notice": text()}),
            ),
        ),
        ("ActionList", list("actions", "Action")),
        ("ActionAnswer", carrier("action", "Action")),
        (
            "Account",
            answer(
                json!({"email": text(), "uuid": text(), "vm_limit": {"type": "integer"},
                    "limits": reference("AccountLimits"), "used": reference("AccountLimits")}),
                json!({}),
            ),
        ),
        (
            "AccountLimits",
            answer(
                json!({"vms": {"type": "integer"}, "keys": {"type": "integer"}, "networks": {"type": "integer"},
                    "domains": {"type": "integer"}, "records_per_domain": {"type": "integer"},
                    "snapshots": {"type": "integer"}, "snapshot_gigabytes": {"type": "number"},
                    "backup_gigabytes": {"type": "number"}}),
                json!({}),
            ),
        ),
        ("AccountAnswer", carrier("account", "Account")),
        ("RegionList", list("regions", "Region")),
        (
            "Distro",
            answer(
                json!({"id": text(), "name": text(), "description": text(),
            "image_type": names(ImageType::KNOWN.iter().map(ImageType::as_str))}),
                json!({}),
            ),
        ),
        ("DistroList", list("distros", "Distro")),
        (
            "SshKey",
            answer(
                json!({"id": {"type": "integer"}, "fingerprint": text(), "public_key": text(), "name": text()}),
                json!({}),
            ),
        ),
        ("SshKeyList", list("ssh_keys", "SshKey")),
        ("SshKeyAnswer", carrier("ssh_key", "SshKey")),
        (
            "Network",
            answer(
                json!({"id": text(), "name": text(), "parent_id": nullable(text()), "tag": nullable(text()),
            "size": nullable(json!({"type": "integer"}))}),
                json!({}),
            ),
        ),
        ("NetworkList", list("networks", "Network")),
        ("NetworkAnswer", carrier("network", "Network")),
        (
            "Domain",
            answer(
                json!({"name": text(), "ttl": {"type": "integer"}, "zone_file": text()}),
                json!({"name_unicode": text()}),
            ),
        ),
        ("DomainList", list("domains", "Domain")),
        ("DomainAnswer", carrier("domain", "Domain")),
        (
            "DomainRecord",
            answer(
                json!({"id": {"type": "integer"}, "type": names(RecordType::KNOWN.iter().map(RecordType::as_str)),
            "name": text(), "data": text(), "priority": nullable(json!({"type": "integer"})),
            "port": nullable(json!({"type": "integer"})), "weight": nullable(json!({"type": "integer"}))}),
                json!({"name_unicode": text()}),
            ),
        ),
        ("DomainRecordList", list("domain_records", "DomainRecord")),
        (
            "DomainRecordAnswer",
            carrier("domain_record", "DomainRecord"),
        ),
    ]
}

/// A character that is no control character.
const PLAIN: &str = r"[^\x00-\x1f\x7f-\x9f]";

/// A label of a hostname.
const LABEL: &str = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";

/// A label of a name in DNS.
const DNS_LABEL: &str = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,20}[A-Za-z0-9_])?";

fn title() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 255,
        "pattern": format!(r"^{PLAIN}*\S{PLAIN}*$")})
}

fn key_name() -> Value {
    let mut name = title();
    name["not"] = json!({"pattern": r"^\s*[0-9]+\s*$"});
    name
}

/// A name as it is kept, or one in another alphabet, which is converted.
fn name_of(description: &str, ascii: &str) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 253,
        "description": format!("{description} A name in another alphabet is kept as punycode."),
        // Not `anyOf`, of which generators make no text.
        "pattern": format!(r"{ascii}|[^\x00-\x7f]")})
}

fn hostname() -> Value {
    let mut name = name_of("A host's name.", &format!(r"^{LABEL}(\.{LABEL})*$"));
    name["not"] = json!({"pattern": "^[0-9a-fA-F]{32}$"});
    name
}

fn domain_name() -> Value {
    let description = "Neither a public suffix, nor in a reverse zone, nor the service's own name, \
                       nor one that its operator reserves.";
    name_of(description, &format!(r"^{LABEL}(\.{LABEL})+$"))
}

fn labels() -> Value {
    json!({"type": "object", "maxProperties": rules::LABELS_MAX,
        "propertyNames": {"minLength": 1, "maxLength": 63, "pattern": r"^[^=\x00-\x1f\x7f-\x9f]+$"},
        "additionalProperties": {"type": "string", "maxLength": 255, "pattern": format!("^{PLAIN}*$")}})
}

fn memory() -> Value {
    json!({"type": "number", "minimum": 0.25, "maximum": 1024, "multipleOf": 0.25,
        "description": "Memory in GB of 2^30 bytes."})
}

fn create_vm() -> Value {
    let flag = || nullable(json!({"type": "boolean"}));
    request(
        json!({
            "name": hostname(),
            "region": names(catalog::region_names()),
            "image": image(),
            "size": memory(),
            "cpu": whole(1, 128),
            "disk_size": whole(1, 65_536),
        }),
        json!({
            "plan": nullable(names(Plan::KNOWN.iter().map(Plan::as_str))),
            "ssh_keys": {"type": ["array", "null"], "items": {"type": "integer", "minimum": 0},
                "maxItems": rules::SSH_KEYS_MAX},
            "backups": flag(),
            "ipv6": flag(),
            "user_data": {"type": ["string", "null"], "maxLength": USER_DATA_MAX},
            "user_data_encoding": {"type": ["string", "null"], "enum": ["base64", null]},
            "strict": flag(),
            "private_networking": flag(),
            "labels": nullable(labels()),
            "protected": flag(),
            "unique_name": flag(),
        }),
    )
}

fn vm_actions() -> Vec<Variant> {
    let plain = ActionType::KNOWN.iter().filter(|kind| {
        use ActionType::{Create, Rebuild, Rename, Resize, Restore, Snapshot};
        ![Create, Resize, Snapshot, Restore, Rebuild, Rename].contains(kind)
    });
    let plain: Vec<_> = plain.map(|kind| kind.as_str().to_owned()).collect();
    let typed = |name: &str, kind: ActionType, required: Value, optional: Value| {
        let types = json!({"type": {"type": "string", "const": kind.as_str()}});
        Variant {
            name: name.to_owned(),
            types: vec![kind.as_str().to_owned()],
            schema: request(merged(types, required), optional),
        }
    };
    let none = || json!({});
    let sizes = json!({"size": memory(), "cpu": whole(1, 128), "disk_size": whole(1, 65_536)});
    vec![
        Variant {
            name: "PlainVmAction".into(),
            schema: request(
                json!({"type": names(plain.iter().map(String::as_str))}),
                none(),
            ),
            types: plain,
        },
        typed("ResizeVm", ActionType::Resize, none(), sizes),
        typed(
            "SnapshotVm",
            ActionType::Snapshot,
            json!({"name": title()}),
            none(),
        ),
        typed(
            "RestoreVm",
            ActionType::Restore,
            json!({"image": id()}),
            none(),
        ),
        typed(
            "RebuildVm",
            ActionType::Rebuild,
            json!({"image": image()}),
            none(),
        ),
        typed(
            "RenameVm",
            ActionType::Rename,
            json!({"name": hostname()}),
            none(),
        ),
    ]
}

/// An id as the service makes them.
fn id() -> Value {
    json!({"type": "string", "pattern": "^[0-9a-f]{32}$"})
}

fn image() -> Value {
    json!({"description": "A distro's name, or a snapshot's or backup's id.",
        "anyOf": [names(Simulator::image_names()), {"type": "string", "minLength": 1}]})
}

fn record_specs() -> Vec<Variant> {
    let number = || whole(0, u16::MAX.into());
    let target = |ascii: String| {
        let description = "A host's name: a full name if there is a dot in it, else relative to \
                           the domain; `@` is the domain itself. Answers have the full name with \
                           a final dot.";
        name_of(description, &ascii)
    };
    let host = || target(format!(r"^(@|{DNS_LABEL}(\.{DNS_LABEL}){{0,3}}\.?)$"));
    let host_or_none = || target(format!(r"^(@|\.|{DNS_LABEL}(\.{DNS_LABEL}){{0,3}}\.?)$"));
    let of = |kind: RecordType, data: Value, numbers: Value| {
        let description = "Relative to the domain, `@` being the domain itself; a name that ends in \
                           the domain's name, or with a dot, is a full name.";
        let ascii = format!(r"^(@|(\*\.)?{DNS_LABEL}(\.{DNS_LABEL}){{0,2}}\.?)$");
        let common = json!({"type": {"type": "string", "const": kind.as_str()},
            "name": name_of(description, &ascii), "data": data});
        Variant {
            name: format!("{}RecordSpec", kind.as_str()),
            types: vec![kind.as_str().to_owned()],
            schema: request(merged(common, numbers), json!({})),
        }
    };
    let none = || json!({});
    vec![
        of(
            RecordType::A,
            json!({"type": "string", "format": "ipv4"}),
            none(),
        ),
        of(
            RecordType::Aaaa,
            json!({"type": "string", "format": "ipv6"}),
            none(),
        ),
        of(RecordType::Cname, host(), none()),
        of(
            RecordType::Mx,
            host_or_none(),
            json!({"priority": number()}),
        ),
        of(RecordType::Ns, host(), none()),
        of(
            RecordType::Srv,
            host_or_none(),
            json!({"priority": number(), "port": number(), "weight": number()}),
        ),
        of(
            RecordType::Txt,
            json!({"type": "string", "minLength": 1, "maxLength": 4096, "pattern": "^[ -~]+$"}),
            none(),
        ),
        of(RecordType::Ptr, host(), none()),
    ]
}
