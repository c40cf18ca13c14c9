//! Requests of the caller's own form, with everything else as usual.

mod pages;

use bytes::Bytes;
use cloudsfor_types::FieldFault;
use cloudsfor_types::operations::{Method, Operation, Safety};
use http::{HeaderMap, Uri};

use super::Client;
use super::call::key_of;
use super::exchange::{ANY_SUCCESS, Exchange};
use crate::call::CallOptions;
use crate::error::Result;
use crate::page::PageToken;
use crate::response::invalid;
pub use pages::RawPages;

/// A success, as it came.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RawAnswer {
    /// Its status: 200 to 299.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, unpacked.
    pub body: Bytes,
}

const GET: Operation = raw(Method::Get, Safety::Read);
const POST: Operation = raw(Method::Post, Safety::NeedsKey);
const PUT: Operation = raw(Method::Put, Safety::Idempotent);
const DELETE: Operation = raw(Method::Delete, Safety::Idempotent);

const fn raw(method: Method, safety: Safety) -> Operation {
    Operation {
        name: "raw",
        method,
        path: "",
        safety,
        success: ANY_SUCCESS,
    }
}

impl Client {
    /// Sends a request of one's own, for what this version doesn't know: with the
    /// credentials, the limits and the retries of every other. A POST goes under an
    /// idempotency key. `path` is what comes after the base URL (`/vms?page=2`), or
    /// begins with the base URL's own path.
    ///
    /// ```no_run
    /// use cloudsfor_core::types::operations::Method;
    /// use cloudsfor_core::{CallOptions, Client, Result};
    ///
    /// async fn new_things(client: &Client) -> Result<bytes::Bytes> {
    ///     let path = "/things".parse().unwrap();
    ///     let answer = client.raw(Method::Get, &path, None, &CallOptions::default()).await?;
    ///     Ok(answer.body)
    /// }
    /// ```
    ///
    /// # Errors
    /// Any status but 2xx is the error that it means for every other call.
    pub async fn raw(
        &self,
        method: Method,
        path: &PageToken,
        body: Option<Bytes>,
        call: &CallOptions,
    ) -> Result<RawAnswer> {
        let operation = match method {
            Method::Get => &GET,
            Method::Post => &POST,
            Method::Put => &PUT,
            Method::Delete => &DELETE,
        };
        let url = self.raw_url(operation, path)?;
        self.raw_at(operation, url, body, call).await
    }

    async fn raw_at(
        &self,
        operation: &'static Operation,
        url: Uri,
        body: Option<Bytes>,
        call: &CallOptions,
    ) -> Result<RawAnswer> {
        let key = (operation.safety == Safety::NeedsKey).then(|| key_of(call));
        let exchange = Exchange {
            body,
            key,
            ..self.plain(operation, url, call)
        };
        self.send(&exchange, |answer| {
            let (head, body) = answer.parts();
            Ok(RawAnswer {
                status: head.status.as_u16(),
                headers: head.headers.clone(),
                body: body.clone(),
            })
        })
        .await
    }

    fn raw_url(&self, operation: &Operation, path: &PageToken) -> Result<Uri> {
        let base = self.endpoint.to_string();
        let own = base
            .strip_prefix(&self.endpoint.origin())
            .unwrap_or_default();
        let rest = path.as_str().strip_prefix(own);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?'])) {
            return self.page_url(operation, path);
        }
        format!("{base}{path}").parse().map_err(|_| {
            let fault = FieldFault::new("path", format!("{path:?} is no path and query"));
            invalid(operation, vec![fault])
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;

    use super::*;
    use crate::error::ErrorKind;
    use crate::transport::{Body, Transport, TransportError};

    /// Keeps what it is asked, and answers with a status.
    #[derive(Clone, Default)]
    struct Server {
        status: u16,
        asked: Arc<Mutex<Vec<http::Request<Bytes>>>>,
    }

    #[async_trait]
    impl Transport for Server {
        async fn send(
            &self,
            request: http::Request<Bytes>,
        ) -> std::result::Result<http::Response<Body>, TransportError> {
            self.asked.lock().unwrap().push(request);
            let answer = http::Response::builder().status(self.status);
            Ok(answer.header("x-a", "b").body(Body::from("text")).unwrap())
        }
    }

    async fn raw(status: u16, method: Method, path: &str) -> (Result<RawAnswer>, Server) {
        let server = Server {
            status,
            ..Server::default()
        };
        let client = Client::builder()
            .endpoint("http://h/base".parse().unwrap())
            .transport(server.clone())
            .without_retry()
            .build()
            .unwrap();
        let body = Some(Bytes::from_static(b"{}"));
        let path = path.parse().unwrap();
        let answer = client
            .raw(method, &path, body, &CallOptions::default())
            .await;
        (answer, server)
    }

    #[tokio::test]
    async fn any_success_is_one_and_comes_as_it_is() {
        for status in [200, 201, 206] {
            let (answer, server) = raw(status, Method::Post, "/vms?a=b").await;
            let answer = answer.unwrap();
            assert_eq!((answer.status, &*answer.body), (status, &b"text"[..]));
            assert_eq!(answer.headers["x-a"], "b");
            let asked = server.asked.lock().unwrap();
            assert_eq!(asked[0].uri(), "http://h/base/vms?a=b");
            assert!(asked[0].headers().contains_key("idempotency-key"));
        }
        let (error, _) = raw(404, Method::Get, "/vms").await;
        assert_eq!(error.unwrap_err().kind(), &ErrorKind::Unexpected);
    }

    #[tokio::test]
    async fn a_path_may_have_the_base_in_it() {
        for (path, url) in [
            ("/base/vms", "http://h/base/vms"),
            ("/base?x=1", "http://h/base?x=1"),
            ("/based", "http://h/base/based"),
        ] {
            let (_, server) = raw(200, Method::Delete, path).await;
            let asked = server.asked.lock().unwrap();
            assert_eq!(asked[0].uri(), url);
            assert!(!asked[0].headers().contains_key("idempotency-key"));
        }
    }
}
