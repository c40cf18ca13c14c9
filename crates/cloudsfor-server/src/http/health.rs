//! `/healthz` and `/readyz`: for whoever runs the service.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::CONTENT_TYPE;

use super::call::Answer;
use super::envelope::JSON;
use crate::cloud::Cloud;

/// The process answers.
pub(super) async fn healthz() -> Response {
    status("ok")
}

/// The store takes changes.
pub(super) async fn readyz(State(cloud): State<Arc<Cloud>>) -> Answer {
    cloud.takes_changes().await?;
    Ok(status("ready"))
}

fn status(status: &'static str) -> Response {
    let mut response = Response::new(Body::from(format!("{{\"status\":\"{status}\"}}")));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}
