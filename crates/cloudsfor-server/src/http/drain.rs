//! Requests that are answered before their body was read (401, 404, 413).
//!
//! A connection that is closed with bytes unread is reset, and the answer is lost
//! to the client that is still sending. So what is left of the body is read and
//! thrown away first, up to a limit.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use parking_lot::Mutex;

/// How much is thrown away at most, in bytes.
const LIMIT: usize = 8 * 1024 * 1024;

/// How long a client may be silent meanwhile.
const PATIENCE: Duration = Duration::from_millis(500);

/// A body that its handler reads, and of which the rest can be read afterwards.
#[derive(Clone)]
pub(super) struct Rest(Arc<Mutex<Body>>);

/// What a request's handler leaves of its body, if there is one.
pub(super) fn watch(request: &mut Request) -> Option<Rest> {
    if request.body().is_end_stream() {
        return None;
    }
    let rest = Rest(Arc::new(Mutex::new(std::mem::take(request.body_mut()))));
    *request.body_mut() = Body::new(rest.clone());
    Some(rest)
}

impl Rest {
    pub(super) async fn throw_away(mut self) {
        let mut thrown_away = 0;
        while thrown_away <= LIMIT && !self.is_end_stream() {
            match tokio::time::timeout(PATIENCE, self.frame()).await {
                Ok(Some(Ok(frame))) => thrown_away += frame.data_ref().map_or(0, Bytes::len),
                Ok(Some(Err(_)) | None) | Err(_) => return,
            }
        }
    }
}

impl HttpBody for Rest {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut body = self.0.lock();
        Pin::new(&mut *body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().size_hint()
    }
}
