//! What is remembered of secrets: an HMAC under a key of this process.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::ids::random_bits;

/// The HMAC of some parts.
pub(crate) type Digest = [u8; 32];

/// Makes digests that nobody outside of this process can make.
pub(crate) struct Digests {
    keyed: Hmac<Sha256>,
}

impl Digests {
    /// Under a random key.
    pub(crate) fn new() -> Self {
        let key = random_bits().to_ne_bytes();
        Self {
            keyed: Hmac::new_from_slice(&key).expect("HMAC takes a key of any length"),
        }
    }

    /// That of these parts, in this order.
    pub(crate) fn of<const N: usize>(&self, parts: [&[u8]; N]) -> Digest {
        let mut mac = self.keyed.clone();
        for part in parts {
            // The length keeps "a" + "bc" apart from "ab" + "c".
            mac.update(&(part.len() as u64).to_ne_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_depends_on_each_part_and_on_the_key() {
        let digests = Digests::new();
        let known = digests.of([b"a", b"bc"]);
        assert_eq!(digests.of([b"a", b"bc"]), known);
        assert_ne!(digests.of([b"ab", b"c"]), known);
        assert_ne!(digests.of([b"bc", b"a"]), known);
        assert_ne!(Digests::new().of([b"a", b"bc"]), known);
    }
}
