//! Strict reading of request bodies.
//!
//! Answers are read leniently, requests are not: the contract names every fault
//! of a body at once, wrong types and unknown attributes included (a misspelt
//! `ssh_key` must not make a VM without a key), and refuses a key that occurs
//! twice.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use crate::error::FieldFault;
use crate::rules;

/// Why a body is no JSON object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// There is no body.
    #[error("the body is empty: send a JSON object")]
    Empty,
    /// It is no JSON, or a key occurs twice in it.
    #[error("the body is not valid JSON: {0}")]
    Malformed(String),
    /// It is JSON of another type.
    #[error("the body must be a JSON object, not {0}")]
    NotAnObject(&'static str),
}

/// Parses a request body as one JSON object.
///
/// # Errors
/// [`BodyError`] if it is empty, malformed, has a key twice, or is no object.
pub fn parse_object(body: &[u8]) -> Result<Map<String, Value>, BodyError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(BodyError::Empty);
    }
    match serde_json::from_slice::<Strict>(body) {
        Ok(Strict(Value::Object(object))) => Ok(object),
        Ok(Strict(other)) => Err(BodyError::NotAnObject(type_name(&other))),
        Err(error) => {
            with_huge_numbers(body).ok_or_else(|| BodyError::Malformed(error.to_string()))
        }
    }
}

/// The object in a body that is JSON but for attributes whose numbers are too
/// large for any (`1e400`). These become the largest number there is, which no
/// rule allows, so that the fault is named with its attribute.
fn with_huge_numbers(body: &[u8]) -> Option<Map<String, Value>> {
    let Unread(attributes) = serde_json::from_slice(body).ok()?;
    let read = |(name, text): (String, Box<RawValue>)| {
        let text = text.get();
        let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        match serde_json::from_str::<Strict>(text) {
            Ok(Strict(value)) => Some((name, value)),
            Err(_) if is_number => Some((name, Value::from(f64::MAX))),
            Err(_) => None,
        }
    };
    attributes.into_iter().map(read).collect()
}

/// The attributes of an object, their values as they were written.
struct Unread(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UnreadVisitor;

        impl<'de> Visitor<'de> for UnreadVisitor {
            type Value = Unread;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unread, A::Error> {
                let mut attributes: Vec<(String, Box<RawValue>)> = Vec::new();
                while let Some((name, value)) = map.next_entry()? {
                    if attributes.iter().any(|(other, _)| *other == name) {
                        return Err(A::Error::custom("a key occurs twice"));
                    }
                    attributes.push((name, value));
                }
                Ok(Unread(attributes))
            }
        }

        deserializer.deserialize_map(UnreadVisitor)
    }
}

/// A JSON value in which no object has a key twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StrictVisitor;

        impl<'de> Visitor<'de> for StrictVisitor {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_unit<E: Error>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
                Ok(Value::Number(value.into()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
                Ok(Value::Number(value.into()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
                Number::from_f64(value)
                    .map(Value::Number)
                    .ok_or_else(|| E::custom("number out of range"))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
                Ok(Value::String(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                let mut items = Vec::new();
                while let Some(Strict(item)) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Value::Array(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut object = Map::new();
                while let Some(key) = map.next_key::<String>()? {
                    if object.contains_key(&key) {
                        return Err(A::Error::custom(format_args!(
                            "the key {key:?} occurs twice"
                        )));
                    }
                    let Strict(value) = map.next_value()?;
                    object.insert(key, value);
                }
                Ok(Value::Object(object))
            }
        }

        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

/// Takes the attributes of a body one by one and remembers every fault.
pub(crate) struct Fields {
    rest: Map<String, Value>,
    faults: Vec<FieldFault>,
}

impl Fields {
    pub(crate) fn new(body: Map<String, Value>) -> Self {
        Self {
            rest: body,
            faults: Vec::new(),
        }
    }

    /// Reads an attribute that must be there. `None` means that a fault was
    /// noted.
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.optional(name, |value| read(value).map(Some)).flatten();
        let already_noted = self.faults.iter().any(|fault| fault.name == name);
        if value.is_none() && !already_noted {
            self.faults.push(FieldFault::new(name, "is required"));
        }
        value
    }

    /// Reads an attribute that may be absent; `null` means absent.
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.rest.remove(name).filter(|value| !value.is_null())?;
        self.check(name, read(&value))
    }

    /// Notes what is wrong with an attribute, if anything is.
    pub(crate) fn check<T>(&mut self, name: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.fault(name, message)).ok()
    }

    /// Notes a fault of an attribute.
    pub(crate) fn fault(&mut self, name: &str, message: impl Into<String>) {
        self.faults.push(FieldFault::new(name, message));
    }

    /// Every fault so far.
    pub(crate) fn faults(&self) -> &[FieldFault] {
        &self.faults
    }

    /// Every fault, and one for each attribute that was not asked for.
    pub(crate) fn finish(mut self) -> Vec<FieldFault> {
        let unknown = self
            .rest
            .keys()
            .map(|name| FieldFault::new(name, "is not an attribute of this request"));
        self.faults.extend(unknown);
        self.faults
    }
}

pub(crate) fn string(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| wrong_type(value, "a string"))
}

pub(crate) fn boolean(value: &Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| wrong_type(value, "true or false"))
}

/// "Requests take numbers as numbers": no numeric strings here.
pub(crate) fn number(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| wrong_type(value, "a number"))
}

pub(crate) fn array(value: &Value) -> Result<&[Value], String> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| wrong_type(value, "an array"))
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| wrong_type(value, "an object"))
}

/// The text, if it keeps the rule.
pub(crate) fn checked(
    text: &str,
    rule: impl Fn(&str) -> Result<(), String>,
) -> Result<String, String> {
    rule(text).map(|()| text.to_owned())
}

/// A name for people without blanks around it, if it keeps the rule.
pub(crate) fn title(
    value: &Value,
    rule: impl Fn(&str) -> Result<(), String>,
) -> Result<String, String> {
    checked(string(value)?.trim(), rule)
}

/// Labels: an object of strings.
pub(crate) fn labels(value: &Value) -> Result<BTreeMap<String, String>, String> {
    let label = |(key, value): (&String, &Value)| match value.as_str() {
        Some(text) => Ok((key.clone(), text.to_owned())),
        None => Err(format!(
            "{} for the key {key:?}",
            wrong_type(value, "an object of strings")
        )),
    };
    let labels = object(value)?.iter().map(label).collect::<Result<_, _>>()?;
    rules::labels(&labels)?;
    Ok(labels)
}

fn wrong_type(value: &Value, wanted: &str) -> String {
    format!("must be {wanted}, not {}", type_name(value))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_one_object_without_double_keys() {
        assert!(parse_object(b" {\"a\":{\"b\":[1,2.5,true,null,\"x\"]}} ").is_ok());
        assert_eq!(parse_object(b" \n"), Err(BodyError::Empty));
        assert_eq!(parse_object(b"[]"), Err(BodyError::NotAnObject("an array")));
        for malformed in [
            &b"{"[..],
            b"{} x",
            b"{,}",
            b"{\"a\":1,}",
            b"\xff",
            b"{\"a\":1,\"a\":1}",
            b"{\"a\":[{\"b\":1,\"b\":2}]}",
            b"nul",
            b"\xef\xbb\xbf{}",
        ] {
            assert!(
                matches!(parse_object(malformed), Err(BodyError::Malformed(_))),
                "{malformed:?}"
            );
        }
        let message = parse_object(b"{\"a\":1,\"a\":1}").unwrap_err().to_string();
        assert!(message.contains("\"a\" occurs twice"), "{message}");
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let deep = "[".repeat(100_000);
        assert!(matches!(
            parse_object(deep.as_bytes()),
            Err(BodyError::Malformed(_))
        ));
    }

    #[test]
    fn a_number_too_large_for_any_is_a_fault_of_its_attribute() {
        let object = parse_object(br#"{"a":1e400,"b":-1e999,"c":2}"#).unwrap();
        assert_eq!(
            (&object["a"], &object["b"]),
            (&f64::MAX.into(), &f64::MAX.into())
        );
        assert_eq!(object["c"], 2);
        for malformed in [
            &br#"{"a":1e400,"a":1}"#[..],
            br#"{"a":1e400"#,
            br#"{"a":1e400,"b":01}"#,
        ] {
            assert!(parse_object(malformed).is_err());
        }
    }

    #[test]
    fn every_fault_is_remembered() {
        let body = parse_object(br#"{"a":"1","b":null,"typo":1}"#).unwrap();
        let mut fields = Fields::new(body);
        assert_eq!(fields.required("a", number), None);
        assert_eq!(fields.required("b", number), None);
        assert_eq!(fields.optional("c", number), None);
        let faults = fields.finish();
        let shown: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "a: must be a number, not a string",
                "b: is required",
                "typo: is not an attribute of this request"
            ]
        );
    }
}
