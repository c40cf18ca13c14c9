//! The loop: attempts until one succeeds, or until there is a reason to stop.

use std::sync::Arc;
use std::time::Duration;

use cloudsfor_types::operations::{Operation, Safety};
use tokio::time::{Instant, sleep};

use super::{Backoff, Decision, FailedAttempt, RetryPolicy};
use crate::budget::RetryBudget;
use crate::deadline::Deadline;
use crate::error::{Error, Result};

/// A policy and the budget that its retries are paid from.
#[derive(Debug, Clone)]
pub(crate) struct Retry {
    pub(crate) policy: Arc<dyn RetryPolicy>,
    pub(crate) budget: Arc<RetryBudget>,
}

impl Default for Retry {
    fn default() -> Self {
        let policy = Backoff::default()
            .with_attempt_limit(4)
            .with_time_limit(Duration::from_secs(60));
        Self {
            policy: Arc::new(policy),
            budget: Arc::default(),
        }
    }
}

/// Why there are no more attempts.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// With an error that says all.
    Failed(Error),
    /// It may have been carried out, and another attempt might do it twice.
    InDoubt(Error),
}

impl Retry {
    /// Makes attempts (they are given their number, from 1) at an operation.
    ///
    /// `keys_are_honoured` is asked only about an operation that needs a key,
    /// once it is in doubt whether it was carried out, with the time since the
    /// first attempt. An error tells of that doubt though it arose in an earlier
    /// attempt.
    pub(crate) async fn run<T, A, K>(
        &self,
        operation: &Operation,
        deadline: Deadline,
        attempt: impl Fn(u32) -> A,
        keys_are_honoured: impl Fn(Duration) -> K,
    ) -> std::result::Result<T, Stopped>
    where
        A: Future<Output = Result<T>>,
        K: Future<Output = bool>,
    {
        let start = Instant::now();
        let mut attempts = 0;
        let mut in_doubt = false;
        loop {
            attempts += 1;
            let error = match attempt(attempts).await {
                Ok(success) => {
                    self.budget.pay_back();
                    return Ok(success);
                }
                Err(error) => error,
            };
            in_doubt |= error.may_have_been_applied();
            let error = error.with_may_have_been_applied(in_doubt);
            let needs_key = operation.safety == Safety::NeedsKey;
            if needs_key && in_doubt && !keys_are_honoured(start.elapsed()).await {
                return Err(Stopped::InDoubt(error));
            }
            let decision = self.policy.decide(&FailedAttempt {
                error: &error,
                operation,
                attempts,
                elapsed: start.elapsed(),
            });
            let Decision::Continue(delay) = decision else {
                return Err(Stopped::Failed(error));
            };
            if delay >= deadline.remaining() || !self.budget.pay_for_retry(&error) {
                return Err(Stopped::Failed(error));
            }
            sleep(delay).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use cloudsfor_types::operations::{CREATE_VM, DELETE_VM, GET_VM};

    use super::*;
    use crate::error::{ErrorKind, TransportErrorKind};

    /// Every attempt fails after a second, in doubt or not.
    fn failure(in_doubt: bool) -> Error {
        let kind = ErrorKind::Transport(TransportErrorKind::Cut);
        Error::new(kind, "op", "as told").with_may_have_been_applied(in_doubt)
    }

    fn retry(tokens: u32) -> Retry {
        let policy = Backoff::default()
            .with_fraction(|| 1.0)
            .with_attempt_limit(4)
            .with_time_limit(Duration::from_secs(60));
        Retry {
            policy: Arc::new(policy),
            budget: Arc::new(RetryBudget::new(tokens)),
        }
    }

    /// Runs attempts that fail as told one by one, and then succeed. Returns the
    /// result and how many there were.
    async fn run(
        retry: &Retry,
        operation: &Operation,
        limit: Duration,
        keys: bool,
        failures: impl IntoIterator<Item = Error>,
    ) -> (std::result::Result<(), Stopped>, u32) {
        let failures = RefCell::new(failures.into_iter());
        let attempts = Cell::new(0);
        let attempt = |number| {
            attempts.set(number);
            let failure = failures.borrow_mut().next();
            async { failure.map_or(Ok(()), Err) }
        };
        let deadline = Deadline::after(limit);
        let result = retry
            .run(operation, deadline, attempt, |_| async move { keys })
            .await;
        (result, attempts.get())
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_tried_up_to_four_times() {
        let start = Instant::now();
        let retry = retry(500);
        let (result, attempts) = run(&retry, &GET_VM, MINUTE, false, [failure(false)]).await;
        assert!(result.is_ok());
        assert_eq!((attempts, start.elapsed().as_millis()), (2, 100));
        assert_eq!(retry.budget.tokens(), 496);

        let failures = std::iter::repeat_with(|| failure(false));
        let (result, attempts) = run(&retry, &GET_VM, MINUTE, false, failures).await;
        assert!(matches!(result, Err(Stopped::Failed(_))));
        assert_eq!((attempts, start.elapsed().as_millis()), (4, 800));
    }

    #[tokio::test(start_paused = true)]
    async fn a_delay_that_would_pass_the_deadline_fails_at_once() {
        let start = Instant::now();
        let kind = ErrorKind::Server {
            retry_after: Some(Duration::from_secs(10)),
        };
        let later = Error::new(kind, "get_vm", "as told");
        let ten = Duration::from_secs(10);
        let (result, attempts) = run(&retry(500), &GET_VM, ten, false, [later]).await;
        assert!(matches!(result, Err(Stopped::Failed(_))));
        assert_eq!((attempts, start.elapsed().as_millis()), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn without_budget_the_first_error_is_the_last() {
        let (result, attempts) = run(&retry(4), &GET_VM, MINUTE, false, [failure(false)]).await;
        assert!(matches!(result, Err(Stopped::Failed(_))));
        assert_eq!(attempts, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_does_no_harm_is_repeated_in_doubt() {
        for (operation, keys, in_doubt, attempts) in [
            (&GET_VM, false, true, 2),
            (&DELETE_VM, false, true, 2),
            (&CREATE_VM, false, false, 2),
            (&CREATE_VM, true, true, 2),
            (&CREATE_VM, false, true, 1),
        ] {
            let (result, made) =
                run(&retry(500), operation, MINUTE, keys, [failure(in_doubt)]).await;
            assert_eq!(made, attempts, "{} {keys} {in_doubt}", operation.name);
            let stopped_in_doubt = matches!(result, Err(Stopped::InDoubt(_)));
            assert_eq!(stopped_in_doubt, attempts == 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_doubt_stays() {
        let refused = Error::new(ErrorKind::Quota, "create_vm", "as told");
        let failures = [failure(true), refused];
        let (result, _) = run(&retry(500), &CREATE_VM, MINUTE, true, failures).await;
        let Err(Stopped::Failed(error)) = result else {
            panic!("it failed");
        };
        assert_eq!(error.kind(), &ErrorKind::Quota);
        assert!(error.may_have_been_applied());
    }
}
