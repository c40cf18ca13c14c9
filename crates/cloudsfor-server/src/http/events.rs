//! `/events`: server-sent events from the journal, resumable by cursor.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http_body::Frame;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::call::{Answer, Call};
use crate::cloud::{Access, Changes, Cloud, CloudError, CloudResult, Kind, Place};
use crate::store::accounts::AccountId;
use crate::store::events;

/// How long it may be silent before a comment shows that it still lives.
const SILENCE: Duration = Duration::from_secs(15);

/// Events read at once, at most.
const BATCH: u32 = 100;

/// Bytes of events after which no further one is read at once.
const BATCH_BYTES: usize = 64 * 1024;

pub(super) async fn watch(call: Call) -> Answer {
    call.no_parameters()?;
    let last_event_id = call.head.headers.get("last-event-id");
    let asked = last_event_id.map(|id| id.to_str().ok().and_then(|id| id.parse().ok()));
    let (cloud, account) = (call.cloud.clone(), call.account());
    let place = cloud.wait_in_place(account, Kind::Stream);
    let place = place.ok_or(CloudError::TooManyStreams)?;
    // Before anything is read: what is committed from now on is noticed.
    let changes = cloud.changes_of(account);
    let caller = call.into_caller();
    let (access, text, cursor) = cloud.read(|c| -> CloudResult<_> {
        let (first, last) = (events::first(c, account)?, events::last(c, account)?);
        let (text, cursor) = match asked {
            // A line with an id alone tells a newcomer where the journal is.
            None => (format!("id: {last}\n\n"), last),
            // The head of the answer goes out with the first chunk.
            Some(Some(cursor)) if (first - 1..=last).contains(&cursor) => {
                (": here\n\n".to_owned(), cursor)
            }
            // Never a silent gap.
            Some(_) => (format!("event: reset\nid: {last}\ndata: {{}}\n\n"), last),
        };
        Ok((Access::of(c, caller)?, text, cursor))
    })?;
    // One batch is ready while the one before is sent.
    let (sender, receiver) = mpsc::channel(1);
    let stream = Stream {
        cloud,
        account,
        access,
        changes,
        cursor,
        text,
        last_sent: Instant::now(),
        _place: place,
    };
    tokio::spawn(stream.send(sender));
    let mut response = Response::new(Body::new(Chunks(receiver)));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// What one client hears.
struct Stream {
    cloud: Arc<Cloud>,
    account: AccountId,
    access: Access,
    changes: Changes,
    /// The last event that was read.
    cursor: i64,
    /// What is to be sent next.
    text: String,
    last_sent: Instant,
    _place: Place,
}

impl Stream {
    /// Sends events until the client or the service goes away, or the client may no
    /// longer hear them.
    async fn send(mut self, sender: mpsc::Sender<Bytes>) {
        loop {
            // Nothing is read for a client that has not taken what came before.
            let permit = tokio::select! {
                permit = sender.reserve() => permit,
                ended = self.revoked() => return ended,
            };
            let Ok(permit) = permit else { return };
            match self.read() {
                Ok(()) => {}
                Err(CloudError::Revoked) => return,
                Err(error) => {
                    tracing::error!(%error, "can't read the journal of events");
                    return;
                }
            }
            if self.text.is_empty() && self.last_sent.elapsed() >= SILENCE {
                self.text.push_str(": still here\n\n");
            }
            if self.text.is_empty() {
                drop(permit);
                tokio::select! {
                    open = self.changes.wait() => if !open { return },
                    () = sleep_until(self.last_sent + SILENCE) => {}
                    () = sender.closed() => return,
                }
                continue;
            }
            self.last_sent = Instant::now();
            permit.send(Bytes::from(std::mem::take(&mut self.text)));
        }
    }

    /// Reads the next events, if the client may hear them.
    fn read(&mut self) -> CloudResult<()> {
        let found = self.cloud.read(|c| -> CloudResult<_> {
            self.access.check(c)?;
            let (account, cursor) = (self.account, self.cursor);
            Ok(events::after(c, account, cursor, BATCH, BATCH_BYTES)?)
        })?;
        for event in found {
            self.cursor = event.cursor;
            let _ = write!(
                self.text,
                "event: {}\nid: {}\ndata: {}\n\n",
                event.kind, event.cursor, event.data
            );
        }
        Ok(())
    }

    /// Ends when the client may no longer hear anything, or the service goes away.
    async fn revoked(&mut self) {
        while self.changes.wait().await {
            let checked = self.cloud.read(|c| self.access.check(c));
            if checked.is_err() {
                return;
            }
        }
    }
}

/// A body whose chunks come through a channel.
struct Chunks(mpsc::Receiver<Bytes>);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(cx)
            .map(|chunk| chunk.map(|bytes| Ok(Frame::data(bytes))))
    }
}
