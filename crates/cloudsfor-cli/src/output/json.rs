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

/// The value on one line.
pub(crate) fn line(value: &impl Serialize) -> io::Result<String> {
    let mut line = Vec::new();
    let formatter = Harmless(serde_json::ser::CompactFormatter);
    value.serialize(&mut Serializer::with_formatter(&mut line, formatter))?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// JSON must escape only the controls below U+0020. This escapes all characters
/// that terminals act on, which is the same JSON to whoever parses it.
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
