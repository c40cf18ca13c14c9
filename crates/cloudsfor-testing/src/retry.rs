//! The SDK's own retries, without the waiting.

use std::time::Duration;

use cloudsfor_core::retry::{Backoff, Decision, FailedAttempt, RetryPolicy};

/// Tries again what may pass, at once: a test has no time to lose, not even for
/// a `Retry-After`.
#[derive(Debug, Default)]
pub(crate) struct AtOnce(Backoff);

impl RetryPolicy for AtOnce {
    fn decide(&self, failed: &FailedAttempt<'_>) -> Decision {
        match self.0.decide(failed) {
            Decision::Continue(_) => Decision::Continue(Duration::ZERO),
            stop => stop,
        }
    }
}
