//! How a person says which VM is meant.

use std::fmt;
use std::str::FromStr;

use crate::id::{VmId, is_canonical};

/// One VM, by id or by name.
///
/// No VM can have a name of 32 hex digits, so a text of that form is an id and
/// any other is a name; `id:` and `name:` say it explicitly. Nothing is guessed
/// and nothing is tried twice. A selector is never empty: in another cloud's
/// library an empty one deleted the first server.
///
/// ```
/// use cloudsfor_types::VmSelector;
///
/// let by_name: VmSelector = "example.com".parse().unwrap();
/// assert_eq!(by_name, VmSelector::Name("example.com".into()));
/// assert!(matches!("9a33ef4fec394360a88e3c60b78b5dbc".parse(), Ok(VmSelector::Id(_))));
/// assert!("".parse::<VmSelector>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum VmSelector {
    /// The VM with this id.
    Id(VmId),
    /// The VM with this name, whatever the case of its letters.
    Name(String),
}

/// Why a text selects nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is neither a VM's id nor a VM's name: {reason}")]
pub struct InvalidSelector {
    text: String,
    reason: String,
}

impl FromStr for VmSelector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, InvalidSelector> {
        let invalid = |reason: String| InvalidSelector {
            text: text.chars().take(300).collect(),
            reason,
        };
        let by_id = |id: &str| {
            VmId::new(id)
                .map(Self::Id)
                .map_err(|error| invalid(error.to_string()))
        };
        let by_name = |name: &str| {
            nameable(name).map_err(|rule| invalid(format!("a name {rule}")))?;
            Ok(Self::Name(name.to_owned()))
        };
        if let Some(id) = text.strip_prefix("id:") {
            by_id(id)
        } else if let Some(name) = text.strip_prefix("name:") {
            by_name(name)
        } else if is_canonical(text) {
            by_id(text)
        } else {
            by_name(text)
        }
    }
}

/// What may be somebody's name for a VM: more than the names that the service
/// gives today, but nothing that is blank, acts on a terminal, or is a path.
fn nameable(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > 255 {
        Err("is 1 to 255 bytes long")
    } else if name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
        Err("has no spaces, control characters or slashes")
    } else if name.starts_with('-') || name == "." || name == ".." {
        Err("doesn't begin with a hyphen, and is neither \".\" nor \"..\"")
    } else {
        Ok(())
    }
}

impl fmt::Display for VmSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => f.pad(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_and_a_name_are_never_confused() {
        let id = "9a33ef4fec394360a88e3c60b78b5dbc";
        assert_eq!(id.parse(), Ok(VmSelector::Id(VmId::new(id).unwrap())));
        assert_eq!("id:7".parse(), Ok(VmSelector::Id(VmId::new("7").unwrap())));
        assert_eq!("7".parse(), Ok(VmSelector::Name("7".into())));
        assert_eq!("name:Web-1".parse(), Ok(VmSelector::Name("Web-1".into())));
        // Names that another cloud may have.
        assert_eq!("web_1".parse(), Ok(VmSelector::Name("web_1".into())));
    }

    #[test]
    fn what_selects_nothing_is_refused() {
        for text in [
            "",
            " ",
            "id:",
            "name:",
            "..",
            "a/b",
            "id:../x",
            "a b",
            "-",
            "\u{1b}[2J",
        ] {
            let message = text.parse::<VmSelector>().unwrap_err().to_string();
            assert!(!message.contains(char::is_control), "{message:?}");
        }
    }
}
