//! Texts of TXT records as zone files have them: with quotation marks.

use std::borrow::Cow;

/// A text with quotation marks around the whole of it has them taken off, and
/// several such strings are joined, as a zone file has them: `"a" "b"` is `ab`.
/// Any other text stays as it is.
pub(crate) fn unquoted(text: &str) -> Cow<'_, str> {
    match strings(text.trim()) {
        Some(joined) => joined.into(),
        None => text.into(),
    }
}

/// A text in the form that [`unquoted`] takes back to it.
pub(crate) fn quoted(text: &str) -> Cow<'_, str> {
    match strings(text.trim()) {
        Some(_) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")).into(),
        None => text.into(),
    }
}

/// The strings of a zone file, joined; `None` if the text isn't one or more of
/// these and nothing else.
fn strings(text: &str) -> Option<String> {
    let mut joined = String::new();
    let mut rest = text;
    loop {
        let mut chars = rest.strip_prefix('"')?.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => joined.push(escaped(&mut chars)?),
                other => joined.push(other),
            }
        }
        rest = chars.as_str();
        if rest.is_empty() {
            return Some(joined);
        }
        rest = rest.trim_start();
    }
}

/// The character after a backslash: three digits are its number (RFC 1035,
/// section 5.1).
fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let first = chars.next()?;
    if !first.is_ascii_digit() {
        return Some(first);
    }
    let digits: String = [Some(first), chars.next(), chars.next()]
        .into_iter()
        .collect::<Option<_>>()?;
    digits.parse::<u8>().ok().map(char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotation_marks_around_a_whole_text_are_taken_off() {
        for (text, kept) in [
            (r#""v=spf1 -all""#, "v=spf1 -all"),
            (r#""a" "b""#, "ab"),
            (r#" "a"  "b" "#, "ab"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            (r#""v=DKIM1\; p=x""#, "v=DKIM1; p=x"),
            (r#""\065""#, "A"),
            (r#"v=spf1 "quoted" -all"#, r#"v=spf1 "quoted" -all"#),
            (r#""a"b"#, r#""a"b"#),
            (r#""a" b"#, r#""a" b"#),
            (r#""a""b""#, "ab"),
            (r#"""#, r#"""#),
            (r#"a\"b"#, r#"a\"b"#),
            (" a ", " a "),
        ] {
            assert_eq!(unquoted(text), kept, "{text}");
            assert_eq!(unquoted(&quoted(text)), text, "{text}");
        }
    }
}
