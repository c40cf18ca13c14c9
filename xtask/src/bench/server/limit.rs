//! The least that a service of this kind could do: axum with basic authentication
//! and fixed bytes, and the same with one read of SQLite.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rusqlite::{Connection, OpenFlags};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::{Error, authorization};

struct Fixed {
    authorization: String,
    answer: Bytes,
    /// Connections to read from, if it is to read.
    store: Option<(Mutex<Vec<Connection>>, std::path::PathBuf, String)>,
}

/// Starts one; `read` names a store and the VM in it that is read each time.
pub(super) fn start(
    runtime: &Runtime,
    answer: Bytes,
    read: Option<(&Path, &str)>,
) -> Result<SocketAddr, Error> {
    let fixed = Arc::new(Fixed {
        authorization: authorization(),
        answer,
        store: read.map(|(store, id)| (Mutex::default(), store.to_owned(), id.to_owned())),
    });
    let router = Router::new()
        .route("/api/v1/vms/{id}", get(one))
        .with_state(fixed);
    let tcp = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = tcp.local_addr()?;
    runtime.spawn(async move {
        while let Ok((stream, _)) = tcp.accept().await {
            let _ = stream.set_nodelay(true);
            let service = TowerToHyperService::new(router.clone());
            tokio::spawn(async move {
                let http = Builder::new(TokioExecutor::new()).http1_only();
                let _ = http.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Ok(address)
}

async fn one(State(fixed): State<Arc<Fixed>>, headers: HeaderMap) -> Response {
    let right = headers
        .get(AUTHORIZATION)
        .is_some_and(|value| value == &*fixed.authorization);
    if !right {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if let Some((idle, path, id)) = &fixed.store {
        let kept = idle.lock().expect("nobody panics").pop();
        let connection = kept.unwrap_or_else(|| {
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
                .expect("it is there")
        });
        let read = connection
            .prepare_cached(
                "SELECT * FROM vms WHERE id = ? AND account_id = 1 AND deleted_at IS NULL",
            )
            .and_then(|mut statement| statement.exists([id]));
        assert!(read.is_ok_and(|found| found), "the VM is there");
        idle.lock().expect("nobody panics").push(connection);
    }
    (
        [("content-type", "application/json; charset=utf-8")],
        fixed.answer.clone(),
    )
        .into_response()
}
