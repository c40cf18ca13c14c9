//! How many TCP connections there may be, in all and of one address. When there
//! is no room for a new one, the one that has been silent longest ends.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Connections of one address, or of one /64.
const OF_ONE: usize = 16;

/// The connections that are open.
#[derive(Debug)]
pub(super) struct Connections {
    limit: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// Grows with whatever happens: what has the lowest is silent longest.
    clock: u64,
    next: u64,
    all: HashMap<u64, One>,
}

#[derive(Debug)]
struct One {
    client: IpAddr,
    heard_at: u64,
    end: Arc<Notify>,
}

/// One connection; its place is free when this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    all: Arc<Connections>,
    id: u64,
    end: Arc<Notify>,
}

impl Connections {
    /// At most so many.
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit: limit.max(1),
            open: Mutex::default(),
        })
    }

    /// A place for a connection; `None` if its client has as many as it may.
    pub(super) fn enter(self: &Arc<Self>, client: IpAddr) -> Option<Connection> {
        let client = one(client);
        let mut open = self.open.lock();
        let of_client = open.all.values().filter(|one| one.client == client).count();
        if of_client >= OF_ONE {
            return None;
        }
        if open.all.len() >= self.limit {
            let silent = open.all.iter().min_by_key(|(_, one)| one.heard_at);
            if let Some(id) = silent.map(|(id, _)| *id)
                && let Some(silent) = open.all.remove(&id)
            {
                silent.end.notify_one();
            }
        }
        open.clock += 1;
        open.next += 1;
        let (id, end) = (open.next, Arc::new(Notify::new()));
        let heard_at = open.clock;
        open.all.insert(
            id,
            One {
                client,
                heard_at,
                end: end.clone(),
            },
        );
        Some(Connection {
            all: self.clone(),
            id,
            end,
        })
    }
}

impl Connection {
    /// Notes that a question came.
    pub(super) fn heard(&self) {
        let mut open = self.all.open.lock();
        open.clock += 1;
        let now = open.clock;
        if let Some(one) = open.all.get_mut(&self.id) {
            one.heard_at = now;
        }
    }

    /// Ends when the connection is to make room.
    pub(super) async fn must_go(&self) {
        self.end.notified().await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.open.lock().all.remove(&self.id);
    }
}

/// What counts as one client: an address, or a /64.
fn one(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::from((u128::from(ip) >> 64 << 64).to_be_bytes()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(n: u8) -> IpAddr {
        [192, 0, 2, n].into()
    }

    #[tokio::test]
    async fn the_one_that_was_silent_longest_makes_room() {
        let all = Connections::new(2);
        let first = all.enter(ip(1)).unwrap();
        let second = all.enter(ip(2)).unwrap();
        first.heard();
        let third = all.enter(ip(3)).unwrap();
        second.must_go().await;
        drop(second);
        // Those that stay are still counted.
        assert_eq!(all.open.lock().all.len(), 2);
        drop((first, third));
        assert!(all.open.lock().all.is_empty());
    }

    #[test]
    fn one_client_has_a_share_and_no_more() {
        let all = Connections::new(100);
        let held: Vec<_> = (0..OF_ONE).map(|_| all.enter(ip(1)).unwrap()).collect();
        assert!(all.enter(ip(1)).is_none());
        assert!(all.enter(ip(2)).is_some());
        drop(held);
        assert!(all.enter(ip(1)).is_some());
        let (a, b) = (
            "2001:db8::1".parse().unwrap(),
            "2001:db8::2".parse().unwrap(),
        );
        assert_eq!(one(a), one(b));
    }
}
