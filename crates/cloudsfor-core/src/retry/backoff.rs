//! The policy at the core: what may pass is tried again, after delays that grow.

use std::time::Duration;

use super::{Decision, FailedAttempt, RetryPolicy};
use crate::error::ErrorKind;
use crate::random;

/// Tries again what may pass ([`Error::is_retryable`](crate::Error::is_retryable)),
/// without an end of its own: put limits around it.
///
/// The delay is a random part (from none to all) of what doubles with each
/// attempt, so that clients that failed together don't come back together. A
/// `Retry-After` is a floor to it.
#[derive(Debug, Clone)]
pub struct Backoff {
    first_delay: Duration,
    first_delay_when_limited: Duration,
    longest_delay: Duration,
    fraction: fn() -> f64,
}

impl Backoff {
    /// The most that the first delay is. Default: 100 milliseconds.
    #[must_use]
    pub fn with_first_delay(mut self, delay: Duration) -> Self {
        self.first_delay = delay;
        self
    }

    /// The most that the first delay is after a 429, too many requests. Default:
    /// 1 second.
    #[must_use]
    pub fn with_first_delay_when_limited(mut self, delay: Duration) -> Self {
        self.first_delay_when_limited = delay;
        self
    }

    /// The most that any delay is, but for a longer `Retry-After`. Default: 20
    /// seconds.
    #[must_use]
    pub fn with_longest_delay(mut self, delay: Duration) -> Self {
        self.longest_delay = delay;
        self
    }

    /// Takes `fraction` for chance.
    #[cfg(test)]
    pub(crate) fn with_fraction(mut self, fraction: fn() -> f64) -> Self {
        self.fraction = fraction;
        self
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first_delay: Duration::from_millis(100),
            first_delay_when_limited: Duration::from_secs(1),
            longest_delay: Duration::from_secs(20),
            fraction: random::fraction,
        }
    }
}

impl RetryPolicy for Backoff {
    fn decide(&self, failed: &FailedAttempt<'_>) -> Decision {
        if !failed.error.is_retryable() {
            return Decision::Permanent;
        }
        let first = match failed.error.kind() {
            ErrorKind::RateLimited { .. } => self.first_delay_when_limited,
            _ => self.first_delay,
        };
        let doublings = failed.attempts.saturating_sub(1).min(31);
        let longest = first.saturating_mul(1 << doublings).min(self.longest_delay);
        let part = longest.as_secs_f64() * (self.fraction)();
        let delay = Duration::try_from_secs_f64(part).unwrap_or(longest);
        let floor = failed.error.retry_after().unwrap_or_default();
        Decision::Continue(delay.max(floor))
    }
}

#[cfg(test)]
mod tests {
    use cloudsfor_types::operations::GET_VM;

    use super::*;
    use crate::error::{Error, TransportErrorKind};

    fn decide(policy: &Backoff, kind: ErrorKind, attempts: u32) -> Decision {
        policy.decide(&FailedAttempt {
            error: &Error::new(kind, "get_vm", "as told"),
            operation: &GET_VM,
            attempts,
            elapsed: Duration::ZERO,
        })
    }

    fn millis(millis: u64) -> Decision {
        Decision::Continue(Duration::from_millis(millis))
    }

    #[test]
    fn the_delay_doubles_up_to_the_longest() {
        let policy = Backoff::default().with_fraction(|| 1.0);
        for (attempts, delay) in [(1, 100), (2, 200), (3, 400), (8, 12_800), (9, 20_000)] {
            let kind = ErrorKind::Transport(TransportErrorKind::Connect);
            assert_eq!(decide(&policy, kind, attempts), millis(delay));
        }
        for (attempts, delay) in [(1, 1000), (2, 2000), (6, 20_000), (u32::MAX, 20_000)] {
            let kind = ErrorKind::RateLimited { retry_after: None };
            assert_eq!(decide(&policy, kind, attempts), millis(delay));
        }
    }

    #[test]
    fn a_delay_without_bounds_is_no_panic() {
        let policy = Backoff::default()
            .with_first_delay(Duration::MAX)
            .with_longest_delay(Duration::MAX)
            .with_fraction(|| 1.0);
        let kind = ErrorKind::Server { retry_after: None };
        let again = Decision::Continue(Duration::MAX);
        assert_eq!(decide(&policy, kind, 9), again);
    }

    #[test]
    fn the_delay_is_any_part_of_it() {
        let none = Backoff::default().with_fraction(|| 0.0);
        let half = Backoff::default().with_fraction(|| 0.5);
        let kind = || ErrorKind::Server { retry_after: None };
        assert_eq!(decide(&none, kind(), 5), millis(0));
        assert_eq!(decide(&half, kind(), 2), millis(100));
        for _ in 0..100 {
            let Decision::Continue(delay) = decide(&Backoff::default(), kind(), 1) else {
                panic!("it may pass");
            };
            assert!(delay <= Duration::from_millis(100));
        }
    }

    #[test]
    fn retry_after_is_a_floor() {
        let asked = |seconds| ErrorKind::Server {
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let policy = Backoff::default().with_fraction(|| 1.0);
        assert_eq!(decide(&policy, asked(30), 1), millis(30_000));
        assert_eq!(decide(&policy, asked(0), 1), millis(100));
    }

    #[test]
    fn what_does_not_pass_is_permanent() {
        let policy = Backoff::default();
        for kind in [
            ErrorKind::NotFound,
            ErrorKind::Unauthorized,
            ErrorKind::Quota,
            ErrorKind::Deadline,
            ErrorKind::Transport(TransportErrorKind::Tls),
        ] {
            assert_eq!(decide(&policy, kind, 1), Decision::Permanent);
        }
    }
}
