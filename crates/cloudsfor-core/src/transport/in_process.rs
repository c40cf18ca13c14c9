//! A tower service as the other side: a router without a socket.
//!
//! ```
//! use bytes::Bytes;
//! use cloudsfor_core::transport::{Body, InProcessTransport};
//! use cloudsfor_core::{CallOptions, Client, ErrorKind, Vms};
//! use http::{Request, Response};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let service = tower::service_fn(async |request: Request<Bytes>| {
//!     assert_eq!(request.uri(), "/api/v1/vms/17");
//!     let mut response = Response::new(Body::from(r#"{"id":"not_found","message":"gone"}"#));
//!     *response.status_mut() = http::StatusCode::NOT_FOUND;
//!     Ok(response)
//! });
//! let client = Client::builder()
//!     .endpoint("http://cloud.test".parse()?)
//!     .transport(InProcessTransport::new(service))
//!     .build()?;
//!
//! let error = client.get_vm(&"17".parse().unwrap(), &CallOptions::default()).await.unwrap_err();
//! assert_eq!(error.kind(), &ErrorKind::NotFound);
//! # Ok::<(), cloudsfor_core::Error>(())
//! # }).unwrap();
//! ```
//!
//! A service that takes any body, such as an axum `Router`, must be told which:
//! `InProcessTransport::new::<axum::body::Body>(router)`.

use std::convert::Infallible;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Uri};
use http_body_util::BodyExt;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use super::{Body, BoxError, Transport, TransportError, TransportErrorKind};

/// Gives requests to a service in this process, as they would come over a
/// connection: with a `Host` header, and a path and query as URI.
#[derive(Clone)]
pub struct InProcessTransport {
    service: BoxCloneSyncService<http::Request<Bytes>, http::Response<Body>, Infallible>,
}

impl InProcessTransport {
    /// A transport to a service whose requests have a body of type `B`. The
    /// service is cloned for each request.
    pub fn new<B>(
        service: impl Service<
            http::Request<B>,
            Response = http::Response<
                impl http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
            >,
            Error = Infallible,
            Future: Send,
        > + Clone
        + Send
        + Sync
        + 'static,
    ) -> Self
    where
        B: From<Bytes> + 'static,
    {
        let service = service
            .map_request(|request: http::Request<Bytes>| request.map(B::from))
            .map_response(|response| {
                response.map(|body| {
                    Body::new(body.map_err(|error| {
                        TransportError::maybe_sent(TransportErrorKind::Cut, error)
                    }))
                })
            });
        Self {
            service: BoxCloneSyncService::new(service),
        }
    }
}

#[async_trait]
impl Transport for InProcessTransport {
    async fn send(
        &self,
        mut request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        let uri = request.uri();
        let host = uri.authority().map(|a| HeaderValue::try_from(a.as_str()));
        let path = uri.path_and_query().cloned();
        if let Some(Ok(host)) = host {
            request.headers_mut().entry(HOST).or_insert(host);
        }
        if let Some(path) = path {
            *request.uri_mut() = Uri::from(path);
        }
        let Ok(response) = self.service.clone().oneshot(request).await;
        Ok(response)
    }
}

impl fmt::Debug for InProcessTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcessTransport").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_come_as_over_a_connection() {
        let service = tower::service_fn(async |request: http::Request<Bytes>| {
            let host = request.headers()[HOST].to_str().unwrap().to_owned();
            Ok(http::Response::new(Body::from(format!(
                "{host} {}",
                request.uri()
            ))))
        });
        let transport = InProcessTransport::new(service);
        let request = http::Request::get("http://cloud.test:80/api?a=b");
        let response = transport.send(request.body(Bytes::new()).unwrap()).await;
        let body = response.unwrap().into_body().collect(100).await.unwrap();
        assert_eq!(body, "cloud.test:80 /api?a=b");
    }
}
