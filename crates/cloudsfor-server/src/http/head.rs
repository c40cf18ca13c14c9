//! Limits on a request's head.

use axum::extract::Request;
use cloudsfor_types::ErrorId;

use super::error::ApiError;

/// How many headers a request may have.
pub(super) const HEADERS: usize = 100;

/// How large its target and headers may be together, in bytes.
pub(super) const HEAD_SIZE: usize = 64 * 1024;

pub(super) fn check(request: &Request) -> Result<(), ApiError> {
    let headers = request.headers();
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    let sizes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4);
    if headers.len() > HEADERS || target + sizes.sum::<usize>() > HEAD_SIZE {
        let message = format!("a request may have {HEADERS} headers and {HEAD_SIZE} bytes of them");
        return Err(ApiError::new(ErrorId::HeadersTooLarge, message));
    }
    Ok(())
}
