//! The description in OpenAPI 3.0, for the many generators that read no other.

use serde_json::{Map, Value, json};

/// The same in the older form.
pub(super) fn of(document: &Value) -> Value {
    let mut document = document.clone();
    document["openapi"] = json!("3.0.3");
    // 3.0 has no identifiers of licences.
    if let Some(license) = document["info"]["license"].as_object_mut() {
        license.remove("identifier");
    }
    rewrite(&mut document);
    document
}

fn rewrite(value: &mut Value) {
    match value {
        Value::Object(attributes) => {
            rewrite_schema(attributes);
            attributes.values_mut().for_each(rewrite);
        }
        Value::Array(items) => items.iter_mut().for_each(rewrite),
        _ => {}
    }
}

/// What JSON Schema says in another way since: several types, one allowed value, rules
/// for names.
fn rewrite_schema(schema: &mut Map<String, Value>) {
    let types = schema.get("type").and_then(Value::as_array).cloned();
    if let Some(kind) = types.and_then(|types| types.into_iter().find(|kind| kind != "null")) {
        schema.insert("type".into(), kind);
        schema.insert("nullable".into(), json!(true));
    }
    if schema.contains_key("type") {
        if let Some(only) = schema.remove("const") {
            schema.insert("enum".into(), json!([only]));
        }
        schema.remove("propertyNames");
    }
}

#[cfg(test)]
mod tests {
    use super::super::{document, document_3_0};
    use super::*;

    #[test]
    fn nothing_of_the_newer_form_is_left() {
        let older: Value = serde_json::from_str(document_3_0()).unwrap();
        let newer: Value = serde_json::from_str(document()).unwrap();
        let mut open = vec![&older];
        let mut nullable = 0;
        while let Some(value) = open.pop() {
            if let Value::Object(attributes) = value {
                assert!(
                    !attributes.get("type").is_some_and(Value::is_array),
                    "{value}"
                );
                assert!(
                    !attributes.get("const").is_some_and(Value::is_string),
                    "{value}"
                );
                nullable += usize::from(attributes.contains_key("nullable"));
                open.extend(attributes.values());
            } else if let Value::Array(items) = value {
                open.extend(items);
            }
        }
        assert!(nullable > 10);
        let operations = |document: &Value| document["paths"].as_object().map(Map::len);
        assert_eq!(operations(&older), operations(&newer));
    }

    /// By the models that generators for 3.0 read it with.
    #[test]
    fn it_is_read_as_3_0() {
        let read: openapiv3::OpenAPI = serde_json::from_str(document_3_0()).unwrap();
        assert_eq!(read.openapi, "3.0.3");
        assert!(read.operations().count() > 30);
        let components = read.components.unwrap();
        assert!(components.schemas.contains_key("CreateVm"));
        assert!(serde_json::from_str::<openapiv3::OpenAPI>(document()).is_err());
    }
}
