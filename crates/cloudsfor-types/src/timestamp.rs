//! Points in time, as the API writes them.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time from an answer.
///
/// Any RFC 3339 offset and fraction is understood. A stamp that isn't (`+0300`,
/// or no zone) is kept as text and fails nothing; [`Timestamp::instant`] then
/// says `None`. Either way the text is written back exactly as it came.
///
/// The server writes UTC to the second: `2015-01-14T16:36:31Z`.
///
/// ```
/// use cloudsfor_types::Timestamp;
///
/// let moscow = Timestamp::from("2015-01-14T19:36:31.5+03:00");
/// assert_eq!(moscow.instant().unwrap().to_string(), "2015-01-14T16:36:31.5Z");
/// assert_eq!(moscow.to_string(), "2015-01-14T19:36:31.5+03:00");
/// assert_eq!(Timestamp::from("yesterday").instant(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Timestamp(Repr);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Repr {
    /// The common case costs no allocation: UTC to the second.
    Second(jiff::Timestamp),
    Text {
        text: Box<str>,
        instant: Option<jiff::Timestamp>,
    },
}

impl Timestamp {
    /// The point in time, if the text was one by RFC 3339.
    pub fn instant(&self) -> Option<jiff::Timestamp> {
        match &self.0 {
            Repr::Second(instant) => Some(*instant),
            Repr::Text { instant, .. } => *instant,
        }
    }
}

/// `2015-01-14T16:36:31Z`: what is written again exactly like this.
fn is_canonical(text: &[u8]) -> bool {
    // A leap second (`:60`) would be written as the second before it.
    text.len() == 20 && text[10] == b'T' && text[19] == b'Z' && text[17] != b'6'
}

/// Whether the text ends in a zone as RFC 3339 has it. jiff alone is more
/// generous: it takes `+0300`, which the contract keeps as text.
fn ends_in_rfc3339_zone(text: &[u8]) -> bool {
    match text {
        [.., b'Z' | b'z'] => true,
        [.., b'+' | b'-', h1, h2, b':', m1, m2] => {
            [h1, h2, m1, m2].into_iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

impl From<&str> for Timestamp {
    fn from(text: &str) -> Self {
        let bytes = text.as_bytes();
        let instant = ends_in_rfc3339_zone(bytes)
            .then(|| text.parse().ok())
            .flatten();
        match instant {
            Some(instant) if is_canonical(bytes) => Self(Repr::Second(instant)),
            _ => Self(Repr::Text {
                text: text.into(),
                instant,
            }),
        }
    }
}

impl From<jiff::Timestamp> for Timestamp {
    /// Drops the fraction of the second, as the API writes none.
    fn from(instant: jiff::Timestamp) -> Self {
        let second = jiff::Timestamp::from_second(instant.as_second());
        Self(Repr::Second(second.unwrap_or(instant)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Second(instant) => instant.fmt(f),
            Repr::Text { text, .. } => f.pad(text),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimestampVisitor;

        impl Visitor<'_> for TimestampVisitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an ISO 8601 timestamp")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
                Ok(Timestamp::from(text))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Timestamp, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Timestamp, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Timestamp, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_unit<E: Error>(self) -> Result<Timestamp, E> {
                self.visit_str("")
            }
        }

        deserializer.deserialize_any(TimestampVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rfc_3339_spelling_is_understood_and_kept() {
        for (text, utc) in [
            ("2015-01-14T16:36:31Z", "2015-01-14T16:36:31Z"),
            ("2015-01-14t16:36:31z", "2015-01-14T16:36:31Z"),
            ("2015-01-14T19:36:31+03:00", "2015-01-14T16:36:31Z"),
            (
                "2015-01-14T11:06:31.123456-05:30",
                "2015-01-14T16:36:31.123456Z",
            ),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ] {
            let stamp = Timestamp::from(text);
            assert_eq!(stamp.instant().unwrap().to_string(), utc, "{text}");
            assert_eq!(stamp.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_rfc_3339_is_kept_as_text() {
        for text in [
            "2015-01-14T16:36:31+0300",
            "2015-01-14T16:36:31",
            "2015-01-14",
            "",
            "soon",
            "9999-99-99T99:99:99Z",
        ] {
            let stamp = Timestamp::from(text);
            assert_eq!(stamp.instant(), None, "{text}");
            let json = serde_json::to_string(&stamp).unwrap();
            assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), stamp);
        }
    }

    #[test]
    fn what_is_not_even_text_fails_nothing() {
        for json in ["1421253391", "1.5", "-1", "null"] {
            assert_eq!(
                serde_json::from_str::<Timestamp>(json).unwrap().instant(),
                None,
                "{json}"
            );
        }
    }

    #[test]
    fn the_server_writes_seconds() {
        let instant: jiff::Timestamp = "2015-01-14T16:36:31.999Z".parse().unwrap();
        assert_eq!(Timestamp::from(instant).to_string(), "2015-01-14T16:36:31Z");
    }
}
