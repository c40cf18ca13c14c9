//! In which order logins are verified, and how fast wrong ones may follow each other.
//!
//! To verify a password takes a processor, so few are verified at once and the others
//! wait. What nobody can tell beforehand is which of them is right. So those go first who
//! have logged in to the account from their address within a day ([`KNOWN`]), then those
//! from whose address fewest wrong passwords have come, then the newest: whoever guesses
//! falls behind, from however many addresses, and a right password is never turned away
//! in favour of an older guess. Guesses at one account are slowed over all addresses
//! together, but for those that are known, each of which is slowed by itself.
//!
//! Right passwords that were verified lately don't come here at all.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::error::{CloudError, CloudResult};
use crate::digest::Digest;

/// Verifications that run at once: each takes a processor and 19 MiB.
const AT_ONCE: usize = 2;

/// The same, for those who are known: a place is always left for them.
const AT_ONCE_OF_KNOWN: usize = 3;

/// Logins that wait at once. When there are more, the one that would be last goes.
const WAITING: usize = 256;

/// The same, of those that come from one address.
const WAITING_OF_ADDRESS: usize = 32;

/// Wrong passwords that may follow each other at once.
const FREE: f64 = 10.0;

/// Wrong passwords a second, of one account, once these are used up.
const PER_SECOND: f64 = 2.0;

/// How long a login waits at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long an address is known from which an account was logged in to.
const KNOWN: Duration = Duration::from_secs(24 * 60 * 60);

/// How long wrong passwords are remembered.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);

/// Accounts with their addresses that are remembered at most.
const CAPACITY: usize = 16 * 1024;

/// Where a login comes from: `None` within this process.
pub type Address = Option<IpAddr>;

/// An account, by a digest of the e-mail address, and where a login to it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    account: Digest,
    address: Address,
}

impl Origin {
    /// Addresses of one network of IPv6 count as one.
    pub(super) fn new(account: Digest, address: Address) -> Self {
        let address = address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                std::net::Ipv6Addr::from_bits(network).into()
            }
            address => address,
        });
        Self { account, address }
    }
}

/// All logins that are verified or wait for it.
#[derive(Debug, Clone, Default)]
pub(super) struct LoginLimits(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    running: usize,
    waiting: Vec<Waiter>,
    arrivals: u64,
    remembered: HashMap<Origin, Remembered>,
    /// When the guesses at an account are all paid for: the account's own, or that of an
    /// address that is known.
    paid: HashMap<(Digest, Option<Address>), Instant>,
    /// Whether something looks again when the next guess is paid for.
    is_timed: bool,
}

#[derive(Debug)]
struct Waiter {
    origin: Origin,
    arrival: u64,
    turn: oneshot::Sender<Turn>,
}

#[derive(Debug, Clone, Copy)]
struct Remembered {
    failures: u32,
    last: Instant,
    /// When it was logged in from there.
    success: Option<Instant>,
}

/// A login's turn to be verified; over when it is dropped.
#[derive(Debug)]
pub(super) struct Turn(LoginLimits);

impl LoginLimits {
    /// Waits for the turn to verify a login.
    ///
    /// # Errors
    /// [`CloudError::TooManyLogins`] for one that would come last among too many, or
    /// whose turn doesn't come.
    pub(super) async fn turn(&self, origin: Origin) -> CloudResult<Turn> {
        let (turn, came) = oneshot::channel();
        {
            let mut state = self.0.lock();
            state.arrivals += 1;
            let arrival = state.arrivals;
            state.waiting.push(Waiter {
                origin,
                arrival,
                turn,
            });
            state.turn_away(origin, Instant::now());
        }
        self.look();
        let came = tokio::time::timeout(PATIENCE, came).await;
        came.ok()
            .and_then(Result::ok)
            .ok_or(CloudError::TooManyLogins)
    }

    /// Notes a wrong password.
    pub(super) fn failed(&self, origin: Origin) {
        let now = Instant::now();
        let mut state = self.0.lock();
        let found = state.remember(origin, now);
        found.failures = found.failures.saturating_add(1);
        found.last = now;
    }

    /// Notes a right password: its address is known from now on.
    pub(super) fn succeeded(&self, origin: Origin) {
        let now = Instant::now();
        let mut state = self.0.lock();
        // It was no guess.
        let key = state.payer(origin, now);
        if let Some(paid) = state.paid.get_mut(&key) {
            *paid -= Duration::from_secs_f64(1.0 / PER_SECOND);
        }
        drop(state);
        self.seen(origin);
    }

    /// Notes that an address still logs in.
    pub(super) fn seen(&self, origin: Origin) {
        let now = Instant::now();
        let mut state = self.0.lock();
        *state.remember(origin, now) = Remembered {
            failures: 0,
            last: now,
            success: Some(now),
        };
    }

    /// Gives those their turn whose it is.
    fn look(&self) {
        loop {
            let mut state = self.0.lock();
            let now = Instant::now();
            let Some(waiter) = state.next(now) else {
                let pause = state.pause(now);
                drop(state);
                if let Some(pause) = pause {
                    let limits = self.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(pause).await;
                        limits.0.lock().is_timed = false;
                        limits.look();
                    });
                }
                return;
            };
            state.running += 1;
            drop(state);
            // One that has gone meanwhile drops its turn, which is given to the next.
            let _ = waiter.turn.send(Turn(self.clone()));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.lock().running -= 1;
        self.0.look();
    }
}

impl State {
    fn remember(&mut self, origin: Origin, now: Instant) -> &mut Remembered {
        if self.remembered.len() >= CAPACITY && !self.remembered.contains_key(&origin) {
            self.remembered.retain(|_, found| found.counts(now));
            if self.remembered.len() >= CAPACITY {
                // Those who are known stay, unless there are as many of them.
                self.remembered.retain(|_, found| found.success.is_some());
            }
            if self.remembered.len() >= CAPACITY {
                self.remembered.clear();
            }
        }
        self.remembered.entry(origin).or_insert(Remembered {
            failures: 0,
            last: now,
            success: None,
        })
    }

    fn is_known(&self, origin: Origin, now: Instant) -> bool {
        let found = self.remembered.get(&origin);
        found
            .and_then(|found| found.success)
            .is_some_and(|success| now.duration_since(success) < KNOWN)
    }

    /// Whose guess it is, if it is one.
    fn payer(&self, origin: Origin, now: Instant) -> (Digest, Option<Address>) {
        let address = self.is_known(origin, now).then_some(origin.address);
        (origin.account, address)
    }

    /// What is least goes first.
    fn rank(&self, waiter: &Waiter, now: Instant) -> (bool, u32, Reverse<u64>) {
        let found = self.remembered.get(&waiter.origin);
        let failures = found
            .filter(|found| now.duration_since(found.last) < REMEMBERED)
            .map_or(0, |found| found.failures);
        let is_stranger = !self.is_known(waiter.origin, now);
        (is_stranger, failures, Reverse(waiter.arrival))
    }

    /// When a guess may be verified.
    fn due(&self, origin: Origin, now: Instant) -> Instant {
        let paid = self.paid.get(&self.payer(origin, now)).copied();
        let credit = Duration::from_secs_f64((FREE - 1.0) / PER_SECOND);
        paid.map_or(now, |paid| paid.checked_sub(credit).unwrap_or(now))
    }

    /// Takes the login whose turn it is off the queue.
    fn next(&mut self, now: Instant) -> Option<Waiter> {
        self.waiting.retain(|waiter| !waiter.turn.is_closed());
        let at_most = |is_known| match is_known {
            true => AT_ONCE_OF_KNOWN,
            false => AT_ONCE,
        };
        let (index, _) = self
            .waiting
            .iter()
            .enumerate()
            .filter(|(_, waiter)| {
                self.running < at_most(self.is_known(waiter.origin, now))
                    && self.due(waiter.origin, now) <= now
            })
            .min_by_key(|(_, waiter)| self.rank(waiter, now))?;
        let waiter = self.waiting.swap_remove(index);
        let payer = self.payer(waiter.origin, now);
        if self.paid.len() >= CAPACITY {
            self.paid.retain(|_, paid| *paid > now);
        }
        let paid = self.paid.entry(payer).or_insert(now);
        *paid = (*paid).max(now) + Duration::from_secs_f64(1.0 / PER_SECOND);
        Some(waiter)
    }

    /// How long until another login may be verified, if nothing waits for that yet.
    fn pause(&mut self, now: Instant) -> Option<Duration> {
        if self.is_timed || self.running >= AT_ONCE_OF_KNOWN {
            return None;
        }
        let due = self
            .waiting
            .iter()
            .map(|waiter| self.due(waiter.origin, now))
            .filter(|due| *due > now)
            .min()?;
        self.is_timed = true;
        Some(due.duration_since(now))
    }

    /// Turns those away who would come last, where too many wait.
    fn turn_away(&mut self, newest: Origin, now: Instant) {
        self.waiting.retain(|waiter| !waiter.turn.is_closed());
        let of_address = |waiter: &&Waiter| waiter.origin.address == newest.address;
        if self.waiting.iter().filter(of_address).count() > WAITING_OF_ADDRESS {
            self.turn_last_away(now, |waiter| waiter.origin.address == newest.address);
        }
        if self.waiting.len() > WAITING {
            self.turn_last_away(now, |_| true);
        }
    }

    fn turn_last_away(&mut self, now: Instant, of: impl Fn(&Waiter) -> bool) {
        let last = (0..self.waiting.len())
            .filter(|index| of(&self.waiting[*index]))
            .max_by_key(|index| self.rank(&self.waiting[*index], now));
        if let Some(index) = last {
            self.waiting.swap_remove(index);
        }
    }
}

impl Remembered {
    fn counts(&self, now: Instant) -> bool {
        let is_known = |success: Instant| now.duration_since(success) < KNOWN;
        now.duration_since(self.last) < REMEMBERED || self.success.is_some_and(is_known)
    }
}

#[cfg(test)]
#[path = "login_limits/tests.rs"]
mod tests;
