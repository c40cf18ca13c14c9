//! Connections that the server closed while they were idle.
//!
//! A request that meets one before anything of it was written is sent on another
//! connection by hyper-util itself (`retry_canceled_requests`), whatever its
//! method. There remains a race: the request is written while the server closes.
//! Then nobody knows whether it arrived, so only a request that reads is sent
//! again, and only if it went over a connection that was used before: a new
//! connection that is cut is the server's fault and an error. What changes
//! something is the client's matter: it must know of every doubt, so that a
//! deletion that finds nothing the second time is a success.

use std::cell::Cell;

use bytes::Bytes;
use http::{Request, Response};

use super::{Body, TransportError, TransportErrorKind};

tokio::task_local! {
    /// Whether the request that is being sent opened a connection.
    static CONNECTED: Cell<bool>;
}

/// Notes that the request that is being sent opened a connection. Connectors call
/// it, which run within the request's own future: unless another connection was
/// free meanwhile, and then there is nothing to note.
pub(super) fn note_connection() {
    let _ = CONNECTED.try_with(|connected| connected.set(true));
}

/// Sends the request, again as long as it only meets connections that the server
/// has closed. Each of them leaves the pool, so this ends.
pub(super) async fn send<F>(
    request: Request<Bytes>,
    attempt: impl Fn(Request<Bytes>) -> F,
) -> Result<Response<Body>, TransportError>
where
    F: Future<Output = Result<Response<Body>, TransportError>>,
{
    loop {
        let (result, connected) = CONNECTED
            .scope(Cell::new(false), async {
                let result = attempt(request.clone()).await;
                (result, CONNECTED.with(Cell::get))
            })
            .await;
        match result {
            Err(error)
                if error.kind == TransportErrorKind::Cut
                    && !connected
                    && request.method().is_safe() => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use http::Method;

    use super::*;

    /// Sends over `stale` closed connections before a new one, which answers
    /// unless `broken`, and returns how often it was sent.
    async fn sent(method: Method, stale: u32, broken: bool) -> (u32, bool) {
        let attempts = AtomicU32::new(0);
        let request = Request::builder().method(method).body(Bytes::new());
        let result = send(request.unwrap(), async |_| {
            let fresh = attempts.fetch_add(1, Ordering::Relaxed) >= stale;
            if fresh {
                note_connection();
            }
            if fresh && !broken {
                Ok(Response::new(Body::from("")))
            } else {
                Err(TransportError::maybe_sent(
                    TransportErrorKind::Cut,
                    "closed",
                ))
            }
        })
        .await;
        (attempts.into_inner(), result.is_ok())
    }

    #[tokio::test]
    async fn only_a_read_on_a_used_connection_is_sent_again() {
        assert_eq!(sent(Method::GET, 0, false).await, (1, true));
        assert_eq!(sent(Method::GET, 3, false).await, (4, true));
        assert_eq!(sent(Method::GET, 0, true).await, (1, false));
        assert_eq!(sent(Method::GET, 2, true).await, (3, false));
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            assert_eq!(sent(method.clone(), 0, false).await, (1, true));
            assert_eq!(sent(method, 3, false).await, (1, false));
        }
    }
}
