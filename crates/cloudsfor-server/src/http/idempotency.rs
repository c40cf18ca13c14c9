//! The `Idempotency-Key` header, and the form in which answers are kept.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use cloudsfor_types::{ErrorId, FieldFault};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::envelope::JSON;
use super::error::ApiError;
use crate::cloud::idempotency::{IdempotentRequest, Once};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const ACTION_ID: HeaderName = HeaderName::from_static("x-action-id");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The request's key, if it has one, with a digest of what it asks for.
pub(super) fn key(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Option<IdempotentRequest>, ApiError> {
    let mut keys = headers.get_all(KEY).iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let fits = (1..=255).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    let Some(key) = key.to_str().ok().filter(|_| fits && keys.next().is_none()) else {
        let message = "must be one key of 1 to 255 visible ASCII characters";
        return Err(ApiError::invalid(vec![FieldFault::new(
            "Idempotency-Key",
            message,
        )]));
    };
    let digest = Sha256::new()
        .chain_update(method.as_str())
        .chain_update([0])
        .chain_update(path)
        .chain_update([0])
        .chain_update(body);
    Ok(Some(IdempotentRequest {
        key: key.to_owned(),
        fingerprint: digest.finalize().to_vec(),
    }))
}

/// An accepted request's answer, in the form that is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Accepted {
    pub(super) status: u16,
    pub(super) action_id: Option<String>,
    /// Kept as text, so that it is answered again byte for byte.
    pub(super) body: String,
}

impl Accepted {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("numbers and strings are JSON")
    }
}

/// The answer to a request that was carried out, now or before.
pub(super) fn answer(once: &Once) -> Response {
    let Some(mut response) = kept_answer(&once.answer) else {
        let message = "the answer kept under this Idempotency-Key can't be read";
        return ApiError::new(ErrorId::InternalError, message).into_response();
    };
    if once.replayed {
        response
            .headers_mut()
            .insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

fn kept_answer(bytes: &[u8]) -> Option<Response> {
    let kept: Accepted = serde_json::from_slice(bytes).ok()?;
    let mut response = Response::new(Body::from(kept.body));
    *response.status_mut() = StatusCode::from_u16(kept.status).ok()?;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    if let Some(action_id) = kept.action_id {
        response
            .headers_mut()
            .insert(ACTION_ID, HeaderValue::try_from(action_id).ok()?);
    }
    Some(response)
}
