//! Identifiers, as types that can't be mixed up.
//!
//! The server's ids are 32 lower-case hex digits. The client accepts any id that
//! is one path segment of unreserved characters, so that an id read from a
//! server can't lead a request to another path (`..`, a slash, a query).

use std::fmt;

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no id: ids are 1 to 128 letters, digits, '-', '_', '.' or '~'")]
pub struct InvalidId {
    text: String,
}

fn check(text: &str) -> Result<(), InvalidId> {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() | matches!(b, b'-' | b'_' | b'.' | b'~');
    // Without an early end, so that the compiler looks at many bytes at once.
    let all_unreserved = |text: &str| text.bytes().fold(true, |all, b| all & unreserved(b));
    let fits = (1..=128).contains(&text.len()) && all_unreserved(text);
    if fits && text != "." && text != ".." {
        Ok(())
    } else {
        let text = text.chars().take(128).collect();
        Err(InvalidId { text })
    }
}

/// Whether a text has the form of the server's own ids: 32 lower-case hex
/// digits. (No VM may have such a name, in either case of letters, so that a
/// name and an id can't be confused.)
pub fn is_canonical(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

macro_rules! id {
    ($(#[$meta:meta])* $Name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $Name(String);

        impl $Name {
            /// Checks that the text can be an id: one path segment, not empty.
            ///
            /// # Errors
            /// [`InvalidId`] names the text and the rule.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $Name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($Name), "({})"), self.0)
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::new(text).map_err(serde::de::Error::custom)
            }
        }
    };
}

id! {
    /// A VM's id.
    VmId
}

id! {
    /// A snapshot's id. Backups are snapshots too.
    SnapshotId
}

id! {
    /// A private network's id.
    NetworkId
}

id! {
    /// The id of an action: one operation on one resource, from its request to
    /// its end.
    ActionId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_harmless_path_segment() {
        for good in ["9a33ef4fec394360a88e3c60b78b5dbc", "a", "A-b_c.d~e", "..."] {
            assert_eq!(VmId::new(good).unwrap().as_str(), good);
        }
        let long = "a".repeat(129);
        for bad in [
            "",
            " ",
            ".",
            "..",
            "a/b",
            "../account",
            "a?b",
            "a#b",
            "%2e",
            "a b",
            "é",
            "a\n",
            &long,
        ] {
            assert!(VmId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_error_shows_the_text_without_control_characters() {
        let message = VmId::new("\u{1b}[31m").unwrap_err().to_string();
        assert!(!message.contains('\u{1b}'), "{message}");
    }

    #[test]
    fn only_32_lower_case_hex_digits_are_canonical() {
        assert!(is_canonical("9a33ef4fec394360a88e3c60b78b5dbc"));
        for other in [
            "9A33EF4FEC394360A88E3C60B78B5DBC",
            "9a33",
            "example.com",
            "",
        ] {
            assert!(!is_canonical(other), "{other}");
        }
    }
}
