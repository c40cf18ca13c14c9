//! Putting a client together.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::authorization::Authorization;
use crate::budget::RetryBudget;
use crate::credentials::CredentialsProvider;
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::limits::{ConcurrencyLimit, RateLimit};
use crate::retry::{Retry, RetryPolicy};
use crate::transport::{DEFAULT_BODY_LIMIT, Transport};

/// The parts of a [`Client`]. All have a default but the transport, and that has
/// one too with the feature `reqwest`.
pub struct ClientBuilder {
    endpoint: Endpoint,
    credentials: Option<Arc<dyn CredentialsProvider>>,
    transport: Option<Arc<dyn Transport>>,
    timeout: Duration,
    attempt_timeout: Duration,
    body_limit: usize,
    compression: bool,
    retry: Option<Retry>,
    rate_limit: Option<RateLimit>,
    concurrency_limit: Option<ConcurrencyLimit>,
    layers: Vec<Layer>,
}

/// Puts something around a transport.
type Layer = Box<dyn FnOnce(Arc<dyn Transport>) -> Arc<dyn Transport> + Send>;

impl ClientBuilder {
    /// Where the API is. Default: `https://cloudsfor.com/api/v1`.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// Who asks: [`Credentials`](crate::Credentials), or where they come from.
    /// Without it requests have no `Authorization`.
    #[must_use]
    pub fn credentials(mut self, credentials: impl CredentialsProvider + 'static) -> Self {
        self.credentials = Some(Arc::new(credentials));
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

    /// Asks for answers as they are, not in gzip: where the network is faster than
    /// packing and unpacking, as within one machine.
    #[must_use]
    pub fn without_compression(mut self) -> Self {
        self.compression = false;
        self
    }

    /// The largest answer that is taken, in bytes. Default:
    /// [`DEFAULT_BODY_LIMIT`], 64 MiB.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Whether and when failed attempts are made again. Default: 4 attempts, none
    /// later than 60 seconds after the first, with delays as [`Backoff`]'s.
    ///
    /// [`Backoff`]: crate::retry::Backoff
    #[must_use]
    pub fn with_retry(mut self, policy: impl RetryPolicy + 'static) -> Self {
        let budget = self.retry.map(|retry| retry.budget);
        self.retry = Some(Retry {
            policy: Arc::new(policy),
            budget: budget.unwrap_or_default(),
        });
        self
    }

    /// What the retries of all calls are paid from. May be shared with other
    /// clients of the same service. Default: [`RetryBudget::default`], 500 tokens
    /// for this client and its clones.
    #[must_use]
    pub fn with_retry_budget(mut self, budget: Arc<RetryBudget>) -> Self {
        self.retry.get_or_insert_default().budget = budget;
        self
    }

    /// Makes one attempt in each call, and nothing after it: an error says
    /// whether the request may have been carried out, and under which key.
    #[must_use]
    pub fn without_retry(mut self) -> Self {
        self.retry = None;
        self
    }

    /// How many requests are sent in a time, at most. Default: no limit.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// How many requests are under way at once, at most. Default: no limit.
    #[must_use]
    pub fn with_concurrency_limit(mut self, limit: ConcurrencyLimit) -> Self {
        self.concurrency_limit = Some(limit);
        self
    }

    /// Puts a layer of one's own around the transport, whichever that is: another
    /// transport, that every attempt goes through, credentials and all. May be
    /// called several times: the last layer sees a request first.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// use async_trait::async_trait;
    /// use bytes::Bytes;
    /// use cloudsfor_core::Client;
    /// use cloudsfor_core::transport::{Body, Transport, TransportError};
    ///
    /// struct Counted(Arc<dyn Transport>, Arc<AtomicU64>);
    ///
    /// #[async_trait]
    /// impl Transport for Counted {
    ///     async fn send(
    ///         &self,
    ///         request: http::Request<Bytes>,
    ///     ) -> Result<http::Response<Body>, TransportError> {
    ///         self.1.fetch_add(1, Ordering::Relaxed);
    ///         self.0.send(request).await
    ///     }
    /// }
    ///
    /// let attempts = Arc::new(AtomicU64::new(0));
    /// let counter = attempts.clone();
    /// let builder = Client::builder().with_layer(move |inner| Counted(inner, counter));
    /// ```
    #[must_use]
    pub fn with_layer<T: Transport + 'static>(
        mut self,
        layer: impl FnOnce(Arc<dyn Transport>) -> T + Send + 'static,
    ) -> Self {
        self.layers.push(Box::new(|inner| Arc::new(layer(inner))));
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if there is
    /// no transport, or if the default one can't be set up.
    pub fn build(self) -> Result<Client> {
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport()?,
        };
        let around = |inner, layer: Layer| layer(inner);
        Ok(Client {
            transport: self.layers.into_iter().fold(transport, around),
            endpoint: self.endpoint,
            authorization: self.credentials.map(Authorization::new).map(Arc::new),
            timeout: self.timeout,
            attempt_timeout: self.attempt_timeout,
            body_limit: self.body_limit,
            compression: self.compression,
            retry: self.retry,
            rate_limit: self.rate_limit,
            concurrency_limit: self.concurrency_limit,
            key_support: Arc::default(),
            timers: Arc::default(),
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
            compression: true,
            retry: Some(Retry::default()),
            rate_limit: None,
            concurrency_limit: None,
            layers: Vec::new(),
        }
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
