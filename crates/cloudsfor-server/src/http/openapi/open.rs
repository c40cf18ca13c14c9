//! The answers as everybody may rely on them: open where a later version may add a
//! value, and requiring only what the documents promise. So a client that was made from
//! the description goes on reading what comes.

use serde_json::{Value, json};

/// What the published documents show of every VM.
const OF_VM: &[&str] = &[
    "id",
    "name",
    "memory",
    "vcpus",
    "disk",
    "locked",
    "status",
    "created_at",
    "features",
    "backup_ids",
    "snapshot_ids",
];

/// What they show of every snapshot.
const OF_SNAPSHOT: &[&str] = &["id", "name", "created_at"];

pub(super) fn opened(name: &str, mut schema: Value) -> Value {
    let is_promised = |attribute: &str| match name {
        "Vm" => OF_VM.contains(&attribute),
        "Snapshot" => OF_SNAPSHOT.contains(&attribute),
        _ => attribute != "meta" && attribute != "links",
    };
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|attribute| attribute.as_str().is_some_and(is_promised));
    }
    open_values(&mut schema);
    schema
}

/// Lets every text that has known values have others too.
fn open_values(schema: &mut Value) {
    if schema["enum"].is_array() {
        let known = schema.take();
        *schema = json!({"anyOf": [known, {"type": "string"}]});
        return;
    }
    match schema {
        Value::Object(attributes) => attributes.values_mut().for_each(open_values),
        Value::Array(items) => items.iter_mut().for_each(open_values),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_no_limit_and_only_promises_are_required() {
        let strict = json!({"type": "object", "required": ["id", "plan", "status"], "properties": {
            "id": {"type": "string"},
            "plan": {"type": "string", "enum": ["a"]},
            "status": {"type": "array", "items": {"type": "string", "enum": ["new"]}},
        }});
        let open = opened("Vm", strict);
        assert_eq!(open["required"], json!(["id", "status"]));
        let any = json!({"type": "string"});
        assert_eq!(open["properties"]["plan"]["anyOf"][1], any);
        assert_eq!(open["properties"]["status"]["items"]["anyOf"][1], any);
    }
}
