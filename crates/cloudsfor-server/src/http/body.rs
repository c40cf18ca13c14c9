//! Reading request bodies: bounded in size and time, and JSON.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use cloudsfor_types::ErrorId;
use cloudsfor_types::FieldFault;
use cloudsfor_types::request::{BodyError, parse_object};
use cloudsfor_types::user_data::USER_DATA_MAX;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use serde_json::{Map, Value};

use super::error::ApiError;
use crate::cloud::{CloudError, Share, UNCOUNTED};

/// The largest body that is read: 1 MiB.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

const _: () = assert!(USER_DATA_MAX < BODY_LIMIT);

/// Reads a body as it is, if it is declared as JSON. While it arrives, it counts against
/// the account's share of memory.
pub(super) async fn read(headers: &HeaderMap, body: Body, share: Share) -> Result<Bytes, ApiError> {
    let encodings = headers.get_all(CONTENT_ENCODING).iter();
    if let Some(encoding) = encodings
        .into_iter()
        .find(|encoding| *encoding != "identity")
    {
        let message = format!("the body must not be encoded, and Content-Encoding is {encoding:?}");
        return Err(ApiError::new(ErrorId::UnsupportedMediaType, message));
    }
    let bytes = collect(body, share).await?;
    if !bytes.is_empty() && !headers.get(CONTENT_TYPE).is_some_and(is_json) {
        return Err(ApiError::new(
            ErrorId::UnsupportedMediaType,
            "the body must be declared as JSON: send Content-Type: application/json",
        ));
    }
    Ok(bytes)
}

/// Parses a body as one JSON object.
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    parse_object(bytes).map_err(|error| match error {
        BodyError::NotAnObject(found) => {
            let message = format!("must be a JSON object, not {found}");
            ApiError::invalid(vec![FieldFault::new("body", message)])
        }
        _ => ApiError::new(ErrorId::BadRequest, error.to_string()),
    })
}

async fn collect(body: Body, share: Share) -> Result<Bytes, ApiError> {
    // One that says beforehand that it is too large need not be read.
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIMEOUT, arrive(body, share)).await {
        Ok(arrived) => arrived,
        Err(_) => Err(ApiError::new(
            ErrorId::RequestTimeout,
            format!(
                "the body did not arrive within {} seconds",
                BODY_TIMEOUT.as_secs()
            ),
        )),
    }
}

async fn arrive(mut body: Body, mut share: Share) -> Result<Bytes, ApiError> {
    let mut whole = BytesMut::new();
    let mut counted = 0;
    while let Some(frame) = body.frame().await {
        let cut = |_| ApiError::new(ErrorId::BadRequest, "the body ended before it was whole");
        let Ok(piece) = frame.map_err(cut)?.into_data() else {
            continue;
        };
        let length = whole.len() + piece.len();
        if length > BODY_LIMIT {
            return Err(too_large());
        }
        if length > UNCOUNTED {
            if !share.grow(length - counted) {
                return Err(CloudError::TooMuchAtOnce.into());
            }
            counted = length;
        }
        // Most bodies are one piece, which is taken as it is.
        if whole.is_empty() && body.is_end_stream() {
            return Ok(piece);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

fn too_large() -> ApiError {
    let message = format!("the body is larger than {BODY_LIMIT} bytes, which is the limit");
    ApiError::new(ErrorId::PayloadTooLarge, message)
}

/// JSON, in UTF-8 if a charset is named.
fn is_json(content_type: &HeaderValue) -> bool {
    let Ok(text) = content_type.to_str() else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    let is_json = parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_in_utf_8_is_json() {
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/json; x=y",
        ] {
            assert!(is_json(&HeaderValue::from_static(good)), "{good}");
        }
        for bad in [
            "",
            "text/json",
            "application/jsonx",
            "application/x-www-form-urlencoded",
            "application/json; charset=utf-16",
        ] {
            assert!(!is_json(&HeaderValue::from_static(bad)), "{bad}");
        }
    }
}
