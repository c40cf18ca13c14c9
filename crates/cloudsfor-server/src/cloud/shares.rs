//! What requests may take of this process together: memory for large bodies and
//! answers, and readers for lists. Each account has a share, so that one that takes all
//! of its own leaves that of others alone.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::available_parallelism;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::accounts::AccountId;

/// What counts: a body or an answer of at most so many bytes is not counted. There are
/// as many of these as connections.
pub(crate) const UNCOUNTED: usize = 64 * 1024;

/// Bytes of bodies and answers of one account that are in memory at once. A single
/// answer may be larger.
const BYTES_OF_ACCOUNT: usize = 32 << 20;

/// The same of all accounts.
const BYTES: usize = 128 << 20;

/// Accounts whose queues are not in use are forgotten when there are this many.
const FORGOTTEN_AT: usize = 64;

/// The bytes that are in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    all: usize,
    of_account: HashMap<AccountId, usize>,
}

/// Bytes that an account has in memory, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Memory,
    account: AccountId,
    bytes: usize,
}

impl Memory {
    /// A share of nothing yet.
    pub(crate) fn share(&self, account: AccountId) -> Share {
        Share {
            memory: self.clone(),
            account,
            bytes: 0,
        }
    }
}

impl Share {
    /// Takes so many bytes more; says whether there are as many.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let mut held = self.memory.0.lock();
        let of_account = held.of_account.get(&self.account).copied().unwrap_or(0);
        let fits_account = of_account + bytes <= BYTES_OF_ACCOUNT || of_account == 0;
        let fits_all = held.all + bytes <= BYTES || held.all == 0;
        if !fits_account || !fits_all {
            return false;
        }
        held.all += bytes;
        held.of_account.insert(self.account, of_account + bytes);
        self.bytes += bytes;
        true
    }

    /// Gives so many bytes back.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        let mut held = self.memory.0.lock();
        held.all -= bytes;
        if let Some(of_account) = held.of_account.get_mut(&self.account) {
            *of_account -= bytes;
            if *of_account == 0 {
                held.of_account.remove(&self.account);
            }
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}

/// Those who read lists: as many at once as there are processors to do it, and of one
/// account half as many. The others wait, each account in a queue of its own.
#[derive(Debug)]
pub(super) struct Lists {
    all: Arc<Semaphore>,
    of_account: Mutex<HashMap<AccountId, Arc<Semaphore>>>,
    places_of_account: usize,
}

/// A place among those who read.
pub(crate) struct Reading {
    _of_account: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl Default for Lists {
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self {
            all: Arc::new(Semaphore::new(2 * processors.max(2))),
            of_account: Mutex::default(),
            places_of_account: processors.max(2),
        }
    }
}

impl Lists {
    pub(super) async fn enter(&self, account: AccountId) -> Reading {
        let queue = {
            let mut queues = self.of_account.lock();
            if queues.len() >= FORGOTTEN_AT && !queues.contains_key(&account) {
                queues.retain(|_, queue| Arc::strong_count(queue) > 1);
            }
            let queue = queues.entry(account);
            queue
                .or_insert_with(|| Arc::new(Semaphore::new(self.places_of_account)))
                .clone()
        };
        // They are never closed.
        Reading {
            _of_account: queue.acquire_owned().await.ok(),
            _of_all: self.all.clone().acquire_owned().await.ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn an_account_has_a_share_and_gets_it_back() {
        let memory = Memory::default();
        let share = |account| memory.share(AccountId(account));
        // One may be as large as it is.
        let mut large = share(1);
        assert!(large.grow(2 * BYTES_OF_ACCOUNT));
        assert!(!share(1).grow(1));
        large.shrink(BYTES_OF_ACCOUNT + 1);
        assert!(share(1).grow(1));
        assert!(!share(1).grow(2));
        let mut others: Vec<_> = (2..5).map(share).collect();
        assert!(others.iter_mut().all(|other| other.grow(BYTES_OF_ACCOUNT)));
        assert!(!share(9).grow(2));
        drop((large, others));
        assert!(share(9).grow(BYTES));
        let held = memory.0.lock();
        assert_eq!((held.all, held.of_account.len()), (0, 0));
    }

    #[tokio::test]
    async fn an_account_that_reads_many_lists_leaves_places_to_others() {
        let lists = Lists::default();
        let mut held = Vec::new();
        for _ in 0..lists.places_of_account {
            held.push(lists.enter(AccountId(1)).await);
        }
        assert!(lists.enter(AccountId(1)).now_or_never().is_none());
        assert!(lists.enter(AccountId(2)).now_or_never().is_some());
        drop(held);
        for account in 0..1000 {
            lists.enter(AccountId(account)).await;
        }
        assert!(lists.of_account.lock().len() <= FORGOTTEN_AT);
    }
}
