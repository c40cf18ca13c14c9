//! The same for many: some at a time, with a result for each.
//!
//! ```
//! use cloudsfor_core::bulk::{Bulk, Outcome};
//! use cloudsfor_core::types::VmId;
//! use cloudsfor_core::{Api, CallOptions};
//!
//! /// Deletes VMs, and returns those that couldn't be deleted.
//! async fn delete_all(api: &dyn Api, ids: &[VmId]) -> Vec<VmId> {
//!     let outcomes = Bulk::default()
//!         .run(ids, |id| async move { api.delete_vm(id, &CallOptions::default()).await })
//!         .await;
//!     let pairs = ids.iter().zip(outcomes);
//!     pairs
//!         .filter(|(_, outcome)| !matches!(outcome, Outcome::Done(())))
//!         .map(|(id, _)| id.clone())
//!         .collect()
//! }
//! ```

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::error::{Error, Result};

/// How many are worked on at a time, and what an error does to the rest.
#[derive(Debug, Clone)]
pub struct Bulk {
    concurrency: usize,
    stop_on_error: bool,
}

/// What became of one item.
#[derive(Debug)]
pub enum Outcome<T> {
    /// It was done.
    Done(T),
    /// It failed.
    Failed(Error),
    /// It was not begun, because another failed.
    NotBegun,
}

impl Default for Bulk {
    fn default() -> Self {
        Self {
            concurrency: 8,
            stop_on_error: false,
        }
    }
}

impl Bulk {
    /// How many are worked on at a time, at least one. Default: 8.
    #[must_use]
    pub fn with_concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    /// Whether no more are begun after the first that fails. Those that were
    /// begun are finished: to drop them would leave in doubt what became of them.
    /// Default: no, the others go on.
    #[must_use]
    pub fn with_stop_on_error(mut self, stop: bool) -> Self {
        self.stop_on_error = stop;
        self
    }

    /// Works on all items, and returns what became of each, in their order.
    pub async fn run<I, T, W>(
        &self,
        items: impl IntoIterator<Item = I>,
        work: impl Fn(I) -> W,
    ) -> Vec<Outcome<T>>
    where
        W: Future<Output = Result<T>>,
    {
        let mut outcomes = Vec::new();
        let mut items = items.into_iter().enumerate();
        let mut running = FuturesUnordered::new();
        let mut stopped = false;
        loop {
            while !stopped && running.len() < self.concurrency {
                let Some((index, item)) = items.next() else {
                    break;
                };
                outcomes.push(Outcome::NotBegun);
                let work = work(item);
                running.push(async move { (index, work.await) });
            }
            let Some((index, result)) = running.next().await else {
                break;
            };
            stopped |= self.stop_on_error && result.is_err();
            outcomes[index] = match result {
                Ok(done) => Outcome::Done(done),
                Err(error) => Outcome::Failed(error),
            };
        }
        outcomes.extend(items.map(|_| Outcome::NotBegun));
        outcomes
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::error::ErrorKind;

    /// Works on each number for as many seconds; 2 fails.
    async fn run(bulk: &Bulk, numbers: &[u64]) -> (Vec<&'static str>, usize) {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let work = |number: &u64| {
            let number = *number;
            let (running, most) = (&running, &most);
            async move {
                running.set(running.get() + 1);
                most.set(most.get().max(running.get()));
                sleep(Duration::from_secs(number)).await;
                running.set(running.get() - 1);
                if number == 2 {
                    return Err(Error::new(ErrorKind::NotFound, "work", "as told"));
                }
                Ok(number)
            }
        };
        let outcomes = bulk.run(numbers, work).await;
        let words = outcomes
            .iter()
            .zip(numbers)
            .map(|(outcome, number)| match outcome {
                Outcome::Done(done) if done == number => "done",
                Outcome::Done(_) => "out of order",
                Outcome::Failed(_) => "failed",
                Outcome::NotBegun => "not begun",
            });
        (words.collect(), most.get())
    }

    #[tokio::test(start_paused = true)]
    async fn some_at_a_time_in_order() {
        let start = Instant::now();
        let bulk = Bulk::default().with_concurrency(2);
        let (words, most) = run(&bulk, &[5, 3, 1, 1]).await;
        assert_eq!((words, most), (vec!["done"; 4], 2));
        assert_eq!(start.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_stops_nothing_unless_told() {
        let bulk = Bulk::default().with_concurrency(2);
        let (words, _) = run(&bulk, &[2, 5, 1, 2]).await;
        assert_eq!(words, ["failed", "done", "done", "failed"]);

        let (words, _) = run(&bulk.with_stop_on_error(true), &[2, 5, 1, 2]).await;
        assert_eq!(words, ["failed", "done", "not begun", "not begun"]);
    }

    #[tokio::test]
    async fn none_is_none() {
        assert_eq!(run(&Bulk::default(), &[]).await, (vec![], 0));
        assert_eq!(run(&Bulk::default().with_concurrency(0), &[0]).await.1, 1);
    }
}
