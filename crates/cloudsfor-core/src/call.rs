//! What can be said of one call, whatever it does.

use std::fmt;
use std::time::Duration;

/// Options of one call. The default is right for most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallOptions {
    /// How long the call may take in all, with all attempts and the delays between
    /// them; the client's own default if `None`.
    pub timeout: Option<Duration>,
    /// The key under which a request that makes something is carried out once; a
    /// random one if `None`. No part of others.
    pub idempotency_key: Option<IdempotencyKey>,
}

impl CallOptions {
    /// Sets how long the call may take in all.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the key under which a request that makes something is carried out
    /// once. Choose and keep it beforehand, to take a create up again in another
    /// process by [`resume_create_vm`](crate::Vms::resume_create_vm).
    #[must_use]
    pub fn with_idempotency_key(mut self, key: IdempotencyKey) -> Self {
        self.idempotency_key = Some(key);
        self
    }
}

/// Names one request that makes something, over all its attempts: 1 to 255
/// visible ASCII characters. A server that honours keys carries the request out
/// once for each and answers repetitions from its record, for 24 hours.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// Why a text is no idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key is 1 to 255 visible ASCII characters, not {0:?}")]
pub struct InvalidKey(String);

impl IdempotencyKey {
    /// A key of 128 random bits.
    ///
    /// # Panics
    /// If the system has no source of randomness.
    pub fn random() -> Self {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).expect("the system has a source of randomness");
        Self(format!("{:032x}", u128::from_ne_bytes(bits)))
    }

    /// Checks that the text can be a key.
    ///
    /// # Errors
    /// [`InvalidKey`] if it is empty, too long, or has other characters.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidKey> {
        let text = text.into();
        if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text))
        } else {
            Err(InvalidKey(text.chars().take(255).collect()))
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_visible_ascii() {
        assert!(IdempotencyKey::new("a".repeat(255)).is_ok());
        for bad in ["", " ", "a b", "é", "a\n", &"a".repeat(256)] {
            assert!(IdempotencyKey::new(bad).is_err(), "{bad:?}");
        }
        assert_ne!(IdempotencyKey::random(), IdempotencyKey::random());
    }
}
