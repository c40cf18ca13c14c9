//! Whether the store takes changes: tried at most once a second, however many ask, as
//! each try costs a commit and anyone may ask.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::error::CloudResult;

/// How long what was found is right.
const PERIOD: Duration = Duration::from_secs(1);

/// When the store last took a change.
#[derive(Debug, Default)]
pub(super) struct Readiness(Mutex<Option<Instant>>);

impl Readiness {
    /// Tries, unless it went well lately. Those who ask meanwhile wait for the same try.
    pub(super) async fn check<F>(&self, attempt: impl FnOnce() -> F) -> CloudResult<()>
    where
        F: Future<Output = CloudResult<()>>,
    {
        let mut last = self.0.lock().await;
        if last.is_some_and(|last| last.elapsed() < PERIOD) {
            return Ok(());
        }
        attempt().await?;
        *last = Some(Instant::now());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::cloud::CloudError;

    #[tokio::test]
    async fn the_store_is_not_tried_for_each_who_asks() {
        let (readiness, tries) = (Readiness::default(), AtomicUsize::new(0));
        let attempt = |fails| {
            let tries = &tries;
            readiness.check(move || {
                tries.fetch_add(1, Ordering::Relaxed);
                std::future::ready(match fails {
                    true => Err(CloudError::Conflict("no".into())),
                    false => Ok(()),
                })
            })
        };
        assert!(attempt(true).await.is_err());
        for _ in 0..100 {
            attempt(false).await.unwrap();
        }
        assert_eq!(tries.load(Ordering::Relaxed), 2);
    }
}
