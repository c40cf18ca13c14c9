//! The one comparison of values, for `--filter` and `--sort`.
//!
//! The type of a value is that of its attribute, never a guess from how it looks: a
//! label `1.10` is text, memory is a number. Sorting is a total order over all types,
//! so that a list with mixed values never makes a sort fail.

use std::cmp::Ordering;

use cloudsfor_types::{Json, names};

use super::cell::scalar;

/// A value with the type that decides how it is compared.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Comparable {
    /// The thing has no such attribute, or it is `null` or empty.
    #[default]
    Missing,
    Bool(bool),
    Number(Decimal),
    Time(jiff::Timestamp),
    /// The name of a host or a domain: without case, without a final dot.
    Host(String),
    Text(String),
    /// Holds what any of its items is.
    List(Vec<Comparable>),
}

impl Comparable {
    pub(crate) fn text(text: &str) -> Self {
        match text.is_empty() {
            true => Self::Missing,
            false => Self::Text(text.to_owned()),
        }
    }

    pub(crate) fn host(name: &str) -> Self {
        match name.is_empty() {
            true => Self::Missing,
            false => Self::Host(names::normal(name)),
        }
    }

    pub(crate) fn number(number: impl std::fmt::Display) -> Self {
        let text = number.to_string();
        Decimal::parse(&text).map_or_else(|| Self::text(&text), Self::Number)
    }

    /// A stamp that isn't RFC 3339 is text.
    pub(crate) fn time(text: &str) -> Self {
        let instant = text.parse();
        instant.map_or_else(|_| Self::text(text), Self::Time)
    }

    /// A value of the server's JSON, of an attribute that this version doesn't know.
    pub(crate) fn json(value: &Json) -> Self {
        match value {
            Json::Null => Self::Missing,
            Json::Bool(yes) => Self::Bool(*yes),
            Json::Number(number) => Self::number(number),
            Json::String(text) => Self::text(text),
            Json::Array(items) if items.is_empty() => Self::Missing,
            Json::Array(items) => Self::List(items.iter().map(Self::json).collect()),
            Json::Object(_) => Self::Text(scalar(value)),
        }
    }

    /// Whether it is what a user wrote, read as a value of the same type.
    pub(crate) fn is(&self, wanted: &str) -> bool {
        match self {
            Self::Missing => wanted.is_empty(),
            Self::Bool(yes) => wanted == if *yes { "true" } else { "false" },
            Self::Number(number) => Decimal::parse(wanted).is_some_and(|wanted| *number == wanted),
            Self::Time(time) => wanted
                .parse()
                .is_ok_and(|wanted: jiff::Timestamp| *time == wanted),
            Self::Host(_) => *self == Self::host(wanted),
            Self::Text(text) => text == wanted,
            Self::List(items) => items.iter().any(|item| item.is(wanted)),
        }
    }

    /// A total order: by type first, then by value; text without regard to case
    /// before with it.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(one), Self::Bool(other)) => one.cmp(other),
            (Self::Number(one), Self::Number(other)) => one.cmp(other),
            (Self::Time(one), Self::Time(other)) => one.cmp(other),
            (Self::Host(one), Self::Host(other)) => one.cmp(other),
            (Self::Text(one), Self::Text(other)) => {
                let folded = one.to_lowercase().cmp(&other.to_lowercase());
                folded.then_with(|| one.cmp(other))
            }
            (Self::List(one), Self::List(other)) => {
                let pairs = one.iter().zip(other);
                let mut orders = pairs.map(|(one, other)| one.order(other));
                let first = orders.find(|order| order.is_ne());
                first.unwrap_or_else(|| one.len().cmp(&other.len()))
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::Time(_) => 3,
            Self::Host(_) => 4,
            Self::Text(_) => 5,
            Self::List(_) => 6,
        }
    }
}

/// A decimal number of any length, compared by its value: `1.10` is `1.1`, `1e2` is
/// `100`. The value is `0.DIGITS * 10^exponent`; zero has no digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    is_negative: bool,
    exponent: i128,
    digits: String,
}

impl Decimal {
    /// Reads a number as JSON and people write it; `None` if the text is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (is_negative, unsigned) = match text.strip_prefix('-') {
            Some(unsigned) => (true, unsigned),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, whole(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_number = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        let zeros = digits.len() - significant.len();
        let point = whole.len() as i128 - zeros as i128;
        let digits = significant.trim_end_matches('0').to_owned();
        let is_zero = digits.is_empty();
        Some(Self {
            is_negative: is_negative && !is_zero,
            exponent: if is_zero {
                0
            } else {
                exponent.saturating_add(point)
            },
            digits,
        })
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let is_zero = |number: &Self| number.digits.is_empty();
        let nonzero = is_zero(other).cmp(&is_zero(self));
        // Digits without zeros at the end compare as text: 0.12 < 0.123 < 0.13.
        nonzero
            .then_with(|| self.exponent.cmp(&other.exponent))
            .then_with(|| self.digits.cmp(&other.digits))
    }
}

/// The exponent of a number; one that is too long for any type is the largest.
fn whole(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let largest = i128::from(i64::MAX);
    let exponent = digits.parse::<i128>().unwrap_or(largest).min(largest);
    Some(if text.starts_with('-') {
        -exponent
    } else {
        exponent
    })
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = Comparable> {
        let number = "-?[0-9]{1,25}([.][0-9]{1,9})?([eE][+-]?[0-9]{1,22})?";
        let leaf = prop_oneof![
            Just(Comparable::Missing),
            any::<bool>().prop_map(Comparable::Bool),
            number.prop_map(Comparable::number),
            "20[0-9]{2}-0[1-9]-1[0-9]T00:00:00Z".prop_map(|text| Comparable::time(&text)),
            "[a-zA-Z.-]{0,6}".prop_map(|text| Comparable::host(&text)),
            ".{0,4}".prop_map(|text| Comparable::text(&text)),
            number.prop_map(|text| Comparable::text(&text)),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop::collection::vec(inner, 0..3).prop_map(Comparable::List)
        })
    }

    proptest! {
        #[test]
        fn the_order_is_total(values in prop::collection::vec(any_value(), 0..24)) {
            let mut sorted = values.clone();
            sorted.sort_by(Comparable::order);
            for one in &values {
                for other in &values {
                    prop_assert_eq!(one.order(other), other.order(one).reverse());
                    for third in &values {
                        if one.order(other).is_le() && other.order(third).is_le() {
                            prop_assert!(one.order(third).is_le());
                        }
                    }
                }
            }
        }

        #[test]
        fn numbers_compare_as_floating_point_does_where_that_is_exact(one in -1000i32..1000, other in -1000i32..1000) {
            let (one, other) = (f64::from(one) / 8.0, f64::from(other) / 8.0);
            let decimal = |number: f64| Decimal::parse(&number.to_string()).unwrap();
            prop_assert_eq!(decimal(one).cmp(&decimal(other)), one.partial_cmp(&other).unwrap());
        }

        #[test]
        fn a_label_is_what_it_is_byte_by_byte(one in ".{1,8}", other in ".{1,8}") {
            prop_assert!(Comparable::text(&one).is(&one));
            prop_assert_eq!(Comparable::text(&one).is(&other), one == other);
        }
    }

    #[test]
    fn numbers_are_equal_by_value() {
        for (one, other) in [
            ("1.10", "1.1"),
            ("100", "1e2"),
            ("0.5", ".5"),
            ("-0", "0"),
            ("007", "7"),
            ("1e-2", "0.01"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890.0",
            ),
        ] {
            assert_eq!(Decimal::parse(one), Decimal::parse(other), "{one} {other}");
        }
        for text in [
            "", "-", ".", "1.", "x", "1e", "1e+", "NaN", "inf", "1_0", " 1", "0x1",
        ] {
            let is_number = Decimal::parse(text).is_some();
            assert_eq!(is_number, text == "1.", "{text:?}");
        }
        let order = [
            "-1e999999999999999999999",
            "-2",
            "-1.5",
            "0",
            "1e-7",
            "0.12",
            "0.123",
            "9",
            "10",
            "1e400",
        ];
        for pair in order.windows(2) {
            assert!(
                Decimal::parse(pair[0]) < Decimal::parse(pair[1]),
                "{pair:?}"
            );
        }
    }

    #[test]
    fn text_that_looks_like_a_number_stays_text() {
        for (label, wanted) in [
            ("1.1", "1.10"),
            ("99e9999", "12e4567"),
            ("7", "007"),
            ("x,y", "x"),
            ("Prod", "prod"),
        ] {
            assert!(!Comparable::text(label).is(wanted), "{label} {wanted}");
        }
        assert!(Comparable::host("A.Example.com").is("a.example.COM."));
        assert!(Comparable::number("9.5").is("9.50"));
        let list = Json::from(vec![Json::from("x,y"), Json::from(7_u64)]);
        assert!(Comparable::json(&list).is("x,y") && Comparable::json(&list).is("7.0"));
        assert!(!Comparable::json(&list).is("x"));
    }
}
