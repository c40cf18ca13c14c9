//! Putting a client together.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Client;
use crate::credentials::Credentials;
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::transport::{DEFAULT_BODY_LIMIT, Transport};

/// The parts of a [`Client`]. All have a default but the transport, and that has
/// one too with the feature `reqwest`.
pub struct ClientBuilder {
    endpoint: Endpoint,
    credentials: Option<Credentials>,
    transport: Option<Arc<dyn Transport>>,
    timeout: Duration,
    attempt_timeout: Duration,
    body_limit: usize,
}

impl ClientBuilder {
    /// Where the API is. Default: `https://cloudsfor.com/api/v1`.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// Who asks. Without it requests have no `Authorization`.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// What requests go by. Default: reqwest, if that feature is on.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// How long a call may take in all, unless its options say otherwise.
    /// Default: 60 seconds.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long one request may take, from connecting to the end of the answer.
    /// Default: 30 seconds. (A request that waits for a VM may take 5 seconds
    /// more than the server was asked to wait.)
    #[must_use]
    pub fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// The largest answer that is taken, in bytes. Default:
    /// [`DEFAULT_BODY_LIMIT`], 64 MiB.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if there is
    /// no transport, or if the default one can't be set up.
    pub fn build(self) -> Result<Client> {
        Ok(Client {
            transport: match self.transport {
                Some(transport) => transport,
                None => default_transport()?,
            },
            endpoint: self.endpoint,
            authorization: self.credentials.map(|c| c.authorization()),
            timeout: self.timeout,
            attempt_timeout: self.attempt_timeout,
            body_limit: self.body_limit,
        })
    }
}

#[cfg(feature = "reqwest")]
fn default_transport() -> Result<Arc<dyn Transport>> {
    use crate::transport::{ReqwestTransport, TransportOptions};
    let transport = ReqwestTransport::new(&TransportOptions::default())?;
    Ok(Arc::new(transport))
}

#[cfg(not(feature = "reqwest"))]
fn default_transport() -> Result<Arc<dyn Transport>> {
    use crate::error::{Error, ErrorKind};
    Err(Error::new(
        ErrorKind::Configuration,
        "configuration",
        "the client has no transport: give it one, or turn on the feature `reqwest`",
    ))
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            endpoint: Endpoint::default(),
            credentials: None,
            transport: None,
            timeout: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(30),
            body_limit: DEFAULT_BODY_LIMIT,
        }
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("endpoint", &self.endpoint)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}
