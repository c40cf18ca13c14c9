//! A transport on which things go wrong by [`Rule`]s.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_core::transport::{Body, Transport, TransportError, TransportErrorKind};
use cloudsfor_server::faults::{Fault, Faults};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use crate::operation::operation_of;

/// What a lost or cut message says of itself.
const BY_RULE: &str = "a fault rule of the simulator says so";

/// How much of an answer that is to be cut is read first.
const CUT_LIMIT: usize = 64 << 20;

/// Another transport, with faults.
pub(crate) struct FaultyTransport<T> {
    pub(crate) inner: T,
    pub(crate) faults: Arc<Faults>,
}

#[async_trait]
impl<T: Transport> Transport for FaultyTransport<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let Some(fault) = self.faults.next(operation_of(&request)) else {
            return self.inner.send(request).await;
        };
        match fault {
            Fault::RefuseConnection => Err(TransportError::not_sent(
                TransportErrorKind::Connect,
                BY_RULE,
            )),
            Fault::LoseRequest => Err(cut()),
            Fault::LoseAnswer => {
                // Carried out though the answer is an error.
                let _lost = self.inner.send(request).await?;
                Err(cut())
            }
            Fault::CutAnswer => cut_in_half(self.inner.send(request).await?).await,
            Fault::Delay(by) => {
                tokio::time::sleep(by).await;
                self.inner.send(request).await
            }
            Fault::Hang => std::future::pending().await,
            Fault::Answer(status) => Ok(refusal(status)),
            Fault::LimitRate(retry_after) => {
                let mut response = refusal(StatusCode::TOO_MANY_REQUESTS);
                let seconds = HeaderValue::from(retry_after.as_secs());
                response.headers_mut().insert(RETRY_AFTER, seconds);
                Ok(response)
            }
        }
    }
}

fn cut() -> TransportError {
    TransportError::maybe_sent(TransportErrorKind::Cut, BY_RULE)
}

async fn cut_in_half(response: Response<Body>) -> Result<Response<Body>, TransportError> {
    let (head, body) = response.into_parts();
    let content_type = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if content_type.is_some_and(|text| text.starts_with(b"text/event-stream")) {
        // It has no half: the cut comes after what is there at once.
        let first = body.into_data_stream().take(1);
        let pieces = first.chain(stream::iter([Err(cut())])).map_ok(Frame::data);
        return Ok(Response::from_parts(
            head,
            Body::new(StreamBody::new(pieces)),
        ));
    }
    let whole = body.collect(CUT_LIMIT).await?;
    let half = whole.slice(..whole.len() / 2);
    let pieces = stream::iter([Ok(Frame::data(half)), Err(cut())]);
    Ok(Response::from_parts(
        head,
        Body::new(StreamBody::new(pieces)),
    ))
}

/// An error of the service, in the shape that its errors have.
fn refusal(status: StatusCode) -> Response<Body> {
    let id = match status {
        StatusCode::INTERNAL_SERVER_ERROR => "internal_error".to_owned(),
        _ => status
            .canonical_reason()
            .unwrap_or("error")
            .to_lowercase()
            .replace(' ', "_"),
    };
    let body = serde_json::json!({ "id": id, "message": BY_RULE }).to_string();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
