//! Time limits that cost little, by timers that are used again.
//!
//! To set the timer that fires next, tokio wakes its driver, by a system call; for a
//! client that is otherwise idle that is every attempt's. To move a timer on that is
//! set already costs next to nothing. So an attempt leaves its timer behind, set,
//! for the next one.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// How many timers are kept: as many attempts at once find one.
const IDLE_MAX: usize = 64;

type Timer = Pin<Box<Sleep>>;

/// Timers that nobody waits for, each with the runtime that it is of.
#[derive(Default)]
pub(super) struct Timers {
    idle: Mutex<Vec<(Id, Timer)>>,
}

impl Timers {
    /// The future's output, if it comes within `limit`. It is pinned by the caller,
    /// since a future that is given away takes its room twice.
    pub(super) async fn within<F: Future>(
        &self,
        limit: Duration,
        mut future: Pin<&mut F>,
    ) -> Option<F::Output> {
        let deadline = Instant::now().checked_add(limit);
        let mut timer = None;
        let output = poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            let Some(deadline) = deadline else {
                return Poll::Pending;
            };
            let timer = timer.get_or_insert_with(|| self.take(deadline));
            // Whatever of tokio's budget the future has used up: time is up then.
            pin!(unconstrained(timer)).poll(cx).map(|()| None)
        })
        .await;
        if output.is_some()
            && let Some(timer) = timer
        {
            self.leave(timer);
        }
        output
    }

    fn take(&self, deadline: Instant) -> Timer {
        let here = Handle::current().id();
        let mut idle = self.idle();
        while let Some((runtime, mut timer)) = idle.pop() {
            // One of another runtime, which may be gone, is of no use.
            if runtime == here {
                timer.as_mut().reset(deadline);
                return timer;
            }
        }
        Box::pin(sleep_until(deadline))
    }

    fn leave(&self, timer: Timer) {
        let mut idle = self.idle();
        if idle.len() < IDLE_MAX {
            idle.push((Handle::current().id(), timer));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Id, Timer)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Whether what takes so long is done within the limit.
    async fn done(timers: &Timers, limit: Duration, time: Duration) -> bool {
        timers.within(limit, pin!(sleep(time))).await.is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_is_used_again_and_keeps_each_limit() {
        let timers = Timers::default();
        let start = Instant::now();
        assert!(done(&timers, 3 * SECOND, SECOND).await);
        assert_eq!(timers.idle().len(), 1);
        // Shorter than what it was set to, and longer.
        assert!(!done(&timers, SECOND, 2 * SECOND).await);
        assert_eq!((start.elapsed(), timers.idle().len()), (2 * SECOND, 0));
        assert!(done(&timers, SECOND, SECOND / 2).await);
        sleep(60 * SECOND).await;
        // It fired while nobody waited for it.
        assert!(done(&timers, 9 * SECOND, 8 * SECOND).await);
        assert_eq!(timers.idle().len(), 1);
        let start = Instant::now();
        assert!(!done(&timers, 9 * SECOND, 99 * SECOND).await);
        assert_eq!(start.elapsed(), 9 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_at_once_needs_none_and_no_limit_is_too_long() {
        let timers = Timers::default();
        assert_eq!(timers.within(SECOND, pin!(async { 7 })).await, Some(7));
        assert!(done(&timers, Duration::MAX, SECOND).await);
        assert!(timers.idle().is_empty());
    }

    #[test]
    fn a_timer_of_another_runtime_is_not_used() {
        let timers = Timers::default();
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            assert!(runtime.block_on(done(&timers, 2 * SECOND, SECOND)));
        }
    }
}
