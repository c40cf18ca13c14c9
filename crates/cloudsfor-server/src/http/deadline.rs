//! The longest that a request may take until its answer begins.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use cloudsfor_types::ErrorId;

use super::error::ApiError;

/// More than a body may take to arrive, or an answer may be waited for.
const LONGEST: Duration = Duration::from_secs(75);

pub(super) async fn keep(answer: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(LONGEST, answer).await {
        Ok(response) => response,
        Err(_) => {
            let message = "the service was too slow; a change that was asked for may still be made";
            ApiError::new(ErrorId::ServiceUnavailable, message).into_response()
        }
    }
}
