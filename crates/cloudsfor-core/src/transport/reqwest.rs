//! The default backend: reqwest.

use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryFutureExt;
use futures_util::future::InspectOk;
use http::Uri;
use http::uri::Authority;
use http_body_util::BodyExt;
use reqwest::Url;
use tower::layer::layer_fn;
use tower::util::Oneshot;
use tower::{Service, ServiceExt};

use super::{Body, Transport, TransportError, TransportOptions, connection, failure, tls};
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
    /// Where the first request went, in both forms.
    first: Arc<OnceLock<(Uri, Url)>>,
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
            .connector_layer(layer_fn(Connector::new));
        if !options.proxies {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| configuration(&error).with_source(error))?;
        Ok(Self {
            client,
            first: Arc::default(),
        })
    }

    fn request(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<reqwest::Request, TransportError> {
        let (head, body) = request.into_parts();
        let mut request = reqwest::Request::new(head.method, self.url(&head.uri)?);
        *request.headers_mut() = head.headers;
        if !body.is_empty() {
            *request.body_mut() = Some(body.into());
        }
        Ok(request)
    }

    /// The URL as reqwest has it. To read one is costly, so it is made of the first
    /// request's, if it is of the same origin.
    fn url(&self, uri: &Uri) -> std::result::Result<Url, TransportError> {
        if let Some((first, url)) = self.first.get()
            && first.scheme() == uri.scheme()
            && first.authority().map(Authority::as_str) == uri.authority().map(Authority::as_str)
        {
            let mut url = url.clone();
            url.set_path(uri.path());
            url.set_query(uri.query());
            return Ok(url);
        }
        let url = Url::parse(&uri.to_string()).map_err(failure::before_connection)?;
        self.first.get_or_init(|| (uri.clone(), url.clone()));
        Ok(url)
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Body>, TransportError> {
        let sending = self.client.execute(self.request(request)?);
        let sending = sending.map_err(|error| {
            if error.is_connect() {
                failure::before_connection(error.without_url())
            } else {
                failure::on_connection(error.without_url())
            }
        });
        let response = connection::watched(sending).await?;
        Ok(http::Response::from(response).map(|body| {
            Body::new(body.map_err(|error| failure::on_connection(error.without_url())))
        }))
    }
}

/// Opens connections by reqwest's own connector, and says so. That is shared, since
/// reqwest clones its connector several times for each request.
#[derive(Clone)]
struct Connector<S>(Arc<S>);

impl<S> Connector<S> {
    fn new(inner: S) -> Self {
        Self(Arc::new(inner))
    }
}

impl<S, R> Service<R> for Connector<S>
where
    S: Service<R> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = InspectOk<Oneshot<S, R>, fn(&S::Response)>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), S::Error>> {
        // Its clone is asked, which does the work.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: R) -> Self::Future {
        let connecting = S::clone(&self.0).oneshot(target);
        connecting.inspect_ok(|_| connection::note_opened())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_the_same_whether_it_is_the_first_or_not() {
        let options = TransportOptions::default().without_proxies();
        let transport = ReqwestTransport::new(&options).unwrap();
        for text in [
            "http://cloud.test:8080/api/v1/vms?name=a",
            "http://cloud.test:8080/api/v1/vms/..%2Fx%3F",
            "http://cloud.test:8080//evil.test/",
            "http://cloud.test:8080/a/../b?c=/../d",
            "http://cloud.test:8080",
            "http://cloud.test/api",
            "https://cloud.test:8080/api",
            "http://cloud.test:8080/api?",
        ] {
            let url = transport.url(&text.parse().unwrap()).unwrap();
            assert_eq!(url, Url::parse(text).unwrap());
        }
    }
}
