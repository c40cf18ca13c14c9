//! Which operation of the API a request asks for.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::{MatchedPath, Request};
use cloudsfor_types::operations::{OPERATIONS, Operation};

use super::route;

/// The operations, by their routes.
static BY_ROUTE: LazyLock<HashMap<String, Vec<&Operation>>> = LazyLock::new(|| {
    let mut by_route: HashMap<_, Vec<_>> = HashMap::new();
    for operation in OPERATIONS {
        by_route
            .entry(route(operation))
            .or_default()
            .push(operation);
    }
    by_route
});

/// The operation of the table, if it is one of it.
pub(super) fn of(request: &Request) -> Option<&'static Operation> {
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    let method = request.method().as_str();
    let operations = BY_ROUTE.get(path)?.iter().copied();
    operations
        .into_iter()
        .find(|operation| operation.method.as_str() == method)
}
