//! YAML, of the same objects as JSON.

use serde::Serialize;

use super::clean::acts_on_terminals;

/// The value as a document. A text that has what terminals act on is written in
/// quotes with escapes, which is the same text to whoever parses it.
pub(super) fn document(value: &impl Serialize) -> Result<String, String> {
    let document = serde_saphyr::to_string(value).map_err(|error| error.to_string())?;
    let acts = |c: char| c != '\n' && acts_on_terminals(c);
    if !document.contains(acts) {
        return Ok(document);
    }
    // JSON is YAML too, and there every text is in quotes.
    let mut json = Vec::new();
    super::json::write_pretty(&mut json, value).map_err(|error| error.to_string())?;
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
}
