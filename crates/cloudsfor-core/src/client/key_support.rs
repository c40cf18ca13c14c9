//! Whether the server honours idempotency keys, as far as it has said so.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderName};

/// By this header every answer of a server that honours keys says for how many
/// seconds it remembers them.
static RETENTION: HeaderName = HeaderName::from_static("idempotency-key-retention");

/// What the server has said so far. Once it has said that it honours keys, it is
/// believed to go on doing so.
#[derive(Debug, Default)]
pub(super) struct KeySupport {
    /// In seconds; 0 if the server said nothing of it.
    retention: AtomicU64,
}

impl KeySupport {
    /// Takes note of an answer. One that says nothing changes nothing: it may be
    /// a proxy's.
    pub(super) fn note(&self, headers: &HeaderMap) {
        let seconds = headers
            .get(&RETENTION)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok());
        if let Some(seconds) = seconds
            && seconds != self.retention.load(Ordering::Relaxed)
        {
            self.retention.store(seconds, Ordering::Relaxed);
        }
    }

    /// Whether the server still remembers a key that was first sent so long ago.
    pub(super) fn remembers(&self, age: Duration) -> bool {
        age.as_secs() < self.retention.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_said_last_counts() {
        let support = KeySupport::default();
        let said = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(&RETENTION, text.parse().unwrap());
            support.note(&headers);
            support.remembers(Duration::from_secs(59))
        };
        assert!(!support.remembers(Duration::ZERO));
        assert!(!said("long"));
        assert!(!said("59"));
        assert!(said("60"));
        support.note(&HeaderMap::new());
        assert!(support.remembers(Duration::ZERO));
        assert!(!said("0"));
    }
}
