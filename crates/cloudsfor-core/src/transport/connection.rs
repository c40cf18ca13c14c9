//! Whether a request went over a connection that was used before.
//!
//! The server may close such a connection because it is idle. A request that meets
//! that before anything of it was written is sent on another connection by
//! hyper-util itself (`retry_canceled_requests`), whatever its method. There remains
//! a race: the request is written while the server closes. Then nobody knows whether
//! it arrived, and the client decides what to do.

use std::cell::Cell;

use futures_util::TryFutureExt;

use super::{TransportError, TransportErrorKind};

tokio::task_local! {
    /// Whether the request that is being sent opened a connection.
    static OPENED: Cell<bool>;
}

/// Notes that the request that is being sent opened a connection. Connectors call
/// it, which run within the request's own future: unless another connection was
/// free meanwhile, and then there is nothing to note.
pub(super) fn note_opened() {
    let _ = OPENED.try_with(|opened| opened.set(true));
}

/// Sends a request. If its connection is cut, the error says whether that was used
/// before.
pub(super) fn watched<T>(
    sending: impl Future<Output = Result<T, TransportError>>,
) -> impl Future<Output = Result<T, TransportError>> {
    let judged = sending.map_err(|mut error| {
        error.on_used_connection = error.kind == TransportErrorKind::Cut && !OPENED.with(Cell::get);
        error
    });
    OPENED.scope(Cell::new(false), judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_used_connection_that_is_cut_is_said_to_be_used() {
        for (kind, opens, used) in [
            (TransportErrorKind::Cut, false, true),
            (TransportErrorKind::Cut, true, false),
            (TransportErrorKind::Connect, false, false),
        ] {
            let sent = watched(async {
                if opens {
                    note_opened();
                }
                Err::<(), _>(TransportError::maybe_sent(kind, "as told"))
            });
            assert_eq!(sent.await.unwrap_err().on_used_connection, used, "{kind}");
        }
    }
}
