//! The small backend: hyper's own client.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryFutureExt;
use http::Uri;
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tower::Service;

use super::{
    Body, BoxError, Transport, TransportError, TransportOptions, connection, failure, tls,
};
use crate::error::{Error, ErrorKind, Result};

/// Sends requests by [hyper](https://docs.rs/hyper): HTTP/1.1 with keep-alive,
/// TLS by rustls. Uses no proxies, whatever the environment says, and follows no
/// redirects.
///
/// A connection belongs to the tokio runtime that opened it, so keep to one
/// runtime for each transport.
#[derive(Debug, Clone)]
pub struct HyperTransport {
    client: Client<Connector, Full<Bytes>>,
}

impl HyperTransport {
    /// A transport with a pool of connections of its own.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if TLS can't be set up.
    pub fn new(options: &TransportOptions) -> Result<Self> {
        let tls = tls::client_config(options.root_certificates.clone()).map_err(|error| {
            Error::new(
                ErrorKind::Configuration,
                "configuration",
                format!("TLS can't be set up: {error}"),
            )
            .with_source(error)
        })?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = Connector {
            inner: HttpsConnector::from((tcp, Arc::new(tls))),
            timeout: options.connect_timeout,
        };
        // Requests that were certainly not written are sent on another
        // connection: the builder's own default.
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for HyperTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Body>, TransportError> {
        let sending = self.client.request(request.map(Full::new));
        let sending = sending.map_err(|error| {
            if error.is_connect() {
                failure::before_connection(error)
            } else {
                failure::on_connection(error)
            }
        });
        let response = connection::watched(sending).await?;
        Ok(response.map(|body| Body::new(body.map_err(failure::on_connection))))
    }
}

/// Opens connections: the name, TCP and TLS within one time limit.
#[derive(Debug, Clone)]
struct Connector {
    inner: HttpsConnector<HttpConnector>,
    timeout: Duration,
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future =
        Pin<Box<dyn Future<Output = std::result::Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let limit = self.timeout;
        let connecting = tokio::time::timeout(limit, self.inner.call(target));
        Box::pin(async move {
            let connection = connecting.await.unwrap_or_else(|_elapsed| {
                let message = format!("no connection within {limit:?}");
                Err(io::Error::new(io::ErrorKind::TimedOut, message).into())
            })?;
            connection::note_opened();
            Ok(connection)
        })
    }
}
