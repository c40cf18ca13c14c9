//! Limits around a policy.

use std::time::Duration;

use super::{Decision, FailedAttempt, RetryPolicy};

/// A policy with at most so many attempts: see
/// [`RetryPolicy::with_attempt_limit`].
#[derive(Debug, Clone)]
pub struct AttemptLimit<P> {
    inner: P,
    attempts: u32,
}

impl<P> AttemptLimit<P> {
    pub(super) fn new(inner: P, attempts: u32) -> Self {
        Self { inner, attempts }
    }
}

impl<P: RetryPolicy> RetryPolicy for AttemptLimit<P> {
    fn decide(&self, failed: &FailedAttempt<'_>) -> Decision {
        match self.inner.decide(failed) {
            Decision::Continue(_) if failed.attempts >= self.attempts => Decision::Exhausted,
            decision => decision,
        }
    }
}

/// A policy with no attempt after a time: see [`RetryPolicy::with_time_limit`].
#[derive(Debug, Clone)]
pub struct TimeLimit<P> {
    inner: P,
    time: Duration,
}

impl<P> TimeLimit<P> {
    pub(super) fn new(inner: P, time: Duration) -> Self {
        Self { inner, time }
    }
}

impl<P: RetryPolicy> RetryPolicy for TimeLimit<P> {
    fn decide(&self, failed: &FailedAttempt<'_>) -> Decision {
        match self.inner.decide(failed) {
            Decision::Continue(delay) if failed.elapsed.saturating_add(delay) > self.time => {
                Decision::Exhausted
            }
            decision => decision,
        }
    }
}

#[cfg(test)]
mod tests {
    use cloudsfor_types::operations::GET_VM;

    use super::*;
    use crate::error::{Error, ErrorKind};

    /// Decides the same always.
    #[derive(Debug)]
    struct Always(Decision);

    impl RetryPolicy for Always {
        fn decide(&self, _: &FailedAttempt<'_>) -> Decision {
            self.0
        }
    }

    fn after(policy: &dyn RetryPolicy, attempts: u32, seconds: u64) -> Decision {
        let error = Error::new(ErrorKind::Unexpected, "get_vm", "as told");
        policy.decide(&FailedAttempt {
            error: &error,
            operation: &GET_VM,
            attempts,
            elapsed: Duration::from_secs(seconds),
        })
    }

    #[test]
    fn enough_attempts_are_enough() {
        let again = Decision::Continue(Duration::from_secs(1));
        let policy = Always(again).with_attempt_limit(3);
        for (attempts, decision) in [
            (1, again),
            (2, again),
            (3, Decision::Exhausted),
            (4, Decision::Exhausted),
        ] {
            assert_eq!(after(&policy, attempts, 0), decision);
        }
    }

    #[test]
    fn a_delay_that_would_pass_the_limit_is_not_begun() {
        let again = Decision::Continue(Duration::from_secs(5));
        let policy = Always(again).with_time_limit(Duration::from_secs(60));
        for (seconds, decision) in [
            (0, again),
            (55, again),
            (56, Decision::Exhausted),
            (u64::MAX, Decision::Exhausted),
        ] {
            assert_eq!(after(&policy, 1, seconds), decision);
        }
    }

    #[test]
    fn what_is_permanent_stays_so() {
        let policy = Always(Decision::Permanent)
            .with_attempt_limit(1)
            .with_time_limit(Duration::ZERO);
        assert_eq!(after(&policy, 9, 9), Decision::Permanent);
    }
}
