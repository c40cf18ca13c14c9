//! Which accounts a commit is about, so that it wakes those alone who wait for them.
//!
//! Whatever users can wait for is in the journal of events or changes who may log in,
//! and each of these writes the account's own row. SQLite tells the writer of each row
//! that is written (its update hook): so no statement can be forgotten here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::watch;

use super::StoreError;
use super::accounts::AccountId;

/// Accounts without anyone who waits are forgotten when there are this many.
const FORGOTTEN_AT: usize = 64;

/// Those who wait, by account.
#[derive(Debug, Default)]
pub(super) struct AccountChanges(Mutex<HashMap<i64, watch::Sender<()>>>);

/// The accounts whose rows were written since the last look.
#[derive(Debug, Clone, Default)]
pub(super) struct Touched(Arc<Mutex<HashSet<i64>>>);

impl Touched {
    /// Notes what is written through this connection.
    pub(super) fn of(connection: &mut Connection) -> Result<Self, StoreError> {
        let touched = Self::default();
        let noted = touched.clone();
        connection.update_hook(Some(move |_, _: &str, table: &str, row| {
            if table == "accounts" {
                noted.0.lock().insert(row);
            }
        }))?;
        Ok(touched)
    }

    pub(super) fn take(&self) -> HashSet<i64> {
        std::mem::take(&mut *self.0.lock())
    }
}

impl AccountChanges {
    /// Changes whenever something of this account may have been committed.
    pub(super) fn subscribe(&self, account: AccountId) -> watch::Receiver<()> {
        let mut waiting = self.0.lock();
        if waiting.len() >= FORGOTTEN_AT && !waiting.contains_key(&account.0) {
            waiting.retain(|_, sender| sender.receiver_count() > 0);
        }
        let sender = waiting.entry(account.0);
        sender.or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    pub(super) fn announce(&self, accounts: &HashSet<i64>) {
        if accounts.is_empty() {
            return;
        }
        let waiting = self.0.lock();
        for account in accounts {
            if let Some(sender) = waiting.get(account) {
                sender.send_replace(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_announced_to_those_who_wait_for_its_account() {
        let mut connection = Connection::open_in_memory().unwrap();
        let create = "CREATE TABLE accounts (id INTEGER PRIMARY KEY, n INTEGER) STRICT;
                      CREATE TABLE vms (n INTEGER) STRICT;
                      INSERT INTO accounts VALUES (7, 0), (8, 0)";
        connection.execute_batch(create).unwrap();
        let touched = Touched::of(&mut connection).unwrap();
        let changes = AccountChanges::default();
        let (one, other) = (
            changes.subscribe(AccountId(7)),
            changes.subscribe(AccountId(8)),
        );
        connection
            .execute_batch("INSERT INTO vms VALUES (7)")
            .unwrap();
        assert!(touched.take().is_empty());
        connection
            .execute_batch("UPDATE accounts SET n = 1 WHERE id = 7")
            .unwrap();
        changes.announce(&touched.take());
        assert!(one.has_changed().unwrap());
        assert!(!other.has_changed().unwrap());
    }

    #[test]
    fn accounts_for_which_none_wait_are_forgotten() {
        let changes = AccountChanges::default();
        let held = changes.subscribe(AccountId(0));
        for account in 1..1000 {
            drop(changes.subscribe(AccountId(account)));
        }
        assert!(changes.0.lock().len() <= FORGOTTEN_AT);
        changes.announce(&HashSet::from([0]));
        assert!(held.has_changed().unwrap());
    }
}
