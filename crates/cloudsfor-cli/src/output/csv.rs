//! CSV as RFC 4180 has it, but for line ends: those of Unix.

use std::io::{self, Write};

use super::Resource;
use super::compare::Decimal;
use super::field::{Field, Row};

/// Writes a line for each row, below one with the names of the fields.
pub(super) fn write<'a, T: Resource>(
    out: &mut dyn Write,
    fields: &[Field<T>],
    rows: impl IntoIterator<Item = Row<'a, T>>,
    with_headers: bool,
) -> io::Result<()> {
    if with_headers {
        write_line(out, fields.iter().map(Field::key))?;
    }
    rows.into_iter()
        .try_for_each(|row| write_line(out, fields.iter().map(|field| harmless(field.plain(&row)))))
}

/// The value as no spreadsheet computes it: text that begins as a formula does gets an
/// apostrophe before it, which spreadsheets take for "this is text".
fn harmless(value: String) -> String {
    let is_formula = value.starts_with(['=', '+', '-', '@', '\t', '\r'])
        && value.len() > 1
        && Decimal::parse(&value).is_none();
    match is_formula {
        true => format!("'{value}"),
        false => value,
    }
}

fn write_line(out: &mut dyn Write, values: impl Iterator<Item = String>) -> io::Result<()> {
    for (i, value) in values.enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        if value.contains([',', '"', '\n', '\r']) {
            write!(out, "\"{}\"", value.replace('"', "\"\""))?;
        } else {
            out.write_all(value.as_bytes())?;
        }
    }
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_commas_or_quotes_is_quoted() {
        let mut out = Vec::new();
        let values = ["a", "", "b,c", "say \"d\""].map(str::to_owned);
        write_line(&mut out, values.into_iter()).unwrap();
        assert_eq!(out, b"a,,\"b,c\",\"say \"\"d\"\"\"\n");
    }

    #[test]
    fn no_text_is_a_formula() {
        for (value, written) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+1 (555)", "'+1 (555)"),
            ("-a", "'-a"),
            ("\t=1", "'\t=1"),
            ("-1.5", "-1.5"),
            ("@", "@"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(harmless(value.to_owned()), written);
        }
    }
}
