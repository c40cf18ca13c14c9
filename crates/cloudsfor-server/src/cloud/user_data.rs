//! What cloud-init will make of user data, looked at before the VM is made: a VM whose
//! user data are ignored boots without a word, and unconfigured.

use std::fmt;

use cloudsfor_types::{FieldFault, UserData, Warning};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// How cloud-init knows what user data are: by their beginning, whatever its case and
/// the white space before it (cloud-init, `handlers/__init__.py`).
const KNOWN: [(&str, Kind); 10] = [
    ("#cloud-config-archive", Kind::Archive),
    ("#cloud-config-jsonp", Kind::Other),
    ("#cloud-config", Kind::Config),
    ("#cloud-boothook", Kind::Other),
    ("#include-once", Kind::Other),
    ("#include", Kind::Other),
    ("#part-handler", Kind::Other),
    ("#upstart-job", Kind::Other),
    ("#!", Kind::Other),
    ("## template: jinja", Kind::Other),
];

/// Where cloud-init looks for the header of a MIME message, in bytes.
const MIME_WITHIN: usize = 4096;

const GZIP: &[u8] = &[0x1f, 0x8b];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// YAML, a mapping.
    Config,
    /// YAML, a list.
    Archive,
    Other,
}

/// The SHA-256 that tells user data apart, in lower-case hex.
pub(super) fn sha256(data: &UserData) -> String {
    let digest = Sha256::digest(data.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is odd about user data that cloud-init will get.
pub fn warnings(data: Option<&UserData>) -> Vec<Warning> {
    let odd = data.and_then(|data| odd(data.as_bytes()));
    let warning = |message| Warning {
        field: "user_data".into(),
        message,
        extra: Default::default(),
    };
    odd.map(warning).into_iter().collect()
}

/// The same as faults of a request's body, if it is `strict`; the body may have others.
pub fn strict_faults(body: &Map<String, Value>) -> Vec<FieldFault> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let is_strict = body.get("strict").and_then(Value::as_bool) == Some(true);
    let data = text("user_data").filter(|_| is_strict);
    let data = data.and_then(|data| UserData::decoded(data, text("user_data_encoding")).ok());
    let warnings = warnings(data.as_ref()).into_iter();
    warnings
        .map(|warning| FieldFault::new(warning.field, warning.message))
        .collect()
}

fn odd(data: &[u8]) -> Option<String> {
    if data.is_empty() || data.starts_with(GZIP) {
        return None;
    }
    let head = data[..data.len().min(MIME_WITHIN)].to_ascii_lowercase();
    if head.windows(13).any(|window| window == b"mime-version:") {
        return None;
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return Some("is neither text nor gzip: cloud-init ignores it".into());
    };
    let start = text.trim_start().to_ascii_lowercase();
    let Some((_, kind)) = KNOWN.iter().find(|(known, _)| start.starts_with(known)) else {
        return Some(unknown(text));
    };
    let (wanted, told) = match kind {
        Kind::Other => return None,
        Kind::Config => (Shape::Mapping, "attributes with values"),
        Kind::Archive => (Shape::List, "a list of parts"),
    };
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
    };
    if let Some(line) = line_with_tab(text) {
        return Some(faulty(Some(line)));
    }
    match serde_saphyr::from_str_with_options::<Shape>(text, options) {
        // A file of comments alone is no fault.
        Ok(shape) if shape == wanted || shape == Shape::Nothing => None,
        Ok(_) => Some(format!("must have {told} in it: cloud-init ignores it")),
        Err(error) => Some(faulty(error.location().map(|at| at.line()))),
    }
}

fn faulty(line: Option<u64>) -> String {
    let place = line.map(|line| format!(" in line {line}"));
    format!(
        "begins as YAML for cloud-init and has a fault{}: cloud-init ignores it. \
         `cloud-init schema --config-file FILE` says more",
        place.unwrap_or_default()
    )
}

/// The first line that is indented by a tab: cloud-init's parser refuses it, ours takes
/// it.
fn line_with_tab(text: &str) -> Option<u64> {
    let is_it = |line: &str| line.starts_with('\t') && !line.trim().is_empty();
    (1..)
        .zip(text.lines())
        .find(|(_, line)| is_it(line))
        .map(|(number, _)| number)
}

/// What a document of YAML is, without its content.
#[derive(PartialEq)]
enum Shape {
    Nothing,
    Mapping,
    List,
    Scalar,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ShapeVisitor;

        impl<'de> Visitor<'de> for ShapeVisitor {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a document")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Shape::Mapping)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shape, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Shape::List)
            }

            fn visit_unit<E>(self) -> Result<Shape, E> {
                Ok(Shape::Nothing)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
                Ok(Shape::Scalar)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
                Ok(Shape::Scalar)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
                Ok(Shape::Scalar)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
                Ok(Shape::Scalar)
            }

            fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
                Ok(Shape::Scalar)
            }
        }

        deserializer.deserialize_any(ShapeVisitor)
    }
}

fn unknown(text: &str) -> String {
    let line = text.trim_start().lines().next().unwrap_or_default();
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let hint = match line {
        _ if line.len() >= 16 && line.chars().all(is_base64) => {
            "it looks like base64: say so with user_data_encoding \"base64\""
        }
        _ if line
            .to_ascii_lowercase()
            .replace(' ', "")
            .starts_with("#cloud-config") =>
        {
            "write #cloud-config without blanks"
        }
        _ => "begin it with #cloud-config for YAML, or with #! for a script",
    };
    format!("begins with no line that cloud-init knows, so cloud-init ignores it: {hint}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cloud_init_takes_has_no_warning() {
        for text in [
            "",
            "#cloud-config\n",
            "#cloud-config\n{}\n",
            "#cloud-config\npackages: [nginx]\n",
            "\n #Cloud-Config\na: 1\na: 2\n",
            "#!/bin/sh\necho",
            "#include\nhttps://example.com/a",
            "#cloud-config-archive\n- content: x\n",
            "## template: jinja\n#cloud-config\n{% if x %}",
            "#cloud-boothook\n",
            "MIME-Version: 1.0\nContent-Type: multipart/mixed\n",
            "Content-Type: multipart/mixed; boundary=x\nMIME-Version: 1.0\n",
            "#cloud-config\nwrite_files:\n- path: /a\n  content: |\n    x: {\n",
        ] {
            assert_eq!(warnings(Some(&text.into())), [], "{text:?}");
        }
        assert_eq!(warnings(Some(&vec![0x1f, 0x8b, 8, 0xff].into())), []);
        assert_eq!(warnings(None), []);
    }

    #[test]
    fn what_cloud_init_ignores_is_told_with_its_reason() {
        for (text, told) in [
            ("# cloud-config\na: 1\n", "without blanks"),
            ("I2Nsb3VkLWNvbmZpZwpwYWNrYWdlczogW25naW54XQo=", "base64"),
            ("packages: [nginx]\n", "#cloud-config for YAML"),
            ("#cloud-config\na: [1\nb: 2\n", "line "),
            ("#cloud-config\n\ta: 1\n", "line "),
            ("#cloud-config\n- a\n", "attributes"),
            ("#cloud-config-archive\na: 1\n", "list"),
        ] {
            let found = warnings(Some(&text.into()));
            assert_eq!(found.len(), 1, "{text:?}");
            assert!(
                found[0].message.contains(told),
                "{text:?}: {}",
                found[0].message
            );
        }
        let body = json!({"strict": true, "user_data": "# cloud-config"});
        assert_eq!(strict_faults(body.as_object().unwrap()).len(), 1);
        let body = json!({"strict": false, "user_data": "# cloud-config"});
        assert_eq!(strict_faults(body.as_object().unwrap()), []);
        let body = json!({"strict": true, "user_data": "H4sI/w==", "user_data_encoding": "base64"});
        assert_eq!(strict_faults(body.as_object().unwrap()), []);
    }
}
