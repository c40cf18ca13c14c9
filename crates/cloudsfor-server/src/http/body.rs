//! Reading request bodies: bounded in size and time, and JSON.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use cloudsfor_types::ErrorId;
use cloudsfor_types::FieldFault;
use cloudsfor_types::request::{BodyError, parse_object};
use cloudsfor_types::user_data::USER_DATA_MAX;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::error::ApiError;

/// The largest body that is read: 1 MiB.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

const _: () = assert!(USER_DATA_MAX < BODY_LIMIT);

/// Reads a body as it is, if it is declared as JSON.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    let encodings = headers.get_all(CONTENT_ENCODING).iter();
    if let Some(encoding) = encodings
        .into_iter()
        .find(|encoding| *encoding != "identity")
    {
        let message = format!("the body must not be encoded, and Content-Encoding is {encoding:?}");
        return Err(ApiError::new(ErrorId::UnsupportedMediaType, message));
    }
    let bytes = collect(body).await?;
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

async fn collect(body: Body) -> Result<Bytes, ApiError> {
    let too_large = || {
        let message = format!("the body is larger than {BODY_LIMIT} bytes, which is the limit");
        ApiError::new(ErrorId::PayloadTooLarge, message)
    };
    // One that says beforehand that it is too large need not be read.
    if http_body::Body::size_hint(&body).lower() > BODY_LIMIT as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, BODY_LIMIT).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(ApiError::new(
            ErrorId::BadRequest,
            "the body ended before it was whole",
        )),
        Err(_) => Err(ApiError::new(
            ErrorId::RequestTimeout,
            format!(
                "the body did not arrive within {} seconds",
                BODY_TIMEOUT.as_secs()
            ),
        )),
    }
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
