//! New identifiers: unpredictable in the service, reproducible in tests.

use jiff::Timestamp;
use parking_lot::Mutex;

/// Makes ids of 32 lower-case hex digits that don't repeat.
///
/// An id begins with the millisecond in which it was made (as UUID version 7
/// does), so that the order of a list, creation time and then id, is the order
/// in which things were made.
#[derive(Debug)]
pub struct Ids(Source);

#[derive(Debug)]
enum Source {
    System,
    Seeded(Mutex<u64>),
}

impl Ids {
    /// Ids of 80 bits of the system's randomness.
    pub fn random() -> Self {
        Self(Source::System)
    }

    /// The same ids at each run: for tests and fixtures only.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Mutex::new(seed)))
    }

    /// Another source, with ids of its own, which cost next to nothing but may be
    /// guessed. As reproducible as this one.
    pub(crate) fn fork(&self) -> Self {
        match &self.0 {
            Source::System => Self::seeded(random_bits() as u64),
            Source::Seeded(state) => {
                let state = state.lock();
                Self::seeded(!*state)
            }
        }
    }

    /// A new id.
    pub fn next(&self, now: Timestamp) -> String {
        let millisecond = now.as_millisecond() as u128 & 0xffff_ffff_ffff;
        format!("{:032x}", millisecond << 80 | self.bits() & ((1 << 80) - 1))
    }

    fn bits(&self) -> u128 {
        match &self.0 {
            Source::System => random_bits(),
            Source::Seeded(state) => {
                let mut state = state.lock();
                u128::from(split_mix(&mut state)) << 64 | u128::from(split_mix(&mut state))
            }
        }
    }
}

/// 128 bits of the system's randomness.
///
/// # Panics
/// If the system has no source of randomness: nothing here is safe without.
pub(crate) fn random_bits() -> u128 {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).expect("the system has a source of randomness");
    u128::from_ne_bytes(bits)
}

/// SplitMix64: a full period from any seed.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_canonical_ordered_and_reproducible() {
        let early = Timestamp::from_second(1_421_253_391).unwrap();
        let late = Timestamp::from_second(1_421_253_392).unwrap();
        for ids in [Ids::random(), Ids::seeded(7)] {
            let (a, b) = (ids.next(early), ids.next(late));
            assert!(cloudsfor_types::id::is_canonical(&a), "{a}");
            assert!(a < b);
            assert_ne!(ids.next(late), ids.next(late));
        }
        assert_eq!(Ids::seeded(7).next(early), Ids::seeded(7).next(early));
    }
}
