//! Requests that are answered before their body was read (401, 404, 413).
//!
//! A connection that is closed with bytes unread is reset, and the answer is lost
//! to the client that is still sending. So the answer is sent at once, and what is
//! left of the body is read and thrown away beside it: up to a limit of bytes, and up
//! to a limit of time in all. A connection whose answer was sent is idle meanwhile.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::EXPECT;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use parking_lot::Mutex;

/// How much is thrown away at most, in bytes.
const LIMIT: usize = 8 * 1024 * 1024;

/// How long it may take in all.
const LONGEST: Duration = Duration::from_millis(1500);

/// A body that its handler reads, and of which the rest can be read afterwards.
#[derive(Clone)]
pub(super) struct Rest(Arc<Mutex<Watched>>);

struct Watched {
    body: Body,
    /// Whether the client sends nothing before it is asked to (RFC 9110, section
    /// 10.1.1), which it is by the first look at the body.
    waits_to_be_asked: bool,
}

/// What a request's handler leaves of its body, if there is one.
pub(super) fn watch(request: &mut Request) -> Option<Rest> {
    if request.body().is_end_stream() {
        return None;
    }
    let rest = Rest(Arc::new(Mutex::new(Watched {
        waits_to_be_asked: request.headers().contains_key(EXPECT),
        body: std::mem::take(request.body_mut()),
    })));
    *request.body_mut() = Body::new(rest.clone());
    Some(rest)
}

impl Rest {
    /// Throws away what is left, beside the answer that is sent.
    pub(super) fn throw_away(self) {
        if self.is_end_stream() || self.0.lock().waits_to_be_asked {
            return;
        }
        let mut reading = Box::pin(tokio::time::timeout(LONGEST, self.read()));
        // What is in memory is read at once.
        if reading.as_mut().now_or_never().is_none() {
            tokio::spawn(reading);
        }
    }

    async fn read(mut self) {
        let mut thrown_away = 0;
        while thrown_away <= LIMIT {
            match self.frame().await {
                Some(Ok(frame)) => thrown_away += frame.data_ref().map_or(0, Bytes::len),
                Some(Err(_)) | None => return,
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
        let mut watched = self.0.lock();
        watched.waits_to_be_asked = false;
        Pin::new(&mut watched.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// A body that never ends, and tells when it was let go.
    fn endless(pause: Duration) -> (Body, std::sync::Weak<()>) {
        let held = Arc::new(());
        let weak = Arc::downgrade(&held);
        let stream = futures_util::stream::unfold(held, move |held| async move {
            tokio::time::sleep(pause).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), held))
        });
        (Body::from_stream(stream), weak)
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_is_let_go_after_a_time_in_all() {
        for pause in [1, 400, 1_000_000] {
            let (body, held) = endless(Duration::from_millis(pause));
            let mut request = Request::new(body);
            let rest = watch(&mut request).unwrap();
            drop(request);
            rest.throw_away();
            let start = tokio::time::Instant::now();
            while held.strong_count() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert!(start.elapsed() < 2 * LONGEST, "{pause}");
        }
    }

    #[tokio::test]
    async fn a_client_that_waits_to_be_asked_is_not() {
        let (body, held) = endless(Duration::ZERO);
        let mut request = Request::new(body);
        let expects = http::HeaderValue::from_static("100-continue");
        request.headers_mut().insert(EXPECT, expects);
        let rest = watch(&mut request).unwrap();
        drop(request);
        rest.throw_away();
        assert_eq!(held.strong_count(), 0);
    }
}
