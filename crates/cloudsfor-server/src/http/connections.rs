//! How many connections there may be, and which one ends when there are more.
//!
//! A new connection is always let in, if need be in the place of another one: of a
//! connection that waits for its client. Those without credentials go first, those
//! that have waited longest before others ([`Wait`] has the order). One address has at
//! most half of all places, and the address that has most makes room first. While all
//! places are at work, some are kept beside them for connections that live briefly, so
//! that health is told and logins are answered.
//!
//! A request costs no lock here: each connection notes its state in atomics, and a new
//! connection looks at all of them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// How long the body of a client with credentials may be waited for before its
/// connection counts as slow.
const SLOW: Duration = Duration::from_secs(1);

/// All connections of a listener.
#[derive(Debug)]
pub(super) struct Connections {
    places: usize,
    reserved: usize,
    /// What times are counted from.
    start: Instant,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    all: BTreeMap<u64, Arc<State>>,
}

/// One connection; its place is free when this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    all: Arc<Connections>,
    number: u64,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    source: Option<Source>,
    /// Whether it has one of the places beside the others.
    is_reserved: bool,
    /// A [`Phase`].
    phase: AtomicU8,
    /// Milliseconds from the start of all to when the phase began.
    since: AtomicU64,
    /// Whether its client has said who it is.
    is_known: AtomicBool,
    must_go: Notify,
}

/// What the server and the client are at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// Waiting for a request, or for the rest of one's head, or throwing a body away.
    Idle,
    /// Waiting for more of a body.
    Receiving,
    /// The service is at work.
    Working,
    /// The answer is sent.
    Sending,
}

/// What a connection waits for, in the order in which they make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wait {
    /// A stranger: for its request or the rest of it.
    Stranger,
    /// A client with credentials: for its next request.
    NextRequest,
    /// The same: for a body that is slow to come.
    Body,
    /// A stranger: for its answer to be read.
    StrangersAnswer,
    /// A stranger that has not waited long: it may be about to say who it is.
    Newcomer,
}

/// Addresses that count as one: an IPv4 address, or a network of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Source(IpAddr);

impl Source {
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                Ipv6Addr::from_bits(network).into()
            }
            address => address,
        })
    }
}

/// What a new connection finds.
#[derive(Default)]
struct Found {
    places: usize,
    places_of_source: usize,
    reserved: usize,
    reserved_of_source: usize,
}

impl Connections {
    pub(super) fn new(places: usize, reserved: usize) -> Arc<Self> {
        Arc::new(Self {
            places,
            reserved,
            start: Instant::now(),
            open: Mutex::default(),
        })
    }

    /// Takes a place for a new connection. `source` is `None` for a proxy, which
    /// connects for many. `None` if all places are at work, those that are kept too.
    pub(super) fn enter(self: &Arc<Self>, source: Option<Source>) -> Option<Arc<Connection>> {
        let now = self.now();
        let mut open = self.open.lock();
        let found = open.count(source);
        let is_own = |state: &State| source.is_none() || state.source == source;
        let is_source_full = source.is_some() && found.places_of_source >= self.places.div_ceil(2);
        let has_place = found.places < self.places && !is_source_full;
        let is_reserved = !has_place
            && !open.make_room(now, |state| {
                !state.is_reserved && (!is_source_full || is_own(state))
            });
        if is_reserved {
            let is_source_full =
                source.is_some() && found.reserved_of_source >= self.reserved.div_ceil(2);
            let has_place = found.reserved < self.reserved && !is_source_full;
            if !has_place && !open.make_room(now, |state| state.is_reserved && is_own(state)) {
                return None;
            }
        }
        let number = open.next;
        open.next += 1;
        let state = Arc::new(State {
            source,
            is_reserved,
            phase: AtomicU8::new(Phase::Idle as u8),
            since: AtomicU64::new(now),
            is_known: AtomicBool::new(false),
            must_go: Notify::new(),
        });
        open.all.insert(number, state.clone());
        drop(open);
        Some(Arc::new(Connection {
            all: self.clone(),
            number,
            state,
        }))
    }

    /// Ends a connection that waits for its client, if one does.
    pub(super) fn make_room(&self) {
        self.open.lock().make_room(self.now(), |_| true);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Open {
    fn count(&self, source: Option<Source>) -> Found {
        let mut found = Found::default();
        for state in self.all.values() {
            let is_of_source = usize::from(source.is_some() && state.source == source);
            if state.is_reserved {
                found.reserved += 1;
                found.reserved_of_source += is_of_source;
            } else {
                found.places += 1;
                found.places_of_source += is_of_source;
            }
        }
        found
    }

    /// Takes the place of the first of these connections that wait for their clients, and
    /// has it end: of those that wait for the same, one of the address that has most, so
    /// that a flood takes its own places; and of these the one that has waited longest.
    /// Says whether there is one.
    fn make_room(&mut self, now: u64, of: impl Fn(&State) -> bool) -> bool {
        let mut numbers: HashMap<Option<Source>, usize> = HashMap::new();
        for state in self.all.values() {
            *numbers.entry(state.source).or_default() += 1;
        }
        let waiting = self.all.iter().filter(|(_, state)| of(state));
        let first = waiting
            .filter_map(|(number, state)| {
                let most = Reverse(numbers.get(&state.source));
                let since = state.since.load(Ordering::Relaxed);
                Some((state.wait(now)?, most, since, *number))
            })
            .min();
        let Some((.., number)) = first else {
            return false;
        };
        if let Some(state) = self.all.remove(&number) {
            state.must_go.notify_one();
        }
        true
    }
}

impl State {
    fn wait(&self, now: u64) -> Option<Wait> {
        let phase = self.phase.load(Ordering::Relaxed);
        let since = self.since.load(Ordering::Relaxed);
        let is_slow = now.saturating_sub(since) >= SLOW.as_millis() as u64;
        if self.is_known.load(Ordering::Relaxed) {
            return match phase {
                phase if phase == Phase::Idle as u8 => Some(Wait::NextRequest),
                phase if phase == Phase::Receiving as u8 && is_slow => Some(Wait::Body),
                _ => None,
            };
        }
        match phase {
            phase if phase == Phase::Working as u8 => None,
            phase if phase == Phase::Sending as u8 => Some(Wait::StrangersAnswer),
            _ if is_slow => Some(Wait::Stranger),
            _ => Some(Wait::Newcomer),
        }
    }
}

impl Connection {
    /// Ends when this connection is to make room.
    pub(super) async fn must_go(&self) {
        self.state.must_go.notified().await;
    }

    /// Whether it has one of the places that are kept: it is to live briefly.
    pub(super) fn is_reserved(&self) -> bool {
        self.state.is_reserved
    }

    /// Begins a request, which ends when the answer's body is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.enter(Phase::Working);
        Busy(self.clone())
    }

    /// Notes that its client has said who it is.
    pub(super) fn know(&self) {
        self.state.is_known.store(true, Ordering::Relaxed);
    }

    /// The body of its request: while more of it is waited for, the connection does.
    pub(super) fn receive(self: &Arc<Self>, body: Body) -> Body {
        if body.is_end_stream() {
            return body;
        }
        Body::new(Receiving {
            body,
            connection: self.clone(),
        })
    }

    fn enter(&self, phase: Phase) {
        self.state.since.store(self.all.now(), Ordering::Relaxed);
        self.state.phase.store(phase as u8, Ordering::Relaxed);
    }

    fn exchange(&self, from: Phase, to: Phase) {
        if self.state.phase.load(Ordering::Relaxed) == from as u8 {
            // How long a body takes counts from its first byte that was missing.
            self.state.phase.store(to as u8, Ordering::Relaxed);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.open.lock().all.remove(&self.number);
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Busy(Arc<Connection>);

impl Busy {
    /// Keeps the connection busy until the body was sent.
    pub(super) fn until_sent(self, body: Body) -> Body {
        self.0.enter(Phase::Sending);
        Body::new(Sending { body, _busy: self })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.enter(Phase::Idle);
    }
}

struct Sending {
    body: Body,
    _busy: Busy,
}

impl HttpBody for Sending {
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

struct Receiving {
    body: Body,
    connection: Arc<Connection>,
}

impl HttpBody for Receiving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(_) => self.connection.exchange(Phase::Receiving, Phase::Working),
            Poll::Pending => self.connection.exchange(Phase::Working, Phase::Receiving),
        }
        polled
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
    use super::*;

    fn from(number: u8) -> Option<Source> {
        Some(Source::of(IpAddr::from([127, 0, 0, number])))
    }

    async fn goes(connection: &Connection) -> bool {
        let soon = Duration::from_millis(20);
        tokio::time::timeout(soon, connection.must_go())
            .await
            .is_ok()
    }

    /// Has the two times differ by which it is known who waits longer.
    fn a_moment_later(all: &Connections) {
        let before = all.now();
        while all.now() == before {
            std::thread::yield_now();
        }
    }

    #[tokio::test]
    async fn the_one_that_was_idle_longest_makes_room() {
        let all = Connections::new(2, 0);
        let first = all.enter(from(1)).unwrap();
        let second = all.enter(from(2)).unwrap();
        a_moment_later(&all);
        // It was idle first, but has been at work since.
        drop(first.begin());
        let _third = all.enter(from(3)).unwrap();
        assert!(goes(&second).await);
        assert!(!goes(&first).await);
    }

    #[tokio::test]
    async fn one_that_is_known_stays_until_its_answer_was_sent() {
        let all = Connections::new(1, 0);
        let only = all.enter(from(1)).unwrap();
        only.know();
        let body = only.begin().until_sent(Body::from("answer"));
        assert!(all.enter(from(2)).is_none());
        assert!(!goes(&only).await);
        drop(body);
        assert!(all.enter(from(2)).is_some());
        assert!(goes(&only).await);
    }

    #[tokio::test]
    async fn newcomers_make_room_last() {
        let all = Connections::new(4, 0);
        let client = all.enter(from(1)).unwrap();
        client.know();
        a_moment_later(&all);
        let receiving = all.enter(from(2)).unwrap();
        let _busy = receiving.begin();
        receiving.enter(Phase::Receiving);
        a_moment_later(&all);
        let idle = all.enter(from(3)).unwrap();
        let sending = all.enter(from(4)).unwrap();
        let _body = sending.begin().until_sent(Body::from("answer"));
        for (new, next) in (5..).zip([&client, &sending, &receiving, &idle]) {
            let new = all.enter(from(new)).unwrap();
            new.know();
            std::mem::forget(new.begin());
            assert!(goes(next).await);
        }
        assert!(all.enter(from(9)).is_none());
    }

    #[test]
    fn an_address_has_half_of_the_places_and_its_own_make_room() {
        let all = Connections::new(8, 0);
        let held: Vec<_> = (0..20).filter_map(|_| all.enter(from(1))).collect();
        assert_eq!(all.open.lock().all.len(), 4);
        drop(held);
        assert!(all.open.lock().all.is_empty());
        // Proxies connect for many.
        let _held: Vec<_> = (0..20).filter_map(|_| all.enter(None)).collect();
        assert_eq!(all.open.lock().all.len(), 8);
    }

    #[tokio::test]
    async fn a_flood_takes_its_own_places() {
        let all = Connections::new(8, 0);
        let alone = all.enter(from(9)).unwrap();
        a_moment_later(&all);
        let flood: Vec<_> = (0..40).filter_map(|n| all.enter(from(n % 3))).collect();
        assert_eq!(flood.len(), 40);
        assert!(!goes(&alone).await);
    }

    #[test]
    fn places_are_kept_beside_those_that_are_at_work() {
        let all = Connections::new(2, 4);
        let mut held = Vec::new();
        for source in [1, 2] {
            let connection = all.enter(from(source)).unwrap();
            connection.know();
            held.push((connection.begin(), connection));
        }
        for source in [1, 1, 1, 2, 2, 2] {
            let connection = all.enter(from(source)).unwrap();
            assert!(connection.is_reserved());
            std::mem::forget(connection);
        }
        // An address has half of these too; its own make room.
        assert_eq!(all.open.lock().all.len(), 2 + 4);
    }

    #[test]
    fn networks_of_ipv6_count_as_one_address() {
        let source = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:1"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.2"), source("192.0.2.1"));
    }
}
