//! Decoders for answers whose documented shapes contradict each other.
//!
//! The published tables say that `vcpus` and `disk` are strings while the
//! examples show numbers, and the list example has a lone object where an array
//! belongs. The contract decides: accept all of these alike. Only answers are
//! read this way; requests are strict (see [`crate::request`]).

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::value::RawValue;

/// A whole number that may arrive as a number, an integral float or a numeric
/// string.
pub(crate) struct Whole(u64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WholeVisitor;

        impl Visitor<'_> for WholeVisitor {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, as a number or a string")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Whole, E> {
                Ok(Whole(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Whole, E> {
                u64::try_from(value)
                    .map(Whole)
                    .map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Whole, E> {
                // 2^53: beyond it a float no longer names one whole number.
                if value.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&value) {
                    Ok(Whole(value as u64))
                } else {
                    Err(E::invalid_value(Unexpected::Float(value), &self))
                }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Whole, E> {
                let trimmed = text.trim();
                if let Ok(value) = trimmed.parse() {
                    return Ok(Whole(value));
                }
                match trimmed.parse::<f64>() {
                    Ok(value) => self.visit_f64(value),
                    Err(_) => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(WholeVisitor)
    }
}

impl From<Whole> for u64 {
    fn from(whole: Whole) -> Self {
        whole.0
    }
}

/// A real number that may arrive as a number or a numeric string.
pub(crate) struct Real(f64);

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RealVisitor;

        impl Visitor<'_> for RealVisitor {
            type Value = Real;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, as a number or a string")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Real, E> {
                Ok(Real(value as f64))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Real, E> {
                Ok(Real(value as f64))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Real, E> {
                Ok(Real(value))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Real, E> {
                match text.trim().parse::<f64>() {
                    Ok(value) if value.is_finite() => Ok(Real(value)),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(RealVisitor)
    }
}

impl From<Real> for f64 {
    fn from(real: Real) -> Self {
        real.0
    }
}

/// Text that may arrive as a string or a number, which is kept digit by digit.
pub(crate) struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = String::from(Box::<str>::from(Box::<RawValue>::deserialize(
            deserializer,
        )?));
        match text.as_bytes().first() {
            // As it stands, in the memory that it came in: a list has thousands.
            Some(b'"') if !text.contains('\\') => {
                text.pop();
                text.remove(0);
                Ok(Self(text))
            }
            Some(b'"') => serde_json::from_str(&text)
                .map(Self)
                .map_err(D::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Self(text)),
            _ => Err(D::Error::invalid_type(
                Unexpected::Other(&text),
                &"a string or a number",
            )),
        }
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

/// An array, or a lone object that stands for an array of one.
pub(crate) struct OneOrMany<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of objects, or one object")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                // A hint comes from the other side: never trust it with memory.
                let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(1024));
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(OneOrMany(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let item = T::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(OneOrMany(vec![item]))
            }
        }

        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

impl<T> From<OneOrMany<T>> for Vec<T> {
    fn from(list: OneOrMany<T>) -> Self {
        list.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(json: &str) -> Option<u64> {
        serde_json::from_str::<Whole>(json).ok().map(u64::from)
    }

    #[test]
    fn a_whole_number_has_three_spellings() {
        for json in ["10", "10.0", "1e1", "\"10\"", "\" 10 \"", "\"10.0\""] {
            assert_eq!(whole(json), Some(10), "{json}");
        }
        for json in [
            "-1", "1.5", "\"1.5\"", "\"\"", "\"ten\"", "null", "1e300", "\"NaN\"",
        ] {
            assert_eq!(whole(json), None, "{json}");
        }
        assert_eq!(whole("18446744073709551615"), Some(u64::MAX));
    }

    #[test]
    fn a_lone_object_is_a_list_of_one() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Item {
            id: u32,
        }
        let list = |json| Vec::from(serde_json::from_str::<OneOrMany<Item>>(json).unwrap());
        assert_eq!(list(r#"{"id":1}"#), [Item { id: 1 }]);
        assert_eq!(list(r#"[{"id":1},{"id":2}]"#).len(), 2);
        assert_eq!(list("[]"), []);
        assert!(serde_json::from_str::<OneOrMany<Item>>("7").is_err());
    }

    #[test]
    fn text_may_be_a_number() {
        for (json, text) in [
            ("\"17\"", "17"),
            ("\"\"", ""),
            (r#""a\"\u00e9b""#, "a\"éb"),
            ("17", "17"),
            ("-1", "-1"),
            ("1.10", "1.10"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
        ] {
            assert_eq!(
                String::from(serde_json::from_str::<Text>(json).unwrap()),
                text
            );
        }
        for json in ["null", "true", "[]", "{}"] {
            assert!(serde_json::from_str::<Text>(json).is_err(), "{json}");
        }
    }
}
