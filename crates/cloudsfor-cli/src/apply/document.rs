//! A file of YAML, JSON or TOML as values with their places, so that every fault of a
//! file can be told with its line and its attribute.
//!
//! Scalars keep their text: a label `1.10` stays `1.10`, whatever the format takes it
//! for.

use std::fmt;

use cloudsfor_types::FieldFault;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;
use toml::de::{DeTable, DeValue};

/// A value at a place of the file.
#[derive(Debug, PartialEq)]
pub(super) struct Node {
    pub(super) line: u64,
    pub(super) value: Value,
}

#[derive(Debug, PartialEq)]
pub(super) enum Value {
    Nothing,
    Bool(bool, String),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<Attribute>),
}

#[derive(Debug, PartialEq)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) line: u64,
    pub(super) value: Node,
}

impl Value {
    /// What it is, for an error.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Nothing => "nothing".into(),
            Self::Bool(_, text) | Self::Number(text) => text.clone(),
            Self::Text(text) if text.chars().count() <= 40 => format!("{text:?}"),
            Self::Text(_) => "a long text".into(),
            Self::List(_) => "a list".into(),
            Self::Object(_) => "attributes with values".into(),
        }
    }
}

/// Reads a file.
///
/// # Errors
/// What is wrong with its form.
pub(super) fn read(text: &str, is_toml: bool) -> Result<Node, FieldFault> {
    match is_toml {
        true => read_toml(text),
        false => read_yaml(text),
    }
}

fn read_yaml(text: &str) -> Result<Node, FieldFault> {
    let options = serde_saphyr::options! {
        // They are told by the reader of attributes, with their places.
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::AsString,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Raw>(text, options) {
        Ok(raw) => Ok(raw.node(text)),
        Err(error) => Err(yaml_fault(text, &error)),
    }
}

fn yaml_fault(text: &str, error: &serde_saphyr::Error) -> FieldFault {
    let Some(at) = error.location() else {
        return FieldFault::new("the file", "is no YAML that can be read");
    };
    let place = format!("line {}, column {}", at.line(), at.column());
    if matches!(
        error.without_snippet(),
        serde_saphyr::Error::MultipleDocuments { .. }
    ) {
        let message = "begins a second document: a file has one fleet, so split it at `---`";
        return FieldFault::new(place, message);
    }
    let index = usize::try_from(at.line())
        .unwrap_or_default()
        .saturating_sub(1);
    let line = text.lines().nth(index).unwrap_or_default();
    let shown: String = line.chars().take(60).collect();
    let message = format!(
        "is no YAML from there on: {shown:?}. A wrong indentation, or a bracket or quotation \
         mark that isn't closed, is the usual cause"
    );
    FieldFault::new(place, message)
}

/// A value as the parser hands it on.
struct Raw(Spanned<RawValue>);

enum RawValue {
    Nothing,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Raw>),
    Object(Vec<(Spanned<String>, Raw)>),
}

impl Raw {
    fn node(self, source: &str) -> Node {
        let Self(spanned) = self;
        let line = spanned.referenced.line();
        // A scalar's own text, where an alias may have led to it.
        let span = spanned.defined.span();
        let start = span.byte_offset().and_then(|at| usize::try_from(at).ok());
        let length = span
            .byte_len()
            .and_then(|length| usize::try_from(length).ok());
        let written = start
            .zip(length)
            .and_then(|(start, length)| source.get(start..start + length));
        let written = written.map(|text| text.trim().to_owned());
        let value = match spanned.value {
            RawValue::Nothing => Value::Nothing,
            RawValue::Bool(yes) => Value::Bool(yes, written.unwrap_or_else(|| yes.to_string())),
            RawValue::Number(number) => Value::Number(written.unwrap_or(number)),
            RawValue::Text(text) => Value::Text(text),
            RawValue::List(items) => {
                Value::List(items.into_iter().map(|item| item.node(source)).collect())
            }
            RawValue::Object(attributes) => {
                let attributes = attributes.into_iter().map(|(name, value)| Attribute {
                    line: name.referenced.line(),
                    name: name.value,
                    value: value.node(source),
                });
                Value::Object(attributes.collect())
            }
        };
        Node { line, value }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;

        impl<'de> Visitor<'de> for RawVisitor {
            type Value = RawValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<RawValue, E> {
                Ok(RawValue::Nothing)
            }

            fn visit_bool<E>(self, yes: bool) -> Result<RawValue, E> {
                Ok(RawValue::Bool(yes))
            }

            fn visit_i64<E>(self, number: i64) -> Result<RawValue, E> {
                Ok(RawValue::Number(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<RawValue, E> {
                Ok(RawValue::Number(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<RawValue, E> {
                Ok(RawValue::Number(number.to_string()))
            }

            fn visit_str<E>(self, text: &str) -> Result<RawValue, E> {
                Ok(RawValue::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawValue, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(RawValue::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawValue, A::Error> {
                let mut attributes = Vec::new();
                while let Some(attribute) = map.next_entry()? {
                    attributes.push(attribute);
                }
                Ok(RawValue::Object(attributes))
            }
        }

        deserializer.deserialize_any(RawVisitor)
    }
}

fn read_toml(text: &str) -> Result<Node, FieldFault> {
    let line = |at: usize| 1 + text[..at.min(text.len())].matches('\n').count() as u64;
    let table = DeTable::parse(text).map_err(|error| {
        let place = error
            .span()
            .map(|span| format!("line {}", line(span.start)));
        let place = place.unwrap_or_else(|| "the file".into());
        let twice = error.message().contains("duplicate key");
        FieldFault::new(
            place,
            match twice {
                true => "has a key that is there already: write it once",
                false => {
                    "is no TOML from there on: a value without quotation marks, or a bracket that \
                     isn't closed, is the usual cause"
                }
            },
        )
    })?;
    Ok(Node {
        line: 1,
        value: toml_object(table.get_ref(), &line),
    })
}

fn toml_object(table: &DeTable<'_>, line: &impl Fn(usize) -> u64) -> Value {
    let attributes = table.iter().map(|(name, value)| Attribute {
        name: name.get_ref().to_string(),
        line: line(name.span().start),
        value: Node {
            line: line(value.span().start),
            value: toml_value(value.get_ref(), line),
        },
    });
    Value::Object(attributes.collect())
}

fn toml_value(value: &DeValue<'_>, line: &impl Fn(usize) -> u64) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Number(number.to_string()),
        DeValue::Float(number) => Value::Number(number.to_string()),
        DeValue::Boolean(yes) => Value::Bool(*yes, yes.to_string()),
        DeValue::Datetime(time) => Value::Text(time.to_string()),
        DeValue::Array(items) => {
            let items = items.iter().map(|item| Node {
                line: line(item.span().start),
                value: toml_value(item.get_ref(), line),
            });
            Value::List(items.collect())
        }
        DeValue::Table(table) => toml_object(table, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute<'n>(node: &'n Node, name: &str) -> &'n Node {
        match &node.value {
            Value::Object(attributes) => &attributes.iter().find(|a| a.name == name).unwrap().value,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_have_their_lines_and_their_text() {
        let yaml = "fleet: &f web\nsize: 1.10\non: yes\nvms:\n  - a: 007\n  - b: *f\n";
        let toml = "fleet = \"web\"\nsize = 1.10\non = true\n[[vms]]\na = 7\n";
        let read_yaml = read(yaml, false).unwrap();
        let read_toml = read(toml, true).unwrap();
        for read in [&read_yaml, &read_toml] {
            assert_eq!(attribute(read, "fleet").value, Value::Text("web".into()));
            let size = attribute(read, "size");
            assert_eq!((size.line, &size.value), (2, &Value::Number("1.10".into())));
        }
        let Value::List(vms) = &attribute(&read_yaml, "vms").value else {
            panic!()
        };
        let a = attribute(&vms[0], "a");
        assert_eq!((a.line, a.value.told().as_str()), (5, "007"));
        let b = attribute(&vms[1], "b");
        assert_eq!((b.line, &b.value), (6, &Value::Text("web".into())));
    }

    #[test]
    fn faults_of_form_have_their_line_and_no_librarys_words() {
        for (text, is_toml, place, told) in [
            ("a: 1\n---\nb: 2\n", false, "line 3", "second document"),
            ("a: 1\n b: 2\n", false, "line 2", "indentation"),
            ("a: [1\n", false, "line ", "bracket"),
            ("a: *x\n", false, "line 1", "no YAML"),
            ("a = 1\na = 2\n", true, "line 2", "already"),
            ("a = x\n", true, "line 1", "quotation"),
        ] {
            let fault = read(text, is_toml).unwrap_err();
            assert!(fault.name.starts_with(place), "{text:?}: {fault}");
            assert!(fault.message.contains(told), "{text:?}: {fault}");
            for word in ["Options", "from_str", "DuplicateKeyPolicy", "Option<"] {
                assert!(!fault.message.contains(word), "{fault}");
            }
        }
    }
}
