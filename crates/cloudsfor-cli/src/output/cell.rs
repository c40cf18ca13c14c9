//! One value as text: how sizes, times and what is missing look everywhere.

use std::fmt::Write as _;
use std::time::Duration;

use cloudsfor_types::{Gigabytes, Json, Timestamp};

use super::clean::clean;
use super::compare::Comparable;

/// How points in time are written, and values with them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Times {
    /// As the server wrote them, without units or dashes: for programs, to be
    /// compared and sorted.
    Plain,
    /// As the server wrote them: for a table in a pipe.
    Exact,
    /// `3 d ago`: for a table that people read.
    Ago(jiff::Timestamp),
    /// Both: where there is room for it.
    Both(jiff::Timestamp),
}

/// The place where a value's text goes.
pub(crate) struct Cell<'a> {
    text: &'a mut String,
    times: Times,
    /// The value to compare, where that is wanted and not the text.
    compared: Option<&'a mut Comparable>,
}

impl<'a> Cell<'a> {
    pub(crate) fn new(text: &'a mut String, times: Times) -> Self {
        Self {
            text,
            times,
            compared: None,
        }
    }

    /// A cell that leaves its value in `compared`, with its type.
    pub(crate) fn comparing(text: &'a mut String, compared: &'a mut Comparable) -> Self {
        Self {
            text,
            times: Times::Plain,
            compared: Some(compared),
        }
    }

    /// Leaves the value, if it is wanted.
    fn leaves(&mut self, value: impl FnOnce() -> Comparable) -> bool {
        match &mut self.compared {
            Some(compared) => {
                **compared = value();
                true
            }
            None => false,
        }
    }

    fn is_plain(&self) -> bool {
        self.times == Times::Plain
    }

    pub(crate) fn missing(&mut self) {
        if !self.is_plain() {
            self.text.push('-');
        }
    }

    /// Text from elsewhere; empty text is shown as missing.
    pub(crate) fn text(&mut self, text: &str) {
        if self.leaves(|| Comparable::text(text)) {
        } else if text.is_empty() {
            self.missing();
        } else {
            self.text.push_str(&clean(text));
        }
    }

    /// The name of a host or a domain, which is the same in every case of letters.
    pub(crate) fn host(&mut self, name: &str) {
        if !self.leaves(|| Comparable::host(name)) {
            self.text(name);
        }
    }

    /// The name of a host or a domain, with the form in its own alphabet where it has one.
    pub(crate) fn host_in_both_forms(&mut self, name: &str, unicode: Option<&str>) {
        if !self.leaves(|| Comparable::host(name)) {
            self.described(Some(name), unicode);
        }
    }

    pub(crate) fn optional_text(&mut self, text: Option<&str>) {
        self.text(text.unwrap_or_default());
    }

    /// An identifier, with what it means where that is known.
    pub(crate) fn described(&mut self, text: Option<&str>, description: Option<&str>) {
        self.optional_text(text);
        if let (Some(_), Some(description), false) = (text, description, self.is_plain()) {
            self.push(format_args!(" ({})", clean(description)));
        }
    }

    pub(crate) fn number(&mut self, number: impl Into<Option<u64>>) {
        match number.into() {
            Some(number) if self.leaves(|| Comparable::number(number)) => {}
            Some(number) => self.push(format_args!("{number}")),
            None => self.missing(),
        }
    }

    pub(crate) fn gigabytes(&mut self, size: impl Into<Option<Gigabytes>>) {
        match size.into() {
            Some(size) if self.leaves(|| Comparable::number(size)) => {}
            Some(size) if self.is_plain() => self.push(format_args!("{size}")),
            Some(size) => self.push(format_args!("{size} GB")),
            None => self.missing(),
        }
    }

    pub(crate) fn whole_gigabytes(&mut self, size: impl Into<Option<u64>>) {
        match size.into() {
            Some(size) if self.leaves(|| Comparable::number(size)) => {}
            Some(size) if self.is_plain() => self.push(format_args!("{size}")),
            Some(size) => self.push(format_args!("{size} GB")),
            None => self.missing(),
        }
    }

    pub(crate) fn yes_or_no(&mut self, yes: bool) {
        if self.leaves(|| Comparable::Bool(yes)) {
            return;
        }
        self.text.push_str(match (self.is_plain(), yes) {
            (true, true) => "true",
            (true, false) => "false",
            (false, true) => "yes",
            (false, false) => "no",
        });
    }

    /// A list on one line; an empty one is shown as missing.
    pub(crate) fn list<T: AsRef<str>>(&mut self, items: impl IntoIterator<Item = T>) {
        if let Some(compared) = &mut self.compared {
            let items = items.into_iter();
            let items: Vec<_> = items.map(|item| Comparable::text(item.as_ref())).collect();
            if !items.is_empty() {
                **compared = Comparable::List(items);
            }
            return;
        }
        let start = self.text.len();
        for item in items {
            if self.text.len() > start {
                self.text.push_str(if self.is_plain() { "," } else { ", " });
            }
            self.text.push_str(&clean(item.as_ref()));
        }
        if self.text.len() == start {
            self.missing();
        }
    }

    pub(crate) fn time<'t>(&mut self, time: impl Into<Option<&'t Timestamp>>) {
        let Some(time) = time.into() else {
            return self.missing();
        };
        if self.leaves(|| Comparable::time(&time.to_string())) {
            return;
        }
        match (self.times, time.instant()) {
            (Times::Ago(now), Some(instant)) => self.text.push_str(&ago(instant, now)),
            (Times::Both(now), Some(instant)) => {
                self.push(format_args!("{time} ({})", ago(instant, now)));
            }
            // A stamp that isn't RFC 3339 is text from elsewhere.
            _ => self.text(&time.to_string()),
        }
    }

    /// A value of the server's JSON.
    pub(crate) fn json(&mut self, value: &Json) {
        if self.leaves(|| Comparable::json(value)) {
            return;
        }
        match value {
            Json::Null => self.missing(),
            Json::String(text) => self.text(text),
            Json::Bool(yes) => self.yes_or_no(*yes),
            Json::Number(number) => self.push(format_args!("{number}")),
            Json::Array(items) if items.iter().all(is_scalar) => {
                self.list(items.iter().map(scalar));
            }
            Json::Array(_) | Json::Object(_) => {
                self.text(&super::json::line(value).unwrap_or_default());
            }
        }
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = self.text.write_fmt(text);
    }
}

fn is_scalar(value: &Json) -> bool {
    !matches!(value, Json::Array(_) | Json::Object(_))
}

/// A value that has no parts, as text.
pub(crate) fn scalar(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// How long ago it was, in one unit. What a skewed clock puts into the future
/// was just now.
pub(crate) fn ago(then: jiff::Timestamp, now: jiff::Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(then.as_second()).max(0);
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        172_800..63_072_000 => format!("{} d ago", seconds / 86_400),
        _ => format!("{} y ago", seconds / 31_536_000),
    }
}

/// How long ago something was made, as far as that is known.
pub(crate) fn age(created_at: &Timestamp, now: jiff::Timestamp) -> String {
    match created_at.instant() {
        Some(instant) => ago(instant, now),
        None => created_at.to_string(),
    }
}

/// How long something took.
pub(crate) fn elapsed(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(times: Times, write: impl Fn(&mut Cell<'_>)) -> String {
        let mut text = String::new();
        write(&mut Cell::new(&mut text, times));
        text
    }

    #[test]
    fn ages_have_one_unit() {
        let now: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (then, shown) in [
            ("2026-01-01T00:00:05Z", "0 s ago"),
            ("2025-12-31T23:59:01Z", "59 s ago"),
            ("2025-12-31T23:59:00Z", "1 min ago"),
            ("2025-12-31T23:00:00Z", "1 h ago"),
            ("2025-12-30T00:00:01Z", "47 h ago"),
            ("2025-12-30T00:00:00Z", "2 d ago"),
            ("2024-01-03T00:00:00Z", "729 d ago"),
            ("2015-01-14T16:36:31Z", "10 y ago"),
        ] {
            assert_eq!(ago(then.parse().unwrap(), now), shown, "{then}");
        }
    }

    #[test]
    fn times_are_relative_exact_or_both() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let then = Timestamp::from("2025-12-31T23:00:00Z");
        assert_eq!(cell(Times::Ago(now), |c| c.time(&then)), "1 h ago");
        assert_eq!(
            cell(Times::Exact, |c| c.time(&then)),
            "2025-12-31T23:00:00Z"
        );
        assert_eq!(
            cell(Times::Both(now), |c| c.time(&then)),
            "2025-12-31T23:00:00Z (1 h ago)"
        );
        let strange = Timestamp::from("soon\u{1b}[2J");
        assert_eq!(
            cell(Times::Ago(now), |c| c.time(&strange)),
            "soon\\u{1b}[2J"
        );
    }

    #[test]
    fn what_is_missing_is_a_dash_and_nothing_is_rounded() {
        let exact = |write: fn(&mut Cell<'_>)| cell(Times::Exact, write);
        assert_eq!(exact(|c| c.text("")), "-");
        assert_eq!(exact(|c| c.list(Vec::<String>::new())), "-");
        assert_eq!(exact(|c| c.number(None)), "-");
        assert_eq!(exact(|c| c.time(None)), "-");
        assert_eq!(exact(|c| c.gigabytes(Gigabytes::new(0.25))), "0.25 GB");
        assert_eq!(exact(|c| c.list(["a\n", "b"])), "a\\n, b");
        let plain = |write: fn(&mut Cell<'_>)| cell(Times::Plain, write);
        assert_eq!(plain(|c| c.text("")), "");
        assert_eq!(plain(|c| c.gigabytes(Gigabytes::new(0.25))), "0.25");
        assert_eq!(plain(|c| c.yes_or_no(true)), "true");
        assert_eq!(plain(|c| c.list(["a", "b"])), "a,b");
        assert_eq!(plain(|c| c.described(Some("a"), Some("what a is"))), "a");
    }

    #[test]
    fn values_of_the_servers_json_are_text() {
        let shown = |value: Json| cell(Times::Exact, |c| c.json(&value));
        assert_eq!(shown(Json::Null), "-");
        assert_eq!(shown("a\u{1b}".into()), "a\\u{1b}");
        assert_eq!(shown(serde_json::json!(["a", 1]).into()), "a, 1");
        assert_eq!(shown(serde_json::json!({"a": [1]}).into()), r#"{"a":[1]}"#);
    }
}
