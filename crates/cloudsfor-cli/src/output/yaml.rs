//! YAML, of the same objects as JSON.

use cloudsfor_types::Json;
use serde::Serialize;

use super::clean::acts_on_terminals;

/// The value as a document. Numbers that YAML's types don't hold digit by digit, and
/// text that terminals act on, are written as JSON does: JSON is YAML too.
pub(super) fn document(value: &impl Serialize) -> Result<String, String> {
    let value = Json::of(value).map_err(|error| error.to_string())?;
    if value.has_plain_numbers() {
        let document = serde_saphyr::to_string(&value).map_err(|error| error.to_string())?;
        if !document.contains(|c: char| c != '\n' && acts_on_terminals(c)) {
            return Ok(document);
        }
    }
    let mut json = Vec::new();
    super::json::write_pretty(&mut json, &value).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&json).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn yaml_is_the_same_value_and_harmless() {
        for value in [
            json!([{"name": "example.com", "memory": 0.5, "note": null, "yes": "no", "n": "1"}]),
            json!({"a": "\u{1b}[2J\u{9b}\u{202e}", "b": ["two\nlines", "- x: y"]}),
            json!([]),
            json!({"text": ["1.10", "1e3", "0x10", "true", "null", "~", "2015-01-14", "=", "<<", "y", "off", "0o7", ".5", ""]}),
        ] {
            let text = document(&value).unwrap();
            assert!(
                !text.contains(|c| c != '\n' && acts_on_terminals(c)),
                "{text:?}"
            );
            assert_eq!(
                serde_saphyr::from_str::<Value>(&text).unwrap(),
                value,
                "{text}"
            );
        }
    }

    #[test]
    fn numbers_stay_digit_by_digit() {
        for number in [
            "1.10",
            "1e2",
            "18446744073709551616",
            "-0",
            "1E400",
            "0.5",
            "7",
        ] {
            let value: Json = serde_json::from_str(&format!(r#"{{"n":[{number}]}}"#)).unwrap();
            let text = document(&value).unwrap();
            let holds = text.split_whitespace().any(|word| word == number);
            assert!(holds, "{number}: {text}");
        }
    }
}
