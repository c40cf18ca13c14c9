//! Text from the other side, made fit for a message or a terminal.

/// How much of an answer that was not understood is kept, in characters.
const EXCERPT: usize = 300;

/// The longest message of a server that is repeated, in characters.
const MESSAGE: usize = 1000;

/// The text in one line and without control characters, so that it can neither
/// move a terminal's cursor nor pose as another line.
pub(crate) fn printable(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    shorten(&words.replace(is_treacherous, "\u{fffd}"), MESSAGE)
}

/// The beginning of a body, whatever it is.
pub(crate) fn excerpt(body: &[u8]) -> String {
    // No character has more than four bytes.
    let start = &body[..body.len().min(EXCERPT * 4 + 4)];
    shorten(&printable(&String::from_utf8_lossy(start)), EXCERPT)
}

/// Whether a body is a web page: a proxy's error, or a login page.
pub(crate) fn is_html(content_type: Option<&str>, body: &[u8]) -> bool {
    let declared = content_type.is_some_and(|t| t.to_ascii_lowercase().contains("html"));
    let start = body.trim_ascii_start();
    let looks = ["<!doctype", "<html"].iter().any(|tag| {
        start
            .get(..tag.len())
            .is_some_and(|b| b.eq_ignore_ascii_case(tag.as_bytes()))
    });
    declared || looks
}

/// Control characters, and those that reorder the text around them.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn shorten(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_line_breaks_are_neutralised() {
        assert_eq!(
            printable("a\r\n  b\x1b[31m\u{9b}c\u{202e}\x07\0"),
            "a b\u{fffd}[31m\u{fffd}c\u{fffd}\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn an_excerpt_is_short_and_never_fails() {
        assert_eq!(excerpt(b"\xff\xfe ok"), "\u{fffd}\u{fffd} ok");
        assert_eq!(excerpt("é".repeat(301).as_bytes()).chars().count(), 301);
        assert_eq!(excerpt("é".repeat(300).as_bytes()), "é".repeat(300));
        assert_eq!(excerpt(b""), "");
    }

    #[test]
    fn a_web_page_is_recognised() {
        assert!(is_html(None, b"\n <!DOCTYPE html><p>"));
        assert!(is_html(None, b"<HTML>"));
        assert!(is_html(Some("Text/HTML; charset=utf-8"), b""));
        assert!(!is_html(Some("application/json"), b"{}"));
        assert!(!is_html(None, b"<"));
    }
}
