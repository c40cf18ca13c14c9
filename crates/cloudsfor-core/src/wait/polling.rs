//! When to ask the server again, and when to give up.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::DEFAULT_WAIT;
use super::pauses::Pauses;
use crate::call::CallOptions;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};

/// How long the server is asked to wait: the longest it does.
const LONG_POLL: Duration = Duration::from_secs(30);

/// The questions of one wait.
pub(super) struct Polling {
    call: CallOptions,
    timeout: Duration,
    deadline: Deadline,
    pauses: Pauses,
    asked: Instant,
    at_most: Duration,
    over: bool,
    last_error: Option<Error>,
}

impl Polling {
    /// A wait that begins now and may take as long as the options say.
    pub(super) fn new(call: &CallOptions) -> Self {
        let timeout = call.timeout.unwrap_or(DEFAULT_WAIT);
        Self {
            call: call.clone(),
            timeout,
            deadline: Deadline::after(timeout),
            pauses: Pauses::default(),
            asked: Instant::now(),
            at_most: Duration::ZERO,
            over: false,
            last_error: None,
        }
    }

    /// How long the server is to wait when it is asked now, and the options to
    /// ask it with. `None` if the time is up.
    pub(super) fn question(&mut self) -> Option<(Duration, CallOptions)> {
        let left = self.deadline.remaining();
        if self.over || left.is_zero() {
            return None;
        }
        self.asked = Instant::now();
        self.at_most = LONG_POLL.min(left);
        Some((self.at_most, self.deadline.limit(&self.call)))
    }

    /// Pauses after an answer that told of no end: not at all if the server
    /// waited.
    pub(super) async fn pause(&mut self) {
        self.last_error = None;
        if self.asked.elapsed() < self.at_most / 2 {
            let pause = self.pauses.next();
            sleep(pause.min(self.deadline.remaining())).await;
        } else {
            self.pauses = Pauses::default();
        }
    }

    /// Pauses after an error that may pass.
    ///
    /// # Errors
    /// The error, if it doesn't.
    pub(super) async fn pause_after(&mut self, error: Error) -> Result<()> {
        if *error.kind() == ErrorKind::Deadline {
            self.over = true;
            return Ok(());
        }
        if !error.is_retryable() {
            return Err(error);
        }
        let floor = error.retry_after().unwrap_or_default();
        self.last_error = Some(error);
        let pause = self.pauses.next().max(floor);
        sleep(pause.min(self.deadline.remaining())).await;
        Ok(())
    }

    /// The error of a wait whose time is up. `what` is in words what goes on.
    pub(super) fn time_is_up(self, operation: &'static str, what: &str) -> Error {
        let timeout = self.timeout;
        let message = match &self.last_error {
            None => format!("{what} after {timeout:?}: wait longer"),
            Some(error) => format!(
                "it isn't known whether {what} after {timeout:?} ({}): try again",
                error.message()
            ),
        };
        let error = Error::new(ErrorKind::Deadline, operation, message);
        match self.last_error {
            Some(cause) => error.with_source(cause),
            None => error,
        }
    }
}
