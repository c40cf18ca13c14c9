//! What every answer has: an id, the promise about idempotency keys, and, for
//! errors, the documented body. And what every request leaves: a line in the
//! log.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::error::ApiError;
use crate::cloud::Cloud;
use crate::cloud::idempotency::RETENTION;

/// "responses say `application/json; charset=utf-8`".
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const KEY_RETENTION: HeaderName = HeaderName::from_static("idempotency-key-retention");

/// The id of a request, for whoever handles it.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) Arc<str>);

/// Around one request. Logs how it ended: one whose client hung up is dropped
/// without being closed, and logged as 499, as other servers do.
pub(super) struct Envelope {
    method: Method,
    uri: Uri,
    id: Arc<str>,
    start: Instant,
    status: u16,
    /// Whether a script of a page asks: a browser would show its own dialog for the
    /// challenge of basic authentication.
    is_script: bool,
}

impl Envelope {
    /// Gives the request its id.
    pub(super) fn open(cloud: &Cloud, request: &mut Request) -> Self {
        let id: Arc<str> = cloud.new_request_id().into();
        request.extensions_mut().insert(RequestId(id.clone()));
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            id,
            start: Instant::now(),
            status: 499,
            is_script: is_script(request.headers()),
        }
    }

    /// Gives the answer what every answer has.
    pub(super) fn close(mut self, mut response: Response) -> Response {
        if let Some(ApiError(mut body)) = response.extensions_mut().remove::<ApiError>() {
            body.request_id = Some(self.id.to_string());
            let bytes = serde_json::to_vec(&body).unwrap_or_default();
            // The status that it came with has made a body's headers already.
            response.headers_mut().remove(CONTENT_LENGTH);
            response.headers_mut().insert(CONTENT_TYPE, JSON);
            *response.body_mut() = Body::from(bytes);
        }
        let headers = response.headers_mut();
        headers.insert(KEY_RETENTION, HeaderValue::from(RETENTION));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.is_script && headers.contains_key(WWW_AUTHENTICATE) {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Session"));
        }
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            headers.insert(REQUEST_ID, id);
        }
        self.status = response.status().as_u16();
        response
    }
}

fn is_script(headers: &HeaderMap) -> bool {
    let mode = headers.get("sec-fetch-mode");
    headers.contains_key("sec-fetch-site") && mode.is_none_or(|mode| mode != "navigate")
}

impl Drop for Envelope {
    fn drop(&mut self) {
        tracing::info!(
            method = %self.method,
            path = ?self.uri.path(),
            status = self.status,
            request_id = %self.id,
            microseconds = self.start.elapsed().as_micros() as u64,
            "request"
        );
    }
}
