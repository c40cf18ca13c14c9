//! Time, as something that is handed in: real in the service, moved by hand in
//! tests and when fixtures are recorded.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

/// What time it is, and how to wait for a later one.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;

    /// Returns when `instant` has come.
    async fn sleep_until(&self, instant: Timestamp);
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep_until(&self, instant: Timestamp) {
        // Wall clocks are set and stepped, so look again at least once a minute.
        while let Ok(left) = Duration::try_from(instant.duration_since(self.now()))
            && !left.is_zero()
        {
            tokio::time::sleep(left.min(Duration::from_secs(60))).await;
        }
    }
}

/// A clock that stands still until it is moved.
///
/// ```
/// use cloudsfor_server::clock::{Clock, ManualClock};
///
/// let clock = ManualClock::new("2015-01-14T16:36:31Z".parse().unwrap());
/// clock.advance(std::time::Duration::from_secs(5));
/// assert_eq!(clock.now().to_string(), "2015-01-14T16:36:36Z");
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<watch::Sender<Timestamp>>);

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(watch::Sender::new(start)))
    }

    /// Moves the clock on. Whoever slept until a time that has come wakes up.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now += by);
    }
}

/// A clock that tests can move on.
pub trait MovableClock: Clock {
    /// Moves the clock on. Whoever slept until a time that has come wakes up.
    fn advance(&self, by: Duration);
}

impl MovableClock for ManualClock {
    fn advance(&self, by: Duration) {
        Self::advance(self, by);
    }
}

/// The system's clock, moved on by as much as was asked for.
#[derive(Debug, Clone)]
pub struct ShiftedClock(Arc<watch::Sender<Duration>>);

impl Default for ShiftedClock {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Duration::ZERO)))
    }
}

impl MovableClock for ShiftedClock {
    fn advance(&self, by: Duration) {
        self.0.send_modify(|shift| *shift += by);
    }
}

#[async_trait]
impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + *self.0.borrow()
    }

    async fn sleep_until(&self, instant: Timestamp) {
        let mut shift = self.0.subscribe();
        loop {
            let by = *shift.borrow_and_update();
            tokio::select! {
                () = SystemClock.sleep_until(instant - by) => return,
                // The sender lives as long as `self`.
                _ = shift.changed() => {}
            }
        }
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    async fn sleep_until(&self, instant: Timestamp) {
        let mut now = self.0.subscribe();
        // The sender lives as long as `self`, so waiting can't fail.
        let _ = now.wait_for(|now| *now >= instant).await;
    }
}
