//! Exchanges that were recorded, answered again: tests against a service's real
//! answers, without the service.
//!
//! ```
//! use cloudsfor_core::transport::{Exchange, RecordedTransport};
//! use cloudsfor_core::{CallOptions, Client, Vms};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let exchange: Exchange = serde_json::from_str(
//!     r#"{
//!         "request": {"method": "DELETE", "path": "/api/v1/vms/17"},
//!         "response": {"status": 204}
//!     }"#,
//! ).unwrap();
//! let recorded = RecordedTransport::new([exchange]);
//! let client = Client::builder()
//!     .endpoint("http://cloud.test".parse()?)
//!     .transport(recorded.clone())
//!     .build()?;
//!
//! client.delete_vm(&"17".parse().unwrap(), &CallOptions::default()).await?;
//! assert_eq!(recorded.left(), 0);
//! # Ok::<(), cloudsfor_core::Error>(())
//! # }).unwrap();
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, DATE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Body, DEFAULT_BODY_LIMIT, Transport, TransportError, TransportErrorKind};

/// What is never recorded: a secret, and what differs by where, when and with which
/// features it was recorded.
const LEFT_OUT: [HeaderName; 5] = [ACCEPT_ENCODING, AUTHORIZATION, DATE, HOST, USER_AGENT];

/// A request and its answer. Bodies are JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// What was asked.
    pub request: RecordedRequest,
    /// What was answered.
    pub response: RecordedResponse,
}

/// A recorded request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedRequest {
    /// The method: `GET`.
    pub method: String,
    /// The path and query.
    pub path: String,
    /// The headers, without `Authorization`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// A recorded answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// Answers recorded exchanges in their order, and is strict about it: a request
/// that is not the next one is an error that says what was recorded. Clones
/// share what is left.
#[derive(Clone)]
pub struct RecordedTransport {
    exchanges: Arc<Mutex<VecDeque<Exchange>>>,
}

impl RecordedTransport {
    /// A transport that answers these exchanges.
    pub fn new(exchanges: impl IntoIterator<Item = Exchange>) -> Self {
        Self {
            exchanges: Arc::new(Mutex::new(exchanges.into_iter().collect())),
        }
    }

    /// How many exchanges have not been asked for yet.
    pub fn left(&self) -> usize {
        lock(&self.exchanges).len()
    }
}

#[async_trait]
impl Transport for RecordedTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        let asked = recorded_request(&request);
        let mut exchanges = lock(&self.exchanges);
        let Some(next) = exchanges.front() else {
            return Err(not_recorded(&asked, "nothing more"));
        };
        if let Some(difference) = difference(&asked, &next.request) {
            return Err(not_recorded(&asked, &difference));
        }
        let answer = exchanges.pop_front().map(|exchange| exchange.response);
        answer
            .and_then(|answer| response(&answer))
            .ok_or_else(|| not_recorded(&asked, "an answer that is no HTTP"))
    }
}

fn difference(asked: &RecordedRequest, recorded: &RecordedRequest) -> Option<String> {
    if (&asked.method, &asked.path) != (&recorded.method, &recorded.path) {
        return Some(format!("{} {}", recorded.method, recorded.path));
    }
    if asked.body != recorded.body {
        let body = recorded
            .body
            .as_ref()
            .map_or_else(|| "none".to_owned(), Value::to_string);
        return Some(format!("the body {body}"));
    }
    let missing = |(name, value): &(&String, &String)| asked.headers.get(*name) != Some(value);
    let (name, value) = recorded.headers.iter().find(missing)?;
    Some(format!("the header {name}: {value}"))
}

fn not_recorded(asked: &RecordedRequest, recorded: &str) -> TransportError {
    let body = asked
        .body
        .as_ref()
        .map(Value::to_string)
        .unwrap_or_default();
    TransportError::not_sent(
        TransportErrorKind::Protocol,
        format!(
            "asked for {} {} {body}, but recorded is {recorded}",
            asked.method, asked.path
        ),
    )
}

fn response(recorded: &RecordedResponse) -> Option<http::Response<Body>> {
    let mut builder = http::Response::builder().status(recorded.status);
    for (name, value) in &recorded.headers {
        builder = builder.header(name, value);
    }
    let body = recorded
        .body
        .as_ref()
        .map(Value::to_string)
        .unwrap_or_default();
    builder.body(Body::from(body)).ok()
}

/// Passes requests on and keeps every exchange: the other half of
/// [`RecordedTransport`]. Clones record together.
#[derive(Clone)]
pub struct Recorder<T> {
    inner: T,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
}

impl<T: Transport> Recorder<T> {
    /// Records what goes through `inner`.
    pub fn new(inner: T) -> Self {
        Self {
            inner,
            exchanges: Arc::default(),
        }
    }

    /// What was recorded since the last call.
    pub fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut *lock(&self.exchanges))
    }
}

#[async_trait]
impl<T: Transport> Transport for Recorder<T> {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        let asked = recorded_request(&request);
        let (head, body) = self.inner.send(request).await?.into_parts();
        let body = body.collect(DEFAULT_BODY_LIMIT).await?;
        lock(&self.exchanges).push(Exchange {
            request: asked,
            response: RecordedResponse {
                status: head.status.as_u16(),
                headers: recorded_headers(&head.headers),
                body: recorded_body(&body),
            },
        });
        Ok(http::Response::from_parts(head, Body::from(body)))
    }
}

fn recorded_request(request: &http::Request<Bytes>) -> RecordedRequest {
    let path = request.uri().path_and_query();
    RecordedRequest {
        method: request.method().to_string(),
        path: path.map_or("/", |path| path.as_str()).to_owned(),
        headers: recorded_headers(request.headers()),
        body: recorded_body(request.body()),
    }
}

fn recorded_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter(|(name, _)| !LEFT_OUT.contains(name))
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}

/// The body as JSON; as a JSON string if it is something else.
fn recorded_body(bytes: &Bytes) -> Option<Value> {
    let text = || Value::String(String::from_utf8_lossy(bytes).into_owned());
    (!bytes.is_empty()).then(|| serde_json::from_slice(bytes).unwrap_or_else(|_| text()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for RecordedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedTransport")
            .field("left", &self.left())
            .finish()
    }
}

impl<T> fmt::Debug for Recorder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(method: &str, path: &str, body: Option<Value>) -> Exchange {
        Exchange {
            request: RecordedRequest {
                method: method.into(),
                path: path.into(),
                headers: BTreeMap::from([("accept".into(), "application/json".into())]),
                body,
            },
            response: RecordedResponse {
                status: 202,
                headers: BTreeMap::from([("x-action-id".into(), "7".into())]),
                body: Some(serde_json::json!({"vm": null})),
            },
        }
    }

    fn request(method: &str, uri: &str, accept: &str, body: &'static str) -> http::Request<Bytes> {
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("accept", accept);
        let request = request.header("authorization", "Basic secret");
        request.body(Bytes::from_static(body.as_bytes())).unwrap()
    }

    #[tokio::test]
    async fn what_was_recorded_is_answered_again() {
        let exchange = exchange("POST", "/vms?a=b", Some(serde_json::json!({"name": "a"})));
        let recorder = Recorder::new(RecordedTransport::new([exchange.clone()]));
        let asked = request(
            "POST",
            "http://cloud.test/vms?a=b",
            "application/json",
            r#"{"name": "a"}"#,
        );
        let answer = recorder.send(asked).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["x-action-id"]),
            (202, &"7".parse().unwrap())
        );
        assert_eq!(
            answer.into_body().collect(100).await.unwrap(),
            r#"{"vm":null}"#
        );
        let recorded = recorder.take();
        assert_eq!(recorded, [exchange]);
        assert!(!serde_json::to_string(&recorded).unwrap().contains("secret"));
        assert_eq!(recorder.take(), []);
    }

    #[tokio::test]
    async fn anything_else_is_an_error_that_says_what_was_recorded() {
        let transport = RecordedTransport::new([exchange("POST", "/vms", Some(1.into()))]);
        for (method, path, accept, body, says) in [
            (
                "GET",
                "/vms",
                "application/json",
                "",
                "recorded is POST /vms",
            ),
            (
                "POST",
                "/other",
                "application/json",
                "1",
                "recorded is POST /vms",
            ),
            (
                "POST",
                "/vms",
                "application/json",
                "2",
                "recorded is the body 1",
            ),
            (
                "POST",
                "/vms",
                "text/html",
                "1",
                "recorded is the header accept: application/json",
            ),
        ] {
            let error = transport
                .send(request(method, path, accept, body))
                .await
                .unwrap_err();
            assert!(error.source.to_string().contains(says), "{}", error.source);
            assert_eq!(transport.left(), 1);
        }
        transport
            .send(request("POST", "/vms", "application/json", "1"))
            .await
            .unwrap();
        let error = transport
            .send(request("POST", "/vms", "application/json", "1"))
            .await
            .unwrap_err();
        assert!(
            error
                .source
                .to_string()
                .contains("recorded is nothing more")
        );
    }
}
