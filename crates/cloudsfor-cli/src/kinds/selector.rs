//! How a user says which one is meant, of things that have an id and a name.

use std::fmt;
use std::str::FromStr;

/// An id, a name, or a text of which the noun knows which it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selector {
    /// `id:…`
    Id(String),
    /// `name:…`
    Name(String),
    /// Neither: an id if it has the form of one.
    Either(String),
}

impl FromStr for Selector {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (selector, rest) = if let Some(id) = text.strip_prefix("id:") {
            (Self::Id(id.to_owned()), id)
        } else if let Some(name) = text.strip_prefix("name:") {
            (Self::Name(name.to_owned()), name)
        } else {
            (Self::Either(text.to_owned()), text)
        };
        if rest.trim().is_empty() {
            return Err("must be an id or a name, and is empty");
        }
        if rest.contains(char::is_control) {
            return Err("must be an id or a name, which have no control characters");
        }
        Ok(selector)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Id(text) | Self::Name(text) | Self::Either(text)) = self;
        f.pad(text)
    }
}

impl Selector {
    /// What it says, if that is an id: said so, or of the form of one.
    pub(crate) fn id(&self, has_form: impl Fn(&str) -> bool) -> Option<&str> {
        match self {
            Self::Id(id) => Some(id),
            Self::Either(text) if has_form(text) => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_what_is_called_one_or_has_the_form_of_one() {
        let is_number = |text: &str| text.parse::<u64>().is_ok();
        let id = |text: &str| {
            let selector: Selector = text.parse().unwrap();
            selector.id(is_number).map(str::to_owned)
        };
        assert_eq!(id("id:x").as_deref(), Some("x"));
        assert_eq!(id("7").as_deref(), Some("7"));
        assert_eq!(id("name:7"), None);
        assert_eq!(id("my key"), None);
    }

    #[test]
    fn an_empty_argument_selects_nothing() {
        for text in ["", " ", "id:", "name:", "name: ", "a\u{1b}"] {
            assert!(text.parse::<Selector>().is_err(), "{text:?}");
        }
    }
}
