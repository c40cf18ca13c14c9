//! Requests that change something are finished although their client hangs up:
//! hyper drops the future of a request whose connection is gone, so these run in
//! a task of their own.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::panicked;

pub(super) async fn finish_mutations(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => panicked(Box::new(error)).into_response(),
    }
}
