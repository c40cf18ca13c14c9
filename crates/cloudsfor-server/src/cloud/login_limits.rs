//! Keeps wrong passwords from being tried quickly, and a flood of them from
//! keeping everybody else waiting. Right ones that were verified lately don't come
//! here at all, so nobody's guesses lock out whoever is at work.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::error::{CloudError, CloudResult};

/// Logins from one address that may be verified or wait for it.
const PLACES: usize = 32;

/// Wrong passwords that are not slowed, per account and address.
const FREE: u32 = 10;

/// How much the first one after these is slowed; each further one twice as much.
const FIRST_DELAY: Duration = Duration::from_millis(250);

/// The most that one is slowed.
const LONGEST_DELAY: Duration = Duration::from_secs(2);

/// Whoever would have to wait longer is turned away.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long wrong passwords are remembered.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);

/// Of how many accounts and addresses at most.
const CAPACITY: usize = 4096;

/// Where a login comes from: `None` within this process.
pub type Address = Option<IpAddr>;

/// An account's name, as it was sent, and where it was sent from.
pub(super) type Pair = (String, Address);

#[derive(Debug, Default)]
pub(super) struct LoginLimits {
    waiting: Mutex<HashMap<Address, usize>>,
    failures: Mutex<HashMap<Pair, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    number: u32,
    last: Instant,
    /// When the next attempt may be verified.
    next: Instant,
}

/// One of an address's places, given back when it is dropped.
pub(super) struct Place<'a> {
    limits: &'a LoginLimits,
    address: Address,
}

impl LoginLimits {
    /// Takes one of the address's places.
    pub(super) fn enter(&self, address: Address) -> CloudResult<Place<'_>> {
        let mut waiting = self.waiting.lock();
        let number = waiting.entry(address).or_default();
        if *number >= PLACES {
            return Err(CloudError::TooManyLogins);
        }
        *number += 1;
        Ok(Place {
            limits: self,
            address,
        })
    }

    /// How long this attempt has to wait for its turn.
    pub(super) fn delay(&self, pair: &Pair, now: Instant) -> CloudResult<Duration> {
        let mut failures = self.failures.lock();
        let Some(found) = failures.get_mut(pair) else {
            return Ok(Duration::ZERO);
        };
        if now.duration_since(found.last) > REMEMBERED {
            failures.remove(pair);
            return Ok(Duration::ZERO);
        }
        let Some(beyond) = found.number.checked_sub(FREE) else {
            return Ok(Duration::ZERO);
        };
        let pause = FIRST_DELAY * 2_u32.saturating_pow(beyond.min(16));
        let turn = found.next.max(now + pause.min(LONGEST_DELAY));
        let delay = turn.duration_since(now);
        if delay > PATIENCE {
            return Err(CloudError::TooManyLogins);
        }
        found.next = turn + pause.min(LONGEST_DELAY);
        Ok(delay)
    }

    /// Notes a wrong password.
    pub(super) fn failed(&self, pair: Pair, now: Instant) {
        let mut failures = self.failures.lock();
        if failures.len() >= CAPACITY && !failures.contains_key(&pair) {
            failures.retain(|_, found| now.duration_since(found.last) <= REMEMBERED);
            if failures.len() >= CAPACITY {
                failures.clear();
            }
        }
        let found = failures.entry(pair).or_insert(Failures {
            number: 0,
            last: now,
            next: now,
        });
        found.number = found.number.saturating_add(1);
        found.last = now;
    }

    /// Notes a right password.
    pub(super) fn succeeded(&self, pair: &Pair) {
        self.failures.lock().remove(pair);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiting = self.limits.waiting.lock();
        if let Some(number) = waiting.get_mut(&self.address) {
            *number -= 1;
            if *number == 0 {
                waiting.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(account: &str, host: u8) -> Pair {
        (account.into(), Some(IpAddr::from([127, 0, 0, host])))
    }

    #[test]
    fn wrong_passwords_are_slowed_for_their_account_and_address_alone() {
        let (limits, now) = (LoginLimits::default(), Instant::now());
        for _ in 0..FREE {
            assert_eq!(limits.delay(&pair("a", 1), now).unwrap(), Duration::ZERO);
            limits.failed(pair("a", 1), now);
        }
        let first = limits.delay(&pair("a", 1), now).unwrap();
        assert_eq!(first, FIRST_DELAY);
        // One that is tried at the same time waits behind it.
        assert!(limits.delay(&pair("a", 1), now).unwrap() > first);
        for other in [pair("a", 2), pair("b", 1)] {
            assert_eq!(limits.delay(&other, now).unwrap(), Duration::ZERO);
        }
        limits.succeeded(&pair("a", 1));
        assert_eq!(limits.delay(&pair("a", 1), now).unwrap(), Duration::ZERO);
    }

    #[test]
    fn the_slowing_has_an_end_and_a_flood_is_turned_away() {
        let (limits, now) = (LoginLimits::default(), Instant::now());
        for _ in 0..100 {
            limits.failed(pair("a", 1), now);
        }
        let mut delays = std::iter::from_fn(|| limits.delay(&pair("a", 1), now).ok());
        assert_eq!(delays.next(), Some(LONGEST_DELAY));
        assert!(delays.all(|delay| delay <= PATIENCE));
        let later = now + REMEMBERED + Duration::from_secs(1);
        assert_eq!(limits.delay(&pair("a", 1), later).unwrap(), Duration::ZERO);
    }

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let limits = LoginLimits::default();
        let places: Vec<_> = (0..PLACES).map(|_| limits.enter(None).unwrap()).collect();
        assert!(limits.enter(None).is_err());
        assert!(limits.enter(pair("a", 1).1).is_ok());
        drop(places);
        assert!(limits.enter(None).is_ok());
        assert!(limits.waiting.lock().is_empty());
    }
}
