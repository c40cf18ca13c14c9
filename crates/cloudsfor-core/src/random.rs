//! Chance, to spread what many clients would do at the same time.

/// A random fraction, from 0 to 1. Without a source of randomness it is 1, so
/// that what it spreads is merely not spread.
pub(crate) fn fraction() -> f64 {
    let random = getrandom::u32().unwrap_or(u32::MAX);
    f64::from(random) / f64::from(u32::MAX)
}
