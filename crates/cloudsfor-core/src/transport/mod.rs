//! How requests get to the other side: one method, and what can go wrong in it.
//!
//! A [`Client`](crate::Client) works over any [`Transport`]:
//!
//! - `ReqwestTransport` (feature `reqwest`, the default): uses the proxies that
//!   the environment names;
//! - `HyperTransport` (feature `hyper`): HTTP/1.1 and nothing else;
//! - `InProcessTransport` (feature `in-process`): a tower service, no socket;
//! - `RecordedTransport` (feature `recorded`): answers that were recorded;
//! - one of your own, as here, or one that wraps another (to log, to count, to
//!   try again):
//!
//! ```
//! use async_trait::async_trait;
//! use bytes::Bytes;
//! use cloudsfor_core::transport::{Body, Transport, TransportError};
//!
//! struct Logged<T>(T);
//!
//! #[async_trait]
//! impl<T: Transport> Transport for Logged<T> {
//!     async fn send(
//!         &self,
//!         request: http::Request<Bytes>,
//!     ) -> Result<http::Response<Body>, TransportError> {
//!         let line = format!("{} {}", request.method(), request.uri());
//!         let result = self.0.send(request).await;
//!         match &result {
//!             Ok(response) => eprintln!("{line}: {}", response.status()),
//!             Err(error) => eprintln!("{line}: {error}"),
//!         }
//!         result
//!     }
//! }
//! ```

mod body;
#[cfg(any(feature = "reqwest", feature = "hyper"))]
mod connection;
#[cfg(any(feature = "reqwest", feature = "hyper"))]
mod failure;
#[cfg(feature = "hyper")]
mod hyper;
#[cfg(feature = "in-process")]
mod in_process;
#[cfg(any(feature = "reqwest", feature = "hyper"))]
mod options;
#[cfg(feature = "recorded")]
mod recorded;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(any(feature = "reqwest", feature = "hyper"))]
mod tls;

use std::error::Error as StdError;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::future::BoxFuture;

pub use self::body::{Body, DEFAULT_BODY_LIMIT};
#[cfg(feature = "hyper")]
pub use self::hyper::HyperTransport;
#[cfg(feature = "in-process")]
pub use self::in_process::InProcessTransport;
#[cfg(any(feature = "reqwest", feature = "hyper"))]
pub use self::options::{InvalidCertificate, TransportOptions};
#[cfg(feature = "recorded")]
pub use self::recorded::{
    Exchange, RecordedRequest, RecordedResponse, RecordedTransport, Recorder,
};
#[cfg(feature = "reqwest")]
pub use self::reqwest::ReqwestTransport;
pub use crate::error::TransportErrorKind;

/// Any error, as a cause.
pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// Sends one request and gets its answer.
///
/// A transport adds nothing to the request but what the protocol asks for
/// (`Host`, `Content-Length`), follows no redirect, sends nothing again that may
/// have reached the server, and gives up only for a
/// reason that [`TransportError`] names: the time for the attempt is the
/// client's matter. Dropping the future gives the request up.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the request, whose URI is absolute, and returns the answer as soon
    /// as its head is there.
    ///
    /// # Errors
    /// When there is no whole head of an answer. What happens later is an error
    /// of the [`Body`].
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    // Written out, since `async_trait` would put the future into another box.
    fn send<'a, 'async_trait>(
        &'a self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'async_trait, Result<http::Response<Body>, TransportError>>
    where
        'a: 'async_trait,
        Self: 'async_trait,
    {
        (**self).send(request)
    }
}

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
#[non_exhaustive]
pub struct TransportError {
    /// What went wrong.
    pub kind: TransportErrorKind,
    /// Whether the request may have reached the server. If not, it certainly
    /// didn't.
    pub may_have_been_sent: bool,
    /// Whether the connection was cut that others had used before: the server may
    /// have closed it because it was idle. A client then sends what only reads
    /// again at once.
    pub on_used_connection: bool,
    /// The cause.
    pub source: BoxError,
}

impl TransportError {
    /// The request certainly didn't reach the server.
    pub fn not_sent(kind: TransportErrorKind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            may_have_been_sent: false,
            on_used_connection: false,
            source: source.into(),
        }
    }

    /// The request may have reached the server.
    pub fn maybe_sent(kind: TransportErrorKind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            may_have_been_sent: true,
            on_used_connection: false,
            source: source.into(),
        }
    }

    /// An answer has more than so many bytes.
    pub(crate) fn too_large(limit: usize) -> Self {
        let why = format!("it has more than {limit} bytes");
        Self::maybe_sent(TransportErrorKind::TooLarge, why)
    }

    /// The first cause in words: `Connection refused (os error 111)`.
    pub(crate) fn cause(&self) -> String {
        let mut cause: &dyn StdError = &*self.source;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        cause.to_string()
    }
}
