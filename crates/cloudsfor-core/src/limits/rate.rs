//! So many requests in a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// So many requests in a time: as many at once after a pause, then evenly spread.
/// Clones share it.
#[derive(Debug, Clone)]
pub struct RateLimit {
    /// The time for one request.
    interval: Duration,
    /// How far ahead of an even spread requests may be.
    ahead: Duration,
    /// When the next request would come if they were evenly spread.
    next: Arc<Mutex<Option<Instant>>>,
}

impl RateLimit {
    /// At most `requests` in `time`, one at least.
    pub fn new(requests: u32, time: Duration) -> Self {
        let interval = time / requests.max(1);
        Self {
            interval,
            ahead: time.saturating_sub(interval),
            next: Arc::default(),
        }
    }

    /// Waits for one's turn, if that comes within `at_most`; false if not.
    pub(crate) async fn turn(&self, at_most: Duration) -> bool {
        let Some(wait) = self.reserve(Instant::now(), at_most) else {
            return false;
        };
        if !wait.is_zero() {
            sleep(wait).await;
        }
        true
    }

    /// Takes the next turn, and says how long it is until then.
    fn reserve(&self, now: Instant, at_most: Duration) -> Option<Duration> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let even = next.map_or(now, |next| next.max(now));
        let wait = (even - now).saturating_sub(self.ahead);
        if !wait.is_zero() && wait >= at_most {
            return None;
        }
        *next = even.checked_add(self.interval);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_is_more_is_spread() {
        let limit = RateLimit::new(10, SECOND);
        let start = Instant::now();
        let mut at = Vec::new();
        for _ in 0..13 {
            assert!(limit.turn(Duration::MAX).await);
            at.push(start.elapsed().as_millis());
        }
        assert_eq!(at, [vec![0; 10], vec![100, 200, 300]].concat());
        sleep(10 * SECOND).await;
        // A pause saves no more than its ten.
        let start = Instant::now();
        for _ in 0..11 {
            limit.turn(Duration::MAX).await;
        }
        assert_eq!(start.elapsed().as_millis(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn who_would_wait_too_long_takes_nobodys_turn() {
        let limit = RateLimit::new(1, SECOND);
        let clone = limit.clone();
        assert!(limit.turn(Duration::ZERO).await);
        for _ in 0..5 {
            assert!(!clone.turn(SECOND / 2).await);
        }
        let start = Instant::now();
        assert!(clone.turn(2 * SECOND).await);
        assert_eq!(start.elapsed(), SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn no_settings_are_a_panic() {
        for (requests, time) in [(0, SECOND), (u32::MAX, Duration::ZERO), (1, Duration::MAX)] {
            let limit = RateLimit::new(requests, time);
            for _ in 0..2 {
                limit.turn(SECOND).await;
            }
        }
    }
}
