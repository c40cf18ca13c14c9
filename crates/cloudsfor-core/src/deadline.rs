//! When a call must be over.

use std::time::Duration;

use tokio::time::Instant;

use crate::call::CallOptions;

/// A point in time, or never.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// The point `timeout` from now; never if that is beyond what a clock shows.
    pub(crate) fn after(timeout: Duration) -> Self {
        Self(Instant::now().checked_add(timeout))
    }

    /// The point that the options name; never if they name none.
    pub(crate) fn of(call: &CallOptions) -> Self {
        call.timeout.map_or(Self(None), Self::after)
    }

    /// How long until then.
    pub(crate) fn remaining(self) -> Duration {
        self.0.map_or(Duration::MAX, |at| {
            at.saturating_duration_since(Instant::now())
        })
    }

    /// The options of one of several calls that must be over by then.
    pub(crate) fn limit(self, call: &CallOptions) -> CallOptions {
        let mut call = call.clone();
        call.timeout = self.0.map(|_| self.remaining());
        call
    }
}
