//! How often the same answer goes to the same network by UDP, whose senders can be
//! forged: so that the service is no amplifier.
//!
//! Answers beyond the limit of a second are truncated and dropped by turns. A
//! client that is really there asks again by TCP when it gets a truncated one.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Counters that are kept. Two kinds of answer that share one count as the last of
/// them, which begins anew: never is an answer held back for another.
const COUNTERS: usize = 1 << 14;

const SECOND: Duration = Duration::from_secs(1);

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is sent.
    Send,
    /// It is sent without its records.
    Truncate,
    /// It isn't sent.
    Drop,
}

/// Counts answers by what they say and to which network.
#[derive(Debug)]
pub(super) struct RateLimit {
    per_second: u32,
    /// Random, so that no sender can choose whose counter it takes.
    hasher: RandomState,
    counters: Mutex<Vec<Counter>>,
}

#[derive(Debug, Clone, Copy)]
struct Counter {
    /// Which kind of answer it counts.
    key: u64,
    since: Option<Instant>,
    count: u32,
}

impl RateLimit {
    /// At most so many same answers a second to a network; 0 is any number.
    pub(super) fn new(per_second: u32) -> Self {
        let unused = Counter {
            key: 0,
            since: None,
            count: 0,
        };
        Self {
            per_second,
            hasher: RandomState::new(),
            counters: Mutex::new(match per_second {
                0 => Vec::new(),
                _ => vec![unused; COUNTERS],
            }),
        }
    }

    /// What becomes of one more answer of this sort to a client.
    pub(super) fn count(&self, client: IpAddr, sort: &str, now: Instant) -> Verdict {
        if self.per_second == 0 {
            return Verdict::Send;
        }
        let key = self.hasher.hash_one((network(client), sort));
        let mut counters = self.counters.lock();
        let counter = &mut counters[key as usize % COUNTERS];
        let is_of_this_second = |since: Instant| now.saturating_duration_since(since) < SECOND;
        if counter.key != key || !counter.since.is_some_and(is_of_this_second) {
            *counter = Counter {
                key,
                since: Some(now),
                count: 0,
            };
        }
        counter.count = counter.count.saturating_add(1);
        match counter.count.checked_sub(self.per_second) {
            None | Some(0) => Verdict::Send,
            Some(beyond) if beyond % 2 == 1 => Verdict::Truncate,
            Some(_) => Verdict::Drop,
        }
    }
}

/// The network of an address: its /24 or /56.
fn network(ip: IpAddr) -> (bool, u64) {
    match ip.to_canonical() {
        IpAddr::V4(ip) => (true, u64::from(u32::from(ip) >> 8)),
        IpAddr::V6(ip) => (false, (u128::from(ip) >> 72) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn beyond_the_limit_every_second_answer_is_truncated_and_the_rest_dropped() {
        let limit = RateLimit::new(50);
        let now = Instant::now();
        let verdicts: Vec<_> = (0..150)
            .map(|_| limit.count(ip("192.0.2.1"), "a", now))
            .collect();
        let of = |wanted| {
            verdicts
                .iter()
                .filter(|verdict| **verdict == wanted)
                .count()
        };
        assert!(
            verdicts[..50]
                .iter()
                .all(|verdict| *verdict == Verdict::Send)
        );
        assert_eq!(of(Verdict::Truncate), 50);
        assert_eq!(of(Verdict::Drop), 50);
        // Another answer, another network, another second.
        assert_eq!(limit.count(ip("192.0.2.1"), "b", now), Verdict::Send);
        assert_eq!(limit.count(ip("192.0.3.1"), "a", now), Verdict::Send);
        assert_eq!(
            limit.count(ip("192.0.2.1"), "a", now + SECOND),
            Verdict::Send
        );
    }

    #[test]
    fn a_network_counts_as_one() {
        for (one, other) in [
            ("192.0.2.1", "192.0.2.255"),
            ("2001:db8:0:ff::1", "2001:db8:0:0:ffff::1"),
            ("::ffff:192.0.2.1", "192.0.2.2"),
        ] {
            let limit = RateLimit::new(1);
            let now = Instant::now();
            assert_eq!(limit.count(ip(one), "a", now), Verdict::Send);
            assert_ne!(limit.count(ip(other), "a", now), Verdict::Send, "{other}");
        }
        assert_ne!(network(ip("2001:db8:0:100::1")), network(ip("2001:db8::1")));
    }

    #[test]
    fn no_limit_is_none() {
        let limit = RateLimit::new(0);
        for _ in 0..1000 {
            assert_eq!(
                limit.count(ip("192.0.2.1"), "a", Instant::now()),
                Verdict::Send
            );
        }
    }
}
