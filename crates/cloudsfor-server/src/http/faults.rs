//! Requests that meet a fault because somebody asked for it.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use cloudsfor_types::ErrorId;
use futures_util::stream;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, RETRY_AFTER};
use http_body_util::BodyExt;

use super::error::ApiError;
use crate::faults::Fault;

/// Marks an answer in whose place the connection is to be closed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{BY_RULE}")]
pub(super) struct HangUp;

/// What a fault that was asked for says of itself.
const BY_RULE: &str = "a fault rule of the simulator says so";

/// Answers a request that meets a fault.
pub(super) async fn meet(fault: Fault, answer: impl Future<Output = Response>) -> Response {
    match fault {
        Fault::RefuseConnection | Fault::LoseRequest => hang_up(),
        Fault::LoseAnswer => {
            // Carried out though nobody learns of it.
            answer.await;
            hang_up()
        }
        Fault::CutAnswer => cut_in_half(answer.await).await,
        Fault::Delay(by) => {
            tokio::time::sleep(by).await;
            answer.await
        }
        Fault::Hang => std::future::pending().await,
        Fault::Answer(status) => refuse(status),
        Fault::LimitRate(after) => {
            let mut response = refuse(StatusCode::TOO_MANY_REQUESTS);
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, after.as_secs().into());
            response
        }
    }
}

fn hang_up() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(HangUp);
    response
}

async fn cut_in_half(response: Response) -> Response {
    let (head, body) = response.into_parts();
    let whole = body
        .collect()
        .await
        .map_or_else(|_| Bytes::new(), |body| body.to_bytes());
    let half = whole.slice(..whole.len() / 2);
    let cut = std::io::Error::other(BY_RULE);
    let mut response =
        Response::from_parts(head, Body::from_stream(stream::iter([Ok(half), Err(cut)])));
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, whole.len().into());
    response
}

/// An error of this status; one that the service never sends has another's name.
fn refuse(status: StatusCode) -> Response {
    let of_status = |id: &&ErrorId| id.status() == Some(status.as_u16());
    let named = || {
        let reason = status.canonical_reason().unwrap_or("error");
        ErrorId::from(reason.to_lowercase().replace(' ', "_"))
    };
    let id = ErrorId::KNOWN
        .iter()
        .find(of_status)
        .cloned()
        .unwrap_or_else(named);
    let mut response = ApiError::new(id, BY_RULE).into_response();
    *response.status_mut() = status;
    response
}
