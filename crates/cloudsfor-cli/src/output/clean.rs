//! Text from elsewhere, made harmless to a terminal.
//!
//! A name or a message that a server sends may hold escape sequences, which
//! would let it move the cursor, change the title or forge what stands above.
//! All text that is shown passes through here; JSON has its own escapes for the
//! same characters.

use std::borrow::Cow;

/// Whether a terminal would act on the character instead of showing it:
/// controls (C0, DEL and C1), line separators, and changes of direction.
pub(crate) fn acts_on_terminals(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with every such character written out: `\n`, `\u{1b}`.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(acts_on_terminals) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts_on_terminals(c) {
            cleaned.extend(c.escape_default());
        } else {
            cleaned.push(c);
        }
    }
    Cow::Owned(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_shown_and_all_else_is_kept() {
        for (text, shown) in [
            ("example.com", "example.com"),
            ("пример \\ 'x' 名前", "пример \\ 'x' 名前"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
            ("\u{202e}moc", "\\u{202e}moc"),
        ] {
            assert_eq!(clean(text), shown);
        }
    }
}
