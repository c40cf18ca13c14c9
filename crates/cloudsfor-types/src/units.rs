//! Sizes. A GB is 2^30 bytes here, of memory and of disk (the contract's
//! decision).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::lenient::Real;

/// A size in GB of 2^30 bytes. May be fractional: half a GB is `0.5`, and is
/// never rounded.
///
/// ```
/// use cloudsfor_types::Gigabytes;
///
/// let memory = Gigabytes::new(0.5).unwrap();
/// assert_eq!(memory.to_string(), "0.5");
/// assert_eq!(Gigabytes::from(2).to_string(), "2");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Gigabytes(f64);

impl Gigabytes {
    /// A size from a number of GB; `None` if it is infinite or not a number.
    pub fn new(gigabytes: f64) -> Option<Self> {
        gigabytes.is_finite().then_some(Self(gigabytes))
    }

    /// The number of GB.
    pub fn get(self) -> f64 {
        self.0
    }

    fn as_whole(self) -> Option<u64> {
        let whole = self.0 as u64;
        (whole as f64 == self.0).then_some(whole)
    }
}

impl From<u32> for Gigabytes {
    fn from(gigabytes: u32) -> Self {
        Self(f64::from(gigabytes))
    }
}

impl fmt::Display for Gigabytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Gigabytes {
    /// Whole sizes are written without a fraction, as documented (`1`, `0.5`).
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_whole() {
            Some(whole) => serializer.serialize_u64(whole),
            None => serializer.serialize_f64(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Gigabytes {
    /// Accepts a number or a numeric string.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Real::deserialize(deserializer).map(|real| Self(real.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_survive_and_whole_sizes_stay_whole() {
        for (json, encoded) in [
            ("1", "1"),
            ("1.0", "1"),
            ("0.5", "0.5"),
            ("\"0.25\"", "0.25"),
            ("\"16\"", "16"),
        ] {
            let size: Gigabytes = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&size).unwrap(), encoded);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for json in ["\"\"", "\"NaN\"", "\"inf\"", "null", "true", "[]"] {
            assert!(serde_json::from_str::<Gigabytes>(json).is_err(), "{json}");
        }
        assert_eq!(Gigabytes::new(f64::NAN), None);
    }
}
