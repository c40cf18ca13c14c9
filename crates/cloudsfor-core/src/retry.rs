//! Whether and when a failed attempt is made again.
//!
//! A [`RetryPolicy`] looks at what failed and answers with a [`Decision`]. Limits
//! are policies around policies. A client's own is:
//!
//! ```
//! use std::time::Duration;
//!
//! use cloudsfor_core::retry::{Backoff, RetryPolicy};
//!
//! let policy = Backoff::default()
//!     .with_attempt_limit(4)
//!     .with_time_limit(Duration::from_secs(60));
//! ```
//!
//! [`ClientBuilder::with_retry`](crate::ClientBuilder::with_retry) sets another, and
//! [`without_retry`](crate::ClientBuilder::without_retry) has each request sent once.
//!
//! # What no policy decides
//! - A request that may have been carried out is sent again only if that does no
//!   harm: its operation reads or is idempotent
//!   ([`Safety`](cloudsfor_types::operations::Safety)), or it goes under an
//!   idempotency key to a server that said that it honours keys.
//! - The call's deadline is a ceiling: a delay that would pass it fails at once.
//! - The [budget](crate::budget) of the client limits the retries of all its
//!   calls together.

mod attempts;
mod backoff;
mod limits;

use std::fmt::Debug;
use std::time::Duration;

use cloudsfor_types::operations::Operation;

pub(crate) use self::attempts::{Retry, Stopped};
pub use self::backoff::Backoff;
pub use self::limits::{AttemptLimit, TimeLimit};
use crate::error::Error;

/// What is to be done after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The next attempt is to be made after this delay.
    Continue(Duration),
    /// Another attempt would fail in the same way.
    Permanent,
    /// Another attempt might succeed, but there were enough.
    Exhausted,
}

/// An attempt that failed, and what was before it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FailedAttempt<'a> {
    /// Why it failed.
    pub error: &'a Error,
    /// What was attempted.
    pub operation: &'a Operation,
    /// How many attempts there were, this one included.
    pub attempts: u32,
    /// How long it is since the first began.
    pub elapsed: Duration,
}

/// Decides whether and when a failed attempt is made again. It needs no regard
/// for what a repetition might do: see [the module](self).
pub trait RetryPolicy: Debug + Send + Sync {
    /// What is to be done after this attempt.
    fn decide(&self, failed: &FailedAttempt<'_>) -> Decision;

    /// This policy, with at most so many attempts in all (at least one is made).
    fn with_attempt_limit(self, attempts: u32) -> AttemptLimit<Self>
    where
        Self: Sized,
    {
        AttemptLimit::new(self, attempts)
    }

    /// This policy, with no attempt that would begin later than `time` after the
    /// first.
    fn with_time_limit(self, time: Duration) -> TimeLimit<Self>
    where
        Self: Sized,
    {
        TimeLimit::new(self, time)
    }
}
