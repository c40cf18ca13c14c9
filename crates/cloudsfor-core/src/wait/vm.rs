//! Waiting until nothing runs on a VM.

use cloudsfor_types::{Vm, VmId};

use super::polling::Polling;
use crate::api::Vms;
use crate::call::CallOptions;
use crate::error::Result;

/// Waits until no operation runs on the VM, and returns it as it is then. What
/// it has become is for the caller to judge: a creation may have ended as
/// `errored`.
///
/// `progress` sees the VM as often as the server tells of it. The timeout of
/// `call` is for the wait as a whole; default:
/// [`DEFAULT_WAIT`](super::DEFAULT_WAIT), 10 minutes.
///
/// # Errors
/// [`ErrorKind::Deadline`](crate::ErrorKind::Deadline) if the VM is still locked
/// when the time is up, and errors of [`Vms::wait_vm`] that don't pass, such as
/// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the VM is deleted
/// meanwhile.
pub async fn wait_until_unlocked(
    api: &dyn Vms,
    id: &VmId,
    call: &CallOptions,
    mut progress: impl FnMut(&Vm) + Send,
) -> Result<Vm> {
    let mut polling = Polling::new(call);
    while let Some((at_most, call)) = polling.question() {
        match api.wait_vm(id, at_most, &call).await {
            Ok(vm) => {
                progress(&vm);
                if !vm.locked {
                    return Ok(vm);
                }
                polling.pause().await;
            }
            Err(error) => polling.pause_after(error).await?,
        }
    }
    Err(polling.time_is_up("wait_vm", &format!("an operation still runs on {id}")))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::error::TransportErrorKind;
    use crate::error::{Error, ErrorKind};
    use crate::sample::{locked_vm, vm};
    use crate::wait::pauses::LONGEST_PAUSE;

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
    impl Vms for Server {
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
