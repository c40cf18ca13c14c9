//! Which operation of the API a request asks for.

use axum::extract::{MatchedPath, Request};
use cloudsfor_types::operations::{OPERATIONS, Operation};

use super::route;

/// The operation of the table, if it is one of it.
pub(super) fn of(request: &Request) -> Option<&'static Operation> {
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    let method = request.method().as_str();
    OPERATIONS
        .iter()
        .find(|operation| operation.method.as_str() == method && route(operation) == path)
}
