//! The API over HTTP: routes, reading requests, shaping answers. Handlers are
//! thin; what a request means is decided in [`crate::cloud`].

mod auth;
mod body;
mod detach;
mod envelope;
mod error;
mod idempotency;
mod listener;
mod pages;
mod query;
mod vms;

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, delete, get, post};
use cloudsfor_types::operations::{self, Method, Operation};
use tower_http::catch_panic::CatchPanicLayer;

use crate::cloud::Cloud;
use crate::store::accounts::Account;
use error::ApiError;

pub use axum::body::Body;
pub use body::BODY_LIMIT;
pub use listener::{Limits, serve};

/// The path under which the API lives.
pub const BASE_PATH: &str = "/api/v1";

/// The API, for callers who say who they are by basic authentication.
pub fn router(cloud: Arc<Cloud>) -> Router {
    let authenticated = from_fn_with_state(cloud.clone(), auth::authenticate);
    wrapped(routes(cloud.clone()).layer(authenticated), cloud)
}

/// The API, for one account whose owner needs no password: whoever can read the
/// data directory. Never to be put on a socket.
pub fn router_of_owner(cloud: Arc<Cloud>, owner: Account) -> Router {
    let as_owner = from_fn_with_state(owner, auth::as_owner);
    wrapped(routes(cloud.clone()).layer(as_owner), cloud)
}

/// What every answer has is added outermost, to errors of the inner layers too.
fn wrapped(router: Router, cloud: Arc<Cloud>) -> Router {
    router
        .layer(from_fn(detach::finish_mutations))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(from_fn_with_state(cloud, envelope::wrap))
}

/// One route for each operation of the API's table.
fn routes(cloud: Arc<Cloud>) -> Router {
    let router = operations::OPERATIONS
        .iter()
        .fold(Router::new(), |router, operation| {
            router.route(
                &format!("{BASE_PATH}{}", operation.path),
                method_router(operation),
            )
        });
    router
        .fallback(|| async { ApiError::no_such_path() })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .with_state(cloud)
}

fn method_router(operation: &Operation) -> MethodRouter<Arc<Cloud>> {
    match *operation {
        operations::LIST_VMS => on(operation, vms::list),
        operations::CREATE_VM => on(operation, vms::create),
        operations::GET_VM => on(operation, vms::get),
        operations::DELETE_VM => on(operation, vms::delete),
        operations::LIST_VM_SNAPSHOTS => on(operation, vms::list_snapshots),
        _ => unreachable!("the operation {} has no handler", operation.name),
    }
}

fn on<H, T>(operation: &Operation, handler: H) -> MethodRouter<Arc<Cloud>>
where
    H: Handler<T, Arc<Cloud>>,
    T: 'static,
{
    match operation.method {
        Method::Get => get(handler),
        Method::Post => post(handler),
        Method::Delete => delete(handler),
    }
}
