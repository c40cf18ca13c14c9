//! How many requests of an account may stay open, so that one account holds neither all
//! connections nor the store.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::store::accounts::AccountId;

/// Streams of events that one account may have open at once.
pub const STREAMS: usize = 32;

/// Requests of one account that may wait for something at once.
pub const POLLS: usize = 64;

/// What stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A stream of events.
    Stream,
    /// A request that waits for something (`?wait=`).
    Poll,
}

/// What is open now.
#[derive(Debug, Clone, Default)]
pub(super) struct Waiting(Arc<Mutex<HashMap<(AccountId, Kind), usize>>>);

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    waiting: Waiting,
    key: (AccountId, Kind),
}

impl Waiting {
    /// Takes a place, if the account has one left.
    pub(super) fn enter(&self, account: AccountId, kind: Kind) -> Option<Place> {
        let most = match kind {
            Kind::Stream => STREAMS,
            Kind::Poll => POLLS,
        };
        let key = (account, kind);
        let mut numbers = self.0.lock();
        let number = numbers.entry(key).or_default();
        if *number >= most {
            return None;
        }
        *number += 1;
        drop(numbers);
        let waiting = self.clone();
        Some(Place { waiting, key })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut numbers = self.waiting.0.lock();
        if let Some(number) = numbers.get_mut(&self.key) {
            *number -= 1;
            if *number == 0 {
                numbers.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_so_many_places_of_each_kind_and_gets_them_back() {
        let waiting = Waiting::default();
        for (kind, most) in [(Kind::Stream, STREAMS), (Kind::Poll, POLLS)] {
            let enter = |account| waiting.enter(AccountId(account), kind);
            let held: Vec<_> = (0..most).map(|_| enter(1).unwrap()).collect();
            assert!(enter(1).is_none());
            assert!(enter(2).is_some());
            drop(held);
            assert!(enter(1).is_some());
        }
        assert!(waiting.0.lock().is_empty());
    }
}
