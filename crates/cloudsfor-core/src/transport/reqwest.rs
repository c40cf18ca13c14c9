//! The default backend: reqwest.

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::BodyExt;
use tower::util::MapResponseLayer;

use super::{Body, Transport, TransportError, TransportOptions, failure, stale, tls};
use crate::error::{Error, ErrorKind, Result};

/// Sends requests by [reqwest](https://docs.rs/reqwest): HTTP/1.1 with
/// keep-alive, TLS by rustls, through the proxies that the environment names
/// (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, in either case of
/// letters; read when this is made). Follows no redirects.
///
/// A connection belongs to the tokio runtime that opened it, so keep to one
/// runtime for each transport.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    /// A transport with a pool of connections of its own.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if TLS can't be set up.
    pub fn new(options: &TransportOptions) -> Result<Self> {
        let configuration = |error: &dyn std::error::Error| {
            Error::new(
                ErrorKind::Configuration,
                "configuration",
                format!("the HTTP client can't be set up: {error}"),
            )
        };
        let tls = tls::client_config(options.root_certificates.clone())
            .map_err(|error| configuration(&error).with_source(error))?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(options.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connector_layer(MapResponseLayer::new(|connection| {
                stale::note_connection();
                connection
            }));
        if !options.proxies {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| configuration(&error).with_source(error))?;
        Ok(Self { client })
    }

    async fn attempt(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Body>, TransportError> {
        let has_body = !request.body().is_empty();
        let mut request =
            reqwest::Request::try_from(request).map_err(failure::before_connection)?;
        if !has_body {
            *request.body_mut() = None;
        }
        let response = self.client.execute(request).await.map_err(|error| {
            if error.is_connect() {
                failure::before_connection(error.without_url())
            } else {
                failure::on_connection(error.without_url())
            }
        })?;
        Ok(http::Response::from(response).map(|body| {
            Body::new(body.map_err(|error| failure::on_connection(error.without_url())))
        }))
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Body>, TransportError> {
        stale::send(request, |request| self.attempt(request)).await
    }
}
