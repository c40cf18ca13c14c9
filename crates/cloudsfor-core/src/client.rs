//! The API over HTTP.
//!
//! A [`Client`] is cheap to clone and to share; clones share their connections.
//! It doesn't try again by itself: an error says whether that may help
//! ([`Error::is_retryable`]) and whether the request may have been carried out
//! ([`Error::may_have_been_applied`]).
//!
//! Time limits run on tokio's clock, so a client is used within a tokio runtime.

mod builder;
mod exchange;
mod vms;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

pub use self::builder::ClientBuilder;
use crate::endpoint::Endpoint;
#[cfg(doc)]
use crate::error::Error;
use crate::transport::Transport;

/// The API over HTTP: see [`Vms`](crate::Vms) for what it does.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    endpoint: Endpoint,
    authorization: Option<HeaderValue>,
    timeout: Duration,
    attempt_timeout: Duration,
    body_limit: usize,
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
        credentials: crate::credentials::Credentials,
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
            .finish_non_exhaustive()
    }
}
