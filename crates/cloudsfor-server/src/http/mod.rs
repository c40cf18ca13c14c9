//! The API over HTTP: routes, reading requests, shaping answers. Handlers are
//! thin; what a request means is decided in [`crate::cloud`].

mod account;
mod actions;
mod audit;
mod auth;
mod body;
mod call;
mod catalog;
mod compression;
#[cfg(feature = "serve")]
mod connections;
mod deadline;
mod detach;
mod domains;
mod drain;
mod envelope;
mod error;
mod events;
mod faults;
#[cfg(feature = "serve")]
mod files;
mod head;
mod health;
mod idempotency;
mod keys;
mod layers;
#[cfg(feature = "serve")]
mod listener;
mod metrics;
mod networks;
mod openapi;
mod operation;
mod origin;
mod pages;
mod pieces;
mod query;
mod rate_limit;
mod records;
mod reference;
mod snapshots;
#[cfg(feature = "serve")]
mod testing;
#[cfg(feature = "serve")]
mod tls;
mod unchanged;
mod vms;

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post, put};
use cloudsfor_types::operations::{self, Method, Operation};

use crate::cloud::Cloud;
use crate::faults::Faults;
use crate::store::accounts::Account;
use auth::Door;
use error::ApiError;
use layers::Layers;
use rate_limit::RateLimit;
use unchanged::Unchanged;

pub use axum::body::Body;
pub use body::BODY_LIMIT;
#[cfg(feature = "serve")]
pub(crate) use files::raise_limit as raise_limit_of_files;
pub use ipnet::IpNet;
#[cfg(feature = "serve")]
pub use listener::{Limits, Listener, serve};
pub use openapi::{document as openapi_document, strict_document as strict_openapi_document};
pub use origin::{InvalidPublicUrl, Origins};
#[cfg(feature = "serve")]
pub use testing::Controls;
#[cfg(feature = "serve")]
pub use tls::{TlsError, TlsFiles};

/// The path under which the API lives.
pub const BASE_PATH: &str = "/api/v1";

/// What whoever runs the service decides about its API.
#[derive(Clone, Default)]
pub struct ApiOptions {
    /// How many requests an account may make in a minute. As many as it likes, if
    /// `None`.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Whether `/metrics` can be read from other machines.
    pub metrics_for_all: bool,
    /// Whether answers are kept in memory (up to 4 MiB) and given again for as long as
    /// nothing is committed. For a process that serves the cloud until it ends, as a
    /// file of the store stays open until then.
    pub keep_answers: bool,
    /// The faults that requests meet.
    pub faults: Option<Arc<Faults>>,
    /// What tests can take hold of at `/testing`. Nothing, if `None`.
    #[cfg(feature = "serve")]
    pub controls: Option<Controls>,
}

/// The API, for callers who say who they are by basic authentication.
pub fn router(cloud: Arc<Cloud>, options: &ApiOptions) -> Router {
    let metrics = metrics::Metrics::new(options.metrics_for_all);
    let for_operators = Router::new()
        .route("/metrics", get(metrics::get))
        .with_state((cloud.clone(), metrics.clone()));
    let mut router = routes(cloud.clone()).merge(for_operators);
    #[cfg(feature = "serve")]
    if let Some(controls) = &options.controls {
        router = router.merge(testing::router(cloud.clone(), controls.clone()));
    }
    let commits = options.keep_answers.then(|| cloud.commits()).flatten();
    let layers = Layers {
        cloud,
        unchanged: commits.map(Unchanged::new),
        door: Door::Passwords,
        metrics: Some(metrics),
        faults: options.faults.clone(),
        rate_limit: options.requests_per_minute.map(RateLimit::per_minute),
    };
    router
        .layer(from_fn_with_state(Arc::new(layers), layers::surround))
        .layer(compression::layer())
}

/// The API, for one account whose owner needs no password: whoever can read the
/// data directory. Never to be put on a socket.
pub fn router_of_owner(cloud: Arc<Cloud>, owner: Account) -> Router {
    let layers = Layers {
        cloud: cloud.clone(),
        unchanged: None,
        door: Door::Owner(owner),
        metrics: None,
        faults: None,
        rate_limit: None,
    };
    routes(cloud).layer(from_fn_with_state(Arc::new(layers), layers::surround))
}

/// One route for each operation of the API's table.
fn routes(cloud: Arc<Cloud>) -> Router {
    let router = operations::OPERATIONS
        .iter()
        .fold(Router::new(), |router, operation| {
            router.route(&route(operation), method_router(operation))
        });
    router
        .route(&format!("{BASE_PATH}{}", auth::OPENAPI), get(openapi::get))
        .route(
            &format!("{BASE_PATH}{}", auth::REFERENCE),
            get(reference::get),
        )
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(|| async { ApiError::no_such_path() })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .with_state(cloud)
}

/// The operation's path. A fingerprint may have slashes, which not every client
/// escapes.
fn route(operation: &Operation) -> String {
    format!("{BASE_PATH}{}", operation.path.replace("{key}", "{*key}"))
}

fn method_router(operation: &Operation) -> MethodRouter<Arc<Cloud>> {
    use operations as op;
    match *operation {
        op::LIST_VMS => on(operation, vms::list),
        op::CREATE_VM => on(operation, vms::create),
        op::GET_VM => on(operation, vms::get),
        op::UPDATE_VM => on(operation, vms::update),
        op::DELETE_VM => on(operation, vms::delete),
        op::LIST_VM_SNAPSHOTS => on(operation, snapshots::list_of_vm),
        op::DELETE_VM_SNAPSHOT => on(operation, snapshots::delete_of_vm),
        op::LIST_VM_BACKUPS => on(operation, snapshots::list_backups_of_vm),
        op::LIST_SNAPSHOTS => on(operation, snapshots::list),
        op::GET_SNAPSHOT => on(operation, snapshots::get),
        op::DELETE_SNAPSHOT => on(operation, snapshots::delete),
        op::CREATE_VM_ACTION => on(operation, actions::create),
        op::LIST_VM_ACTIONS => on(operation, actions::list_of_vm),
        op::GET_VM_ACTION => on(operation, actions::get_of_vm),
        op::LIST_ACTIONS => on(operation, actions::list),
        op::GET_ACTION => on(operation, actions::get),
        op::GET_ACCOUNT => on(operation, account::get),
        op::LIST_REGIONS => on(operation, catalog::list_regions),
        op::LIST_DISTROS => on(operation, catalog::list_distros),
        op::LIST_KEYS => on(operation, keys::list),
        op::CREATE_KEY => on(operation, keys::create),
        op::GET_KEY => on(operation, keys::get),
        op::UPDATE_KEY => on(operation, keys::update),
        op::DELETE_KEY => on(operation, keys::delete),
        op::LIST_NETWORKS => on(operation, networks::list),
        op::CREATE_NETWORK => on(operation, networks::create),
        op::GET_NETWORK => on(operation, networks::get),
        op::DELETE_NETWORK => on(operation, networks::delete),
        op::JOIN_NETWORK => on(operation, networks::join),
        op::LEAVE_NETWORK => on(operation, networks::leave),
        op::LIST_DOMAINS => on(operation, domains::list),
        op::CREATE_DOMAIN => on(operation, domains::create),
        op::GET_DOMAIN => on(operation, domains::get),
        op::DELETE_DOMAIN => on(operation, domains::delete),
        op::LIST_RECORDS => on(operation, records::list),
        op::CREATE_RECORD => on(operation, records::create),
        op::GET_RECORD => on(operation, records::get),
        op::UPDATE_RECORD => on(operation, records::update),
        op::DELETE_RECORD => on(operation, records::delete),
        op::WATCH_EVENTS => on(operation, events::watch),
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
        Method::Put => put(handler),
        Method::Delete => delete(handler),
    }
}
