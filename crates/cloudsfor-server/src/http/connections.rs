//! How many connections there may be, and which one ends when there are more.
//!
//! A connection in whose request nobody is at work is idle: it waits for a
//! request, or for the rest of one's head. When a new one comes and there is no
//! room, the one that has been idle longest makes room. So clients that open
//! connections and send nothing keep nobody else out.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// All connections of a listener.
#[derive(Debug)]
pub(super) struct Connections {
    slots: Arc<Semaphore>,
    /// Those that are idle, by the order in which they became so.
    idle: Mutex<BTreeMap<u64, Arc<Notify>>>,
    order: AtomicU64,
}

/// One connection; its slot is free when this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    all: Arc<Connections>,
    make_room: Arc<Notify>,
    state: Mutex<State>,
    _slot: OwnedSemaphorePermit,
}

#[derive(Debug, Default)]
struct State {
    /// Requests that are being answered.
    requests: usize,
    /// Its key among the idle.
    idle: Option<u64>,
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Busy(Arc<Connection>);

impl Connections {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(limit)),
            idle: Mutex::default(),
            order: AtomicU64::new(0),
        })
    }

    /// Takes a slot for a new connection, waiting while all others are busy.
    pub(super) async fn enter(self: &Arc<Self>) -> Arc<Connection> {
        let slot = loop {
            if let Ok(slot) = self.slots.clone().try_acquire_owned() {
                break slot;
            }
            let longest = self.idle.lock().pop_first();
            if let Some((_, make_room)) = longest {
                make_room.notify_one();
            }
            // The one that makes room, or any that ends.
            let slot = self.slots.clone().acquire_owned();
            if let Ok(slot) = slot.await {
                break slot;
            }
        };
        let connection = Arc::new(Connection {
            all: self.clone(),
            make_room: Arc::new(Notify::new()),
            state: Mutex::default(),
            _slot: slot,
        });
        connection.rest(&mut connection.state.lock());
        connection
    }
}

impl Connection {
    /// Ends when this connection is to make room.
    pub(super) async fn must_go(&self) {
        self.make_room.notified().await;
    }

    /// Begins a request, which ends when the answer's body is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        let mut state = self.state.lock();
        state.requests += 1;
        if let Some(key) = state.idle.take() {
            self.all.idle.lock().remove(&key);
        }
        Busy(self.clone())
    }

    fn rest(&self, state: &mut State) {
        let key = self.all.order.fetch_add(1, Ordering::Relaxed);
        state.idle = Some(key);
        self.all.idle.lock().insert(key, self.make_room.clone());
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(key) = self.state.lock().idle.take() {
            self.all.idle.lock().remove(&key);
        }
    }
}

impl Busy {
    /// Keeps the connection busy until the body was sent.
    pub(super) fn until_sent(self, body: Body) -> Body {
        Body::new(Sending { body, _busy: self })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.requests -= 1;
        if state.requests == 0 {
            self.0.rest(&mut state);
        }
    }
}

struct Sending {
    body: Body,
    _busy: Busy,
}

impl http_body::Body for Sending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn waits<T>(future: impl Future<Output = T>) -> bool {
        let soon = Duration::from_millis(20);
        tokio::time::timeout(soon, future).await.is_err()
    }

    #[tokio::test]
    async fn the_one_that_was_idle_longest_makes_room() {
        let all = Connections::new(2);
        let (first, second) = (all.enter().await, all.enter().await);
        // It was idle first, but has been at work since.
        drop(first.begin());
        let mut third = Box::pin(all.enter());
        assert!(waits(&mut third).await);
        second.must_go().await;
        assert!(waits(first.must_go()).await);
        drop(second);
        third.await;
    }

    #[tokio::test]
    async fn one_that_is_busy_stays_until_its_answer_was_sent() {
        let all = Connections::new(1);
        let only = all.enter().await;
        let body = only.begin().until_sent(Body::from("answer"));
        let mut next = Box::pin(all.enter());
        assert!(waits(&mut next).await);
        assert!(waits(only.must_go()).await);
        drop(body);
        drop(only);
        next.await;
    }
}
