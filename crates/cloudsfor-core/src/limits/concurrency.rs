//! So many requests at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// So many requests at once, each until its answer has been taken (a stream of
/// events: until it is open). Those that wait get their turn in the order of their
/// coming. Clones share it.
#[derive(Debug, Clone)]
pub struct ConcurrencyLimit {
    slots: Arc<Semaphore>,
}

impl ConcurrencyLimit {
    /// At most `requests` at once, one at least.
    pub fn new(requests: usize) -> Self {
        let slots = requests.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            slots: Arc::new(Semaphore::new(slots)),
        }
    }

    /// Waits for a slot, if there is one within `at_most`. It is free again when
    /// the result is dropped.
    pub(crate) async fn slot(&self, at_most: Duration) -> Option<OwnedSemaphorePermit> {
        let slot = self.slots.clone().acquire_owned();
        timeout(at_most, slot).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn there_are_so_many_slots_and_no_more() {
        let limit = ConcurrencyLimit::new(2);
        let long = Duration::from_secs(1);
        let first = limit.slot(long).await.unwrap();
        let _second = limit.clone().slot(long).await.unwrap();
        assert!(limit.slot(long).await.is_none());
        drop(first);
        assert!(limit.slot(long).await.is_some());
        assert!(ConcurrencyLimit::new(0).slot(long).await.is_some());
        assert!(ConcurrencyLimit::new(usize::MAX).slot(long).await.is_some());
    }
}
