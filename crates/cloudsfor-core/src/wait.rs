//! Waiting until nothing runs on a VM.
//!
//! ```
//! use std::time::Duration;
//!
//! use cloudsfor_core::types::{CreateVm, Vm};
//! use cloudsfor_core::{Api, CallOptions, Result, wait_until_unlocked};
//!
//! async fn create_and_wait(api: &dyn Api, request: &CreateVm) -> Result<Vm> {
//!     let created = api.create_vm(request, &CallOptions::default()).await?;
//!     let call = CallOptions::default().with_timeout(Duration::from_secs(300));
//!     wait_until_unlocked(api, &created.vm.id, &call, |vm| eprintln!("{}", vm.status)).await
//! }
//! ```

use std::time::Duration;

use cloudsfor_types::{Vm, VmId};
use tokio::time::{Instant, sleep};

use crate::api::Api;
use crate::call::CallOptions;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};

/// How long [`wait_until_unlocked`] waits, unless its options say otherwise.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(600);

/// How long the server is asked to wait: the longest it does.
const LONG_POLL: Duration = Duration::from_secs(30);

/// The first pause between two questions that were answered at once.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Waits until no operation runs on the VM, and returns it as it is then. What
/// it has become is for the caller to judge: a creation may have ended as
/// `errored`.
///
/// The server is asked to answer when the VM unlocks; one that doesn't know how
/// to wait is asked again after a pause, of half a second at first and 5 seconds
/// at most. Errors that may pass ([`Error::is_retryable`]) don't end the wait.
/// `progress` sees the VM as often as the server tells of it.
///
/// The timeout of `call` is for the wait as a whole; default: [`DEFAULT_WAIT`],
/// 10 minutes.
///
/// # Errors
/// [`ErrorKind::Deadline`] if the VM is still locked when the time is up, and
/// errors of [`Vms::wait_vm`](crate::Vms::wait_vm) that don't pass, such as
/// [`ErrorKind::NotFound`] if the VM is deleted meanwhile.
pub async fn wait_until_unlocked(
    api: &dyn Api,
    id: &VmId,
    call: &CallOptions,
    mut progress: impl FnMut(&Vm) + Send,
) -> Result<Vm> {
    let timeout = call.timeout.unwrap_or(DEFAULT_WAIT);
    let deadline = Deadline::after(timeout);
    let mut pauses = Pauses::default();
    let mut last_error = None;
    loop {
        let left = deadline.remaining();
        if left.is_zero() {
            return Err(still_locked(id, timeout, last_error));
        }
        let poll = LONG_POLL.min(left);
        let asked = Instant::now();
        let pause = match api.wait_vm(id, poll, &deadline.limit(call)).await {
            Ok(vm) => {
                progress(&vm);
                if !vm.locked {
                    return Ok(vm);
                }
                last_error = None;
                if asked.elapsed() < poll / 2 {
                    pauses.next()
                } else {
                    pauses = Pauses::default();
                    Duration::ZERO
                }
            }
            Err(error) if *error.kind() == ErrorKind::Deadline => {
                return Err(still_locked(id, timeout, last_error));
            }
            Err(error) if error.is_retryable() => {
                let floor = error.retry_after().unwrap_or_default();
                last_error = Some(error);
                pauses.next().max(floor)
            }
            Err(error) => return Err(error),
        };
        sleep(pause.min(deadline.remaining())).await;
    }
}

fn still_locked(id: &VmId, timeout: Duration, last_error: Option<Error>) -> Error {
    let message = match &last_error {
        None => format!("an operation still runs on {id} after {timeout:?}: wait longer"),
        Some(error) => format!(
            "it isn't known whether an operation still runs on {id} after {timeout:?} ({}): \
             try again",
            error.message()
        ),
    };
    let error = Error::new(ErrorKind::Deadline, "wait_vm", message);
    match last_error {
        Some(cause) => error.with_source(cause),
        None => error,
    }
}

/// Pauses that grow, each a random part of what it could be (from one half up),
/// so that many who wait don't ask in step.
struct Pauses {
    longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            longest: FIRST_PAUSE,
        }
    }
}

impl Pauses {
    fn next(&mut self) -> Duration {
        let longest = self.longest;
        self.longest = (longest * 2).min(LONGEST_PAUSE);
        // Without a source of randomness the pause is merely not spread.
        let random = getrandom::u32().unwrap_or(u32::MAX);
        longest.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::error::TransportErrorKind;
    use crate::sample::{locked_vm, vm};

    type Reply = Box<dyn FnMut(Duration) -> (Duration, Result<Vm>) + Send>;

    /// A server that says how long it takes to answer, and what.
    struct Server {
        reply: Mutex<Reply>,
        asked_at: Mutex<Vec<Instant>>,
    }

    impl Server {
        fn new(reply: impl FnMut(Duration) -> (Duration, Result<Vm>) + Send + 'static) -> Self {
            Self {
                reply: Mutex::new(Box::new(reply)),
                asked_at: Mutex::default(),
            }
        }

        /// How long it was between each question and the next.
        fn intervals(&self) -> Vec<Duration> {
            let asked_at = self.asked_at.lock().unwrap();
            asked_at.windows(2).map(|pair| pair[1] - pair[0]).collect()
        }
    }

    #[async_trait]
    impl crate::Vms for Server {
        async fn wait_vm(&self, _: &VmId, at_most: Duration, call: &CallOptions) -> Result<Vm> {
            self.asked_at.lock().unwrap().push(Instant::now());
            let (time, result) = (self.reply.lock().unwrap())(at_most);
            if tokio::time::timeout(call.timeout.unwrap(), sleep(time))
                .await
                .is_err()
            {
                return Err(Error::new(ErrorKind::Deadline, "get_vm", "time is up"));
            }
            result
        }
    }

    async fn wait(server: &Server, seconds: u64) -> (Result<Vm>, usize) {
        let call = CallOptions::default().with_timeout(Duration::from_secs(seconds));
        let mut seen = 0;
        let id = "7".parse().unwrap();
        let result = wait_until_unlocked(server, &id, &call, |_| seen += 1).await;
        (result, seen)
    }

    fn failure(kind: ErrorKind) -> Error {
        Error::new(kind, "get_vm", "as told")
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_waits_is_asked_again_at_once() {
        let mut questions = 0;
        let server = Server::new(move |at_most| {
            questions += 1;
            match questions {
                1 | 2 => (at_most, Ok(locked_vm("7"))),
                _ => (Duration::from_secs(1), Ok(vm("7", "example.com"))),
            }
        });
        let start = Instant::now();
        let (result, seen) = wait(&server, 600).await;
        assert!(!result.unwrap().locked);
        assert_eq!(seen, 3);
        assert_eq!(start.elapsed().as_secs(), 61);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_not_wait_is_asked_after_growing_pauses() {
        let server = Server::new(|_| (Duration::ZERO, Ok(locked_vm("7"))));
        let start = Instant::now();
        let (result, _) = wait(&server, 60).await;
        assert_eq!(result.unwrap_err().kind(), &ErrorKind::Deadline);
        assert_eq!(start.elapsed().as_secs(), 60);

        let intervals = server.intervals();
        for (index, interval) in intervals[..intervals.len() - 1].iter().enumerate() {
            let longest = Duration::from_millis(500 << index.min(8)).min(LONGEST_PAUSE);
            // The clock counts whole milliseconds.
            let slack = Duration::from_millis(2);
            assert!(*interval + slack >= longest / 2, "{index}: {interval:?}");
            assert!(*interval <= longest + slack, "{index}: {interval:?}");
        }
        assert!(intervals.len() >= 12, "{intervals:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn errors_that_may_pass_do_not_end_the_wait() {
        let mut questions = 0;
        let server = Server::new(move |_| {
            questions += 1;
            let result = match questions {
                1 => Err(failure(ErrorKind::Transport(TransportErrorKind::Connect))),
                2 => Err(failure(ErrorKind::Server { retry_after: None })),
                3 => Err(failure(ErrorKind::RateLimited {
                    retry_after: Some(Duration::from_secs(20)),
                })),
                _ => Ok(vm("7", "example.com")),
            };
            (Duration::ZERO, result)
        });
        assert!(wait(&server, 600).await.0.is_ok());
        assert!(server.intervals()[2] >= Duration::from_secs(20));
    }

    #[tokio::test(start_paused = true)]
    async fn errors_that_do_not_pass_end_it() {
        let server = Server::new(|_| (Duration::ZERO, Err(failure(ErrorKind::NotFound))));
        let (result, seen) = wait(&server, 600).await;
        assert_eq!(result.unwrap_err().kind(), &ErrorKind::NotFound);
        assert_eq!((server.intervals().len(), seen), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_is_kept_whatever_the_server_does() {
        let silent = Server::new(|_| (Duration::from_secs(3600), Ok(locked_vm("7"))));
        let down = Server::new(|_| {
            let error = failure(ErrorKind::Transport(TransportErrorKind::Connect));
            (Duration::ZERO, Err(error))
        });
        for server in [silent, down] {
            let start = Instant::now();
            let (result, _) = wait(&server, 12).await;
            assert_eq!(result.unwrap_err().kind(), &ErrorKind::Deadline);
            assert_eq!(start.elapsed().as_secs(), 12);
        }
    }
}
