//! The API over HTTP.
//!
//! A [`Client`] is cheap to clone and to share; clones share their connections,
//! their retry budget, and what they know of the server.
//!
//! It tries again what may pass ([`Error::is_retryable`]), where that does no
//! harm: see [`retry`](crate::retry). An error says whether the request may have
//! been carried out in any of the attempts ([`Error::may_have_been_applied`]).
//!
//! Time limits run on tokio's clock, so a client is used within a tokio runtime.

mod accounts;
mod actions;
mod authorization;
mod builder;
mod call;
mod catalog;
mod create;
#[cfg(test)]
mod create_law;
mod domains;
mod each_vm;
mod events;
mod exchange;
mod key_support;
mod keys;
mod list_reader;
mod networks;
#[cfg(test)]
mod operations;
pub mod raw;
mod send;
mod snapshots;
mod timers;
mod vms;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::authorization::Authorization;
pub use self::builder::ClientBuilder;
use self::key_support::KeySupport;
use self::timers::Timers;
use crate::endpoint::Endpoint;
#[cfg(doc)]
use crate::error::Error;
use crate::limits::{ConcurrencyLimit, RateLimit};
use crate::retry::Retry;
use crate::transport::Transport;

/// The API over HTTP: see [`Vms`](crate::Vms) for what it does.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    endpoint: Endpoint,
    authorization: Option<Arc<Authorization>>,
    timeout: Duration,
    attempt_timeout: Duration,
    body_limit: usize,
    compression: bool,
    retry: Option<Retry>,
    rate_limit: Option<RateLimit>,
    concurrency_limit: Option<ConcurrencyLimit>,
    key_support: Arc<KeySupport>,
    timers: Arc<Timers>,
}

impl Client {
    /// Puts a client together from its parts.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client over reqwest with the usual settings.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if TLS can't
    /// be set up.
    #[cfg(feature = "reqwest")]
    pub fn reqwest(
        endpoint: Endpoint,
        credentials: impl crate::credentials::CredentialsProvider + 'static,
    ) -> crate::error::Result<Self> {
        Self::builder()
            .endpoint(endpoint)
            .credentials(credentials)
            .build()
    }

    /// Where the API is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.endpoint)
            .field("timeout", &self.timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("body_limit", &self.body_limit)
            .field("retry", &self.retry)
            .field("rate_limit", &self.rate_limit)
            .field("concurrency_limit", &self.concurrency_limit)
            .finish_non_exhaustive()
    }
}
