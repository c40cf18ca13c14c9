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

use super::call::{Answer, Call};
use crate::cloud::{Cloud, CloudResult};
use crate::store::accounts::AccountId;
use crate::store::events;

/// How long it may be silent before a comment shows that it still lives.
const SILENCE: Duration = Duration::from_secs(15);

/// Events read at once.
const BATCH: u32 = 100;

pub(super) async fn watch(call: Call) -> Answer {
    call.no_parameters()?;
    let last_event_id = call.head.headers.get("last-event-id");
    let asked = last_event_id.map(|id| id.to_str().ok().and_then(|id| id.parse().ok()));
    let account = call.account();
    let (start, cursor) = call.cloud.read(|c| -> CloudResult<_> {
        let (first, last) = (events::first(c, account)?, events::last(c, account)?);
        Ok(match asked {
            // A line with an id alone tells a newcomer where the journal is.
            None => (format!("id: {last}\n\n"), last),
            Some(Some(cursor)) if (first - 1..=last).contains(&cursor) => (String::new(), cursor),
            // Never a silent gap.
            Some(_) => (format!("event: reset\nid: {last}\ndata: {{}}\n\n"), last),
        })
    })?;
    let (sender, receiver) = mpsc::channel(16);
    tokio::spawn(send(call.cloud.clone(), account, start, cursor, sender));
    let mut response = Response::new(Body::new(Chunks(receiver)));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Sends events until the client or the service goes away.
async fn send(
    cloud: Arc<Cloud>,
    account: AccountId,
    start: String,
    mut cursor: i64,
    sender: mpsc::Sender<Bytes>,
) {
    let mut changes = cloud.changes();
    // The head of the answer goes out with the first chunk.
    let mut text = if start.is_empty() {
        ": here\n\n".to_owned()
    } else {
        start
    };
    let mut last_sent = tokio::time::Instant::now();
    loop {
        let read = |c: &_| -> CloudResult<_> { Ok(events::after(c, account, cursor, BATCH)?) };
        let found = match cloud.read(read) {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "can't read the journal of events");
                return;
            }
        };
        for event in &found {
            cursor = event.cursor;
            let _ = write!(
                text,
                "event: {}\nid: {cursor}\ndata: {}\n\n",
                event.kind, event.data
            );
        }
        if text.is_empty() && last_sent.elapsed() >= SILENCE {
            text.push_str(": still here\n\n");
        }
        if !text.is_empty() {
            last_sent = tokio::time::Instant::now();
            if sender
                .send(Bytes::from(std::mem::take(&mut text)))
                .await
                .is_err()
            {
                return;
            }
        }
        if found.len() < BATCH as usize {
            tokio::select! {
                open = changes.wait() => if !open { return },
                () = tokio::time::sleep_until(last_sent + SILENCE) => {}
                () = sender.closed() => return,
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
