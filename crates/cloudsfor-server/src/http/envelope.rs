//! What every answer has: an id, the promise about idempotency keys, and, for
//! errors, the documented body. And what every request leaves: a line in the
//! log.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};

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

pub(super) async fn wrap(
    State(cloud): State<Arc<Cloud>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id: Arc<str> = cloud.new_request_id().into();
    request.extensions_mut().insert(RequestId(id.clone()));
    let log = RequestLog::start(&request, id.clone());
    let mut response = next.run(request).await;
    if let Some(ApiError(mut body)) = response.extensions_mut().remove::<ApiError>() {
        body.request_id = Some(id.to_string());
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        // The status that it came with has made a body's headers already.
        response.headers_mut().remove(CONTENT_LENGTH);
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        *response.body_mut() = Body::from(bytes);
    }
    let headers = response.headers_mut();
    headers.insert(KEY_RETENTION, HeaderValue::from(RETENTION));
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    log.finish(response.status().as_u16());
    response
}

/// Logs how a request ended. One whose client hung up is dropped without being
/// finished; it is logged as 499, as other servers do.
struct RequestLog {
    method: Method,
    path: String,
    id: Arc<str>,
    start: Instant,
    status: u16,
}

impl RequestLog {
    fn start(request: &Request, id: Arc<str>) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            id,
            start: Instant::now(),
            status: 499,
        }
    }

    fn finish(mut self, status: u16) {
        self.status = status;
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        tracing::info!(
            method = %self.method,
            path = ?self.path,
            status = self.status,
            request_id = %self.id,
            microseconds = self.start.elapsed().as_micros() as u64,
            "request"
        );
    }
}
