//! The API's description: OpenAPI 3.1, made from the table of operations, so
//! that no operation can be missing from it.

mod open;
mod responses;
mod schemas;
mod version_3_0;
mod words;

use std::sync::OnceLock;

use axum::body::Body;
use axum::extract::RawQuery;
use axum::response::Response;
use cloudsfor_types::VmStatus;
use cloudsfor_types::operations::{self as op, Method, OPERATIONS, Operation};
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use self::schemas::names;
use super::BASE_PATH;
use super::envelope::JSON;
use super::error::ApiError;
use super::query::Query;

/// How answers are described.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// As everybody may rely on them.
    Open,
    /// As this version gives them, to check it by.
    Strict,
}

/// The document, as it is answered and checked in.
pub fn document() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| printed(&made(Form::Open)))
}

/// The document with answers exactly as this version gives them: every value and every
/// attribute. To check the service by; a client made from it would read no later one.
pub fn strict_document() -> String {
    printed(&made(Form::Strict))
}

/// The document in OpenAPI 3.0.
fn document_3_0() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| printed(&version_3_0::of(&made(Form::Open))))
}

fn printed(document: &Value) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
}

fn made(form: Form) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "CloudsFor",
            "version": "1",
            "description": "A cloud of virtual machines. A GB is 2^30 bytes, of memory and of disk.",
            "contact": {"name": "Whoever runs the service"},
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": BASE_PATH}],
        "security": [{"basic": []}],
        "tags": tags(),
        "paths": paths(),
        "components": {
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic",
                "description": "E-mail and password of an account."}},
            "parameters": parameters(),
            "headers": responses::headers(),
            "responses": responses::refusals(),
            "schemas": schemas::all(form),
        },
    })
}

/// `?version=3.0` asks for the older form.
pub(super) async fn get(RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let mut query = Query::new(query.as_deref());
    let version = query.one("version", |version| match version {
        "3.1" => Ok(document()),
        "3.0" => Ok(document_3_0()),
        _ => Err(format!("must be 3.1 or 3.0, not {version:?}")),
    });
    query.finish()?;
    let mut response = Response::new(Body::from(version.unwrap_or_else(document)));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    Ok(response)
}

/// The nouns of the API, and what each is.
const TAGS: &[(&str, &str)] = &[
    ("vms", "Virtual machines, and what is done to them."),
    ("snapshots", "Copies of disks, which outlive their VM."),
    ("actions", "What was done to VMs, and how it ended."),
    ("events", "What happens, as it happens."),
    ("keys", "SSH keys that VMs are made with."),
    ("networks", "Private networks between VMs."),
    ("domains", "Domains and their records, served by DNS."),
    ("regions", "Where VMs can be."),
    ("distros", "What VMs can be made of."),
    ("account", "Who asks."),
];

fn tags() -> Value {
    TAGS.iter()
        .map(|(name, description)| json!({"name": name, "description": description}))
        .collect()
}

/// The noun that an operation's path begins with.
fn tag(operation: &Operation) -> &'static str {
    operation.path.split('/').nth(1).unwrap_or_default()
}

fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_lowercase()] = match *operation {
            op::WATCH_EVENTS => events(),
            _ => described(operation),
        };
    }
    paths
}

fn described(operation: &Operation) -> Value {
    let mut parameters: Vec<Value> = operation
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    parameters.extend(
        query_parameters(operation)
            .into_iter()
            .map(reference_parameter),
    );
    if operation.method == Method::Post {
        parameters.push(reference_parameter("IdempotencyKey"));
    }
    let (summary, description) = words::of(*operation);
    let mut described = json!({
        "operationId": operation.name,
        "tags": [tag(operation)],
        "summary": summary,
        "description": description,
        "parameters": parameters,
        "responses": responses::of(operation, success(operation)),
    });
    if let Some(schema) = request_schema(operation) {
        described["requestBody"] = json!({"required": true, "content": content(schema)});
    }
    described
}

fn reference_parameter(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

fn content(schema: &str) -> Value {
    json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}})
}

fn success(operation: &Operation) -> Value {
    let mut success = json!({"description": "Done."});
    if let Some(schema) = answer_schema(operation) {
        success["content"] = content(schema);
    }
    if [op::CREATE_VM, op::CREATE_VM_ACTION].contains(operation) {
        success["description"] = json!("Accepted; the action goes on.");
        success["headers"] = json!({"X-Action-Id": responses::header("X-Action-Id")});
    }
    let links = links(operation);
    if !links.is_empty() {
        success["links"] = Value::Object(links);
    }
    success
}

/// What can be done next with what was made, and where its id is.
fn links(operation: &Operation) -> Map<String, Value> {
    const OF_VM: &[Operation] = &[
        op::GET_VM,
        op::UPDATE_VM,
        op::CREATE_VM_ACTION,
        op::LIST_VM_ACTIONS,
        op::LIST_VM_SNAPSHOTS,
        op::LIST_VM_BACKUPS,
        op::DELETE_VM,
    ];
    const OF_ACTION: &[Operation] = &[op::GET_ACTION, op::GET_VM_ACTION];
    const OF_KEY: &[Operation] = &[op::GET_KEY, op::UPDATE_KEY, op::DELETE_KEY];
    const OF_NETWORK: &[Operation] = &[op::GET_NETWORK, op::JOIN_NETWORK, op::DELETE_NETWORK];
    const OF_DOMAIN: &[Operation] = &[
        op::GET_DOMAIN,
        op::LIST_RECORDS,
        op::CREATE_RECORD,
        op::DELETE_DOMAIN,
    ];
    const OF_RECORD: &[Operation] = &[op::GET_RECORD, op::UPDATE_RECORD, op::DELETE_RECORD];
    let (next, ids) = match *operation {
        op::CREATE_VM => (OF_VM, json!({"id": "$response.body#/vm/id"})),
        op::CREATE_VM_ACTION => (
            OF_ACTION,
            json!({"id": "$response.body#/action/id", "action_id": "$response.body#/action/action_id"}),
        ),
        op::CREATE_KEY => (OF_KEY, json!({"key": "$response.body#/ssh_key/id"})),
        op::CREATE_NETWORK => (
            OF_NETWORK,
            json!({"network_id": "$response.body#/network/id"}),
        ),
        op::CREATE_DOMAIN => (OF_DOMAIN, json!({"name": "$response.body#/domain/name"})),
        op::CREATE_RECORD => (
            OF_RECORD,
            json!({"name": "$request.path.name", "record_id": "$response.body#/domain_record/id"}),
        ),
        _ => (&[][..], json!({})),
    };
    let link = |next: &Operation| {
        let wanted = |(name, _): &(&String, &Value)| next.path.contains(&format!("{{{name}}}"));
        let ids = ids.as_object().into_iter().flatten().filter(wanted);
        let ids: Map<_, _> = ids.map(|(name, at)| (name.clone(), at.clone())).collect();
        (
            next.name.to_owned(),
            json!({"operationId": next.name, "parameters": ids}),
        )
    };
    next.iter().map(link).collect()
}

fn query_parameters(operation: &Operation) -> Vec<&'static str> {
    const PAGES: [&str; 3] = ["page", "per_page", "cursor"];
    match *operation {
        op::LIST_VMS => [&["name", "label", "status", "region"][..], &PAGES].concat(),
        op::LIST_ACTIONS => [&["ids", "wait"][..], &PAGES].concat(),
        op::GET_VM | op::GET_ACTION | op::GET_VM_ACTION => vec!["wait"],
        _ if operation.method == Method::Get && is_list(operation) => PAGES.to_vec(),
        _ => Vec::new(),
    }
}

fn is_list(operation: &Operation) -> bool {
    operation.name.starts_with("list_")
}

fn request_schema(operation: &Operation) -> Option<&'static str> {
    Some(match *operation {
        op::CREATE_VM => "CreateVm",
        op::UPDATE_VM => "UpdateVm",
        op::CREATE_VM_ACTION => "VmAction",
        op::CREATE_KEY => "CreateKey",
        op::UPDATE_KEY => "UpdateKey",
        op::CREATE_NETWORK => "CreateNetwork",
        op::JOIN_NETWORK => "JoinNetwork",
        op::CREATE_DOMAIN => "CreateDomain",
        op::CREATE_RECORD | op::UPDATE_RECORD => "RecordSpec",
        _ => return None,
    })
}

fn answer_schema(operation: &Operation) -> Option<&'static str> {
    Some(match *operation {
        op::LIST_VMS => "VmList",
        op::CREATE_VM | op::GET_VM | op::UPDATE_VM => "VmAnswer",
        op::LIST_SNAPSHOTS | op::LIST_VM_SNAPSHOTS => "SnapshotList",
        op::LIST_VM_BACKUPS => "BackupList",
        op::GET_SNAPSHOT => "SnapshotAnswer",
        op::LIST_ACTIONS | op::LIST_VM_ACTIONS => "ActionList",
        op::CREATE_VM_ACTION | op::GET_ACTION | op::GET_VM_ACTION => "ActionAnswer",
        op::GET_ACCOUNT => "AccountAnswer",
        op::LIST_REGIONS => "RegionList",
        op::LIST_DISTROS => "DistroList",
        op::LIST_KEYS => "SshKeyList",
        op::CREATE_KEY | op::GET_KEY | op::UPDATE_KEY => "SshKeyAnswer",
        op::LIST_NETWORKS => "NetworkList",
        op::CREATE_NETWORK | op::GET_NETWORK | op::JOIN_NETWORK => "NetworkAnswer",
        op::LIST_DOMAINS => "DomainList",
        op::CREATE_DOMAIN | op::GET_DOMAIN => "DomainAnswer",
        op::LIST_RECORDS => "DomainRecordList",
        op::CREATE_RECORD | op::GET_RECORD | op::UPDATE_RECORD => "DomainRecordAnswer",
        _ => return None,
    })
}

fn events() -> Value {
    let (summary, description) = words::of(op::WATCH_EVENTS);
    json!({
        "operationId": "watch_events",
        "tags": ["events"],
        "summary": summary,
        "description": description,
        "parameters": [{"name": "Last-Event-ID", "in": "header", "required": false,
            "schema": {"type": "string"},
            "description": "The cursor to go on after. One that the journal doesn't have is answered by an event `reset`."}],
        "responses": {
            "200": {"description": "Events `vm`, `action` and `reset`.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}}},
            "401": responses::refusal("Unauthorized"),
            "429": responses::refusal("TooManyRequests"),
            "default": responses::refusal("Refused"),
        },
    })
}

fn parameters() -> Value {
    let query = |name: &str, schema: Value, description: &str| json!({"name": name, "in": "query", "required": false, "schema": schema, "description": description});
    let mut parameters = json!({
        "name": query("name", json!({"type": "string"}), "Only VMs of this name, whatever the case of its letters."),
        "label": query("label", json!({"type": "array", "items": {"type": "string", "pattern": "="}}), "Only VMs that have this label, `key=value`; may be repeated."),
        "status": query("status", names(VmStatus::KNOWN.iter().map(VmStatus::as_str)), "Only VMs of this status."),
        "region": query("region", json!({"type": "string"}), "Only VMs in this region."),
        "page": query("page", json!({"type": "integer", "minimum": 1, "maximum": u32::MAX}), "The page's number. Without this and `per_page` the whole list is answered."),
        "per_page": query("per_page", json!({"type": "integer", "minimum": 1, "maximum": 200}), "Items on a page; 50 if only `page` is given."),
        "cursor": query("cursor", json!({"type": "string", "pattern": "^[ab]-?[0-9]+-[A-Za-z0-9.-]+$"}), "Where the page begins or ends, as `links.pages` has it."),
        "ids": query("ids", json!({"type": "array", "maxItems": 100, "items": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}), "1 to 100 ids of actions, with commas between them: answered when any has ended."),
        "wait": query("wait", json!({"type": "integer", "minimum": 0, "maximum": 30}), "Seconds to wait until the VM unlocks or the action ends."),
        "IdempotencyKey": {"name": "Idempotency-Key", "in": "header", "required": false,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            "description": "Names the request: it is carried out once, and answered from a record for 24 hours."},
    });
    // Not repeated: `ids=one,other`.
    parameters["ids"]["explode"] = json!(false);
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere_and_every_operation_is_there() {
        let document: Value = serde_json::from_str(document()).unwrap();
        let mut found = 0;
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(object) => {
                    if let Some(Value::String(path)) = object.get("$ref") {
                        let pointer = path.strip_prefix('#').unwrap();
                        assert!(document.pointer(pointer).is_some(), "{path}");
                        found += 1;
                    }
                    open.extend(object.values());
                }
                Value::Array(items) => open.extend(items),
                _ => {}
            }
        }
        assert!(found > 100);
        for operation in OPERATIONS {
            let method = operation.method.as_str().to_lowercase();
            let described = &document["paths"][operation.path][method];
            assert_eq!(described["operationId"], operation.name);
            let has_body = matches!(operation.method, Method::Post | Method::Put);
            assert_eq!(
                described.get("requestBody").is_some(),
                has_body,
                "{}",
                operation.name
            );
            let (summary, description) = words::of(*operation);
            assert!(
                !summary.is_empty() && description.ends_with('.'),
                "{}",
                operation.name
            );
            let tag = described["tags"][0].as_str().unwrap();
            assert!(TAGS.iter().any(|(name, _)| *name == tag), "{tag}");
            let success = &described["responses"][operation.success.to_string()];
            assert_eq!(
                success.get("content").is_some(),
                operation.success != 204,
                "{}",
                operation.name
            );
        }
    }
}
