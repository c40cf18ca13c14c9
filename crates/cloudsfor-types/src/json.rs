//! A JSON value that keeps its numbers as they were written.
//!
//! [`serde_json::Value`] reads a number as `u64`, `i64` or `f64`: it rounds long
//! ones and refuses large ones. Attributes that this version doesn't know must
//! survive decoding and encoding unchanged (the contract), so [`Extra`] and the
//! command line's output hold this type. The feature `arbitrary_precision` of
//! `serde_json` would do the same, but it changes how every crate of a program
//! reads numbers.

use std::fmt;
use std::ops::Index;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// The deepest nesting that is read: the limit of `serde_json` itself.
const DEPTH_MAX: usize = 128;

/// A JSON value, digit by digit as it was sent.
///
/// ```
/// use cloudsfor_types::Json;
///
/// let value: Json = serde_json::from_str(r#"{"rack":7,"serial":123456789012345678901234567890}"#)?;
/// assert_eq!(value["rack"], 7);
/// assert_eq!(value["serial"].to_string(), "123456789012345678901234567890");
/// assert_eq!(value["missing"], Json::Null);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Json {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(JsonNumber),
    /// A text.
    String(String),
    /// A list of values.
    Array(Vec<Json>),
    /// Names with their values.
    Object(Extra),
}

/// A number of JSON, as its text. Two are equal if they are written alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonNumber(Box<str>);

/// The attributes of an object, in the order in which they were sent. Of a name that
/// occurs twice, the last value counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extra(Vec<(String, Json)>);

impl JsonNumber {
    /// The number as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, if it is a whole one from 0 to 2^64 - 1.
    pub fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// Whether common number types hold exactly what is written.
    fn is_plain(&self) -> bool {
        let text = self.as_str();
        let is_whole = |parsed: Result<String, _>| parsed.is_ok_and(|shown| shown == text);
        is_whole(text.parse::<u64>().map(|n| n.to_string()))
            || is_whole(text.parse::<i64>().map(|n| n.to_string()))
            || serde_json::from_str::<f64>(text)
                .and_then(|n| serde_json::to_string(&n))
                .is_ok_and(|shown| shown == text)
    }
}

impl fmt::Display for JsonNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Json {
    /// The value as it is serialized.
    ///
    /// # Errors
    /// The value's own, if it can't be written as JSON.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&serde_json::to_string(value)?)
    }

    /// The attribute of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is a whole one from 0 to 2^64 - 1.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The attributes, if it is an object.
    pub fn as_object(&self) -> Option<&Extra> {
        match self {
            Self::Object(attributes) => Some(attributes),
            _ => None,
        }
    }

    /// Whether every number in it fits the number types that other formats have
    /// (64-bit integers and `f64`) without a change to how it is written.
    pub fn has_plain_numbers(&self) -> bool {
        match self {
            Self::Number(number) => number.is_plain(),
            Self::Array(items) => items.iter().all(Self::has_plain_numbers),
            Self::Object(attributes) => attributes.iter().all(|(_, v)| v.has_plain_numbers()),
            Self::Null | Self::Bool(_) | Self::String(_) => true,
        }
    }

    fn read(text: &RawValue, depth: usize) -> Result<Self, serde_json::Error> {
        let text = text.get();
        if depth > DEPTH_MAX {
            return Err(serde_json::Error::custom("recursion limit exceeded"));
        }
        match text.as_bytes().first() {
            Some(b'{') => Ok(Self::Object(Extra::read(text, depth)?)),
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                let items = items.into_iter().map(|item| Self::read(item, depth + 1));
                Ok(Self::Array(items.collect::<Result<_, _>>()?))
            }
            Some(b'"') => serde_json::from_str(text).map(Self::String),
            Some(b'n') => Ok(Self::Null),
            Some(b't') => Ok(Self::Bool(true)),
            Some(b'f') => Ok(Self::Bool(false)),
            _ => Ok(Self::Number(JsonNumber(text.into()))),
        }
    }
}

impl Extra {
    /// No attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&Json> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value)
    }

    /// Sets an attribute, and returns the value that it had.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Json>) -> Option<Json> {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => Some(std::mem::replace(old, value)),
            None => {
                self.0.push((name, value));
                None
            }
        }
    }

    /// The attributes with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many attributes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn read(text: &str, depth: usize) -> Result<Self, serde_json::Error> {
        struct Attributes<'a>(Vec<(String, &'a RawValue)>);

        impl<'de: 'a, 'a> Deserialize<'de> for Attributes<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct AttributesVisitor;

                impl<'de> Visitor<'de> for AttributesVisitor {
                    type Value = Vec<(String, &'de RawValue)>;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut attributes = Vec::new();
                        while let Some(attribute) = map.next_entry()? {
                            attributes.push(attribute);
                        }
                        Ok(attributes)
                    }
                }

                deserializer.deserialize_map(AttributesVisitor).map(Self)
            }
        }

        let Attributes(raw) = serde_json::from_str(text)?;
        let mut last: std::collections::HashMap<String, usize> = Default::default();
        let mut attributes: Vec<(String, Json)> = Vec::with_capacity(raw.len());
        for (name, value) in raw {
            let value = Json::read(value, depth + 1)?;
            match last.get(&name) {
                Some(&at) => attributes[at].1 = value,
                None => {
                    last.insert(name.clone(), attributes.len());
                    attributes.push((name, value));
                }
            }
        }
        Ok(Self(attributes))
    }
}

impl<N: Into<String>, V: Into<Json>> FromIterator<(N, V)> for Extra {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(attributes: I) -> Self {
        let mut all = Self::new();
        for (name, value) in attributes {
            all.insert(name, value);
        }
        all
    }
}

const NULL: Json = Json::Null;

impl Index<&str> for Json {
    type Output = Self;

    /// The attribute of an object; `null` where there is none.
    fn index(&self, name: &str) -> &Self {
        self.get(name).unwrap_or(&NULL)
    }
}

impl Index<usize> for Json {
    type Output = Self;

    /// The item of a list; `null` where there is none.
    fn index(&self, at: usize) -> &Self {
        self.as_array()
            .and_then(|items| items.get(at))
            .unwrap_or(&NULL)
    }
}

impl Index<&str> for Extra {
    type Output = Json;

    /// The value of an attribute; `null` where there is none.
    fn index(&self, name: &str) -> &Json {
        self.get(name).unwrap_or(&NULL)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        Self::read(&text, 0).map_err(D::Error::custom)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(yes) => serializer.serialize_bool(*yes),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(attributes) => attributes.serialize(serializer),
        }
    }
}

impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Serialize for JsonNumber {
    /// A number that a common type holds goes out as that; every other one as its
    /// text, which serializers of JSON alone can write.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.as_str();
        if !self.is_plain() {
            let raw = RawValue::from_string(text.to_owned());
            return raw
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer);
        }
        match (
            text.parse::<u64>(),
            text.parse::<i64>(),
            text.parse::<f64>(),
        ) {
            (Ok(number), ..) => serializer.serialize_u64(number),
            (_, Ok(number), _) => serializer.serialize_i64(number),
            (.., Ok(number)) => serializer.serialize_f64(number),
            (.., Err(error)) => Err(serde::ser::Error::custom(error)),
        }
    }
}

impl fmt::Display for Json {
    /// Writes it as JSON on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Json {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Self {
        Self::Number(JsonNumber(number.to_string().into()))
    }
}

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Self {
        Self::Array(items)
    }
}

impl From<Extra> for Json {
    fn from(attributes: Extra) -> Self {
        Self::Object(attributes)
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(yes) => Self::Bool(yes),
            Value::Number(number) => Self::Number(JsonNumber(number.to_string().into())),
            Value::String(text) => Self::String(text),
            Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Value::Object(attributes) => Self::Object(attributes.into_iter().collect()),
        }
    }
}

impl PartialEq<str> for Json {
    fn eq(&self, text: &str) -> bool {
        self.as_str() == Some(text)
    }
}

impl PartialEq<&str> for Json {
    fn eq(&self, text: &&str) -> bool {
        self == *text
    }
}

impl PartialEq<u64> for Json {
    fn eq(&self, number: &u64) -> bool {
        self.as_u64() == Some(*number)
    }
}

impl PartialEq<i32> for Json {
    fn eq(&self, number: &i32) -> bool {
        u64::try_from(*number).is_ok_and(|number| *self == number)
    }
}

impl PartialEq<bool> for Json {
    fn eq(&self, yes: &bool) -> bool {
        *self == Self::Bool(*yes)
    }
}

impl PartialEq<serde_json::Value> for Json {
    fn eq(&self, other: &serde_json::Value) -> bool {
        use serde_json::Value;
        match (self, other) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(one), Value::Bool(other)) => one == other,
            (Self::Number(one), Value::Number(other)) => one.as_str() == other.to_string(),
            (Self::String(one), Value::String(other)) => one == other,
            (Self::Array(one), Value::Array(other)) => one == other,
            (Self::Object(one), Value::Object(other)) => {
                let is_there = |(name, value): (&str, &Self)| {
                    other.get(name).is_some_and(|other| value == other)
                };
                one.len() == other.len() && one.iter().all(is_there)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit() {
        for text in [
            "0",
            "-0",
            "7",
            "1.0",
            "1.10",
            "1e2",
            "1E+400",
            "-1e-999",
            "0.1000000000000000055511151231257827",
            "18446744073709551616",
            "123456789012345678901234567890",
            "9007199254740993",
        ] {
            let value: Json = serde_json::from_str(text).unwrap();
            assert_eq!(value.to_string(), text);
            let nested: Json = serde_json::from_str(&format!(r#"{{"a":[{text}]}}"#)).unwrap();
            assert_eq!(nested.to_string(), format!(r#"{{"a":[{text}]}}"#));
        }
    }

    #[test]
    fn a_value_is_read_as_serde_json_reads_it() {
        let text = r#" { "b" : [ null, true , "x\u00e9\n" ], "a": {"c": {}}, "b": 1 } "#;
        let value: Json = serde_json::from_str(text).unwrap();
        assert_eq!(value.to_string(), r#"{"b":1,"a":{"c":{}}}"#);
        let whole: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            serde_json::from_str::<Json>(&whole.to_string()).unwrap(),
            whole
        );
        for malformed in ["", "{", "01", "nul", "[1,]", "\"\u{1}\""] {
            assert!(
                serde_json::from_str::<Json>(malformed).is_err(),
                "{malformed}"
            );
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(serde_json::from_str::<Json>(&nested(100)).is_ok());
        assert!(serde_json::from_str::<Json>(&nested(100_000)).is_err());
    }
}
