//! JSON, as the server's own objects.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::clean::acts_on_terminals;

/// Writes the value over several lines, with a line end after it.
pub(crate) fn write_pretty(mut out: impl Write, value: &impl Serialize) -> io::Result<()> {
    let formatter = Harmless(PrettyFormatter::new());
    value.serialize(&mut Serializer::with_formatter(&mut out, formatter))?;
    writeln!(out)
}

/// An array that is written item by item, over several lines.
pub(crate) struct Array {
    formatter: Harmless<PrettyFormatter<'static>>,
    is_empty: bool,
}

impl Default for Array {
    fn default() -> Self {
        Self {
            formatter: Harmless(PrettyFormatter::new()),
            is_empty: true,
        }
    }
}

impl Array {
    pub(crate) fn add(&mut self, mut out: impl Write, item: &impl Serialize) -> io::Result<()> {
        if self.is_empty {
            self.formatter.begin_array(&mut out)?;
        }
        self.formatter.begin_array_value(&mut out, self.is_empty)?;
        self.is_empty = false;
        let formatter = self.formatter.clone();
        item.serialize(&mut Serializer::with_formatter(&mut out, formatter))?;
        self.formatter.end_array_value(&mut out)
    }

    pub(crate) fn end(mut self, mut out: impl Write) -> io::Result<()> {
        if self.is_empty {
            self.formatter.begin_array(&mut out)?;
        }
        self.formatter.end_array(&mut out)?;
        writeln!(out)
    }
}

/// The value on one line.
pub(crate) fn line(value: &impl Serialize) -> io::Result<String> {
    let mut line = Vec::new();
    let formatter = Harmless(serde_json::ser::CompactFormatter);
    value.serialize(&mut Serializer::with_formatter(&mut line, formatter))?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// JSON must escape only the controls below U+0020. This escapes all characters
/// that terminals act on, which is the same JSON to whoever parses it.
#[derive(Clone)]
struct Harmless<F>(F);

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| acts_on_terminals(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            // All of them are in the plane that one `\u` reaches.
            write!(writer, "\\u{:04x}", u32::from(c))?;
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    /// A number that is written as it came.
    fn write_raw_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.0.write_raw_fragment(writer, fragment)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_array_is_written_as_if_at_once() {
        for values in [
            json!([]),
            json!([{"a": [1, {}]}]),
            json!([1, {"b": []}, "\u{9b}"]),
        ] {
            let (mut at_once, mut by_item) = (Vec::new(), Vec::new());
            write_pretty(&mut at_once, &values).unwrap();
            let mut array = Array::default();
            for value in values.as_array().unwrap() {
                array.add(&mut by_item, value).unwrap();
            }
            array.end(&mut by_item).unwrap();
            assert_eq!(String::from_utf8(by_item), String::from_utf8(at_once));
        }
    }

    #[test]
    fn what_terminals_act_on_is_escaped_and_parses_to_the_same() {
        let value = json!({"a\u{9b}": ["\u{1b}[31m\u{7f}\u{202e}x", "ü"], "b": {}, "c": []});
        let mut pretty = Vec::new();
        write_pretty(&mut pretty, &value).unwrap();
        for text in [String::from_utf8(pretty).unwrap(), line(&value).unwrap()] {
            assert!(
                !text.contains(|c| c != '\n' && acts_on_terminals(c)),
                "{text:?}"
            );
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
