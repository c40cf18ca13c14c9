//! Notices what other processes commit, for those who wait.
//!
//! SQLite tells one connection's number of foreign commits cheaply, but doesn't
//! announce them. So one task looks often, for as long as anybody waits.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use super::{StoreError, open};

/// How often it looks.
const PERIOD: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct ForeignCommits {
    path: PathBuf,
    noticed: watch::Sender<u64>,
    is_watching: Mutex<bool>,
}

impl ForeignCommits {
    pub(super) fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            path,
            noticed: watch::Sender::new(0),
            is_watching: Mutex::new(false),
        })
    }

    /// Changes soon after another process has committed something, and perhaps
    /// at other times.
    pub(super) fn subscribe(self: &Arc<Self>) -> watch::Receiver<u64> {
        let receiver = self.noticed.subscribe();
        let mut is_watching = self.is_watching.lock();
        if !*is_watching {
            *is_watching = true;
            tokio::spawn(self.clone().watch());
        }
        receiver
    }

    async fn watch(self: Arc<Self>) {
        let connection = open(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok();
        // What was committed before the first look counts as new.
        let mut known = None;
        loop {
            tokio::time::sleep(PERIOD).await;
            let version = connection.as_ref().and_then(|c| data_version(c).ok());
            // What can't be known is left to whoever waits.
            if version.is_none() || version != known {
                self.noticed.send_modify(|number| *number += 1);
            }
            known = version;
            let mut is_watching = self.is_watching.lock();
            if self.noticed.receiver_count() == 0 {
                *is_watching = false;
                return;
            }
        }
    }
}

fn data_version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_commit_of_another_connection_is_noticed_and_watching_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let other = Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
        let foreign = ForeignCommits::new(path);
        for _ in 0..2 {
            let mut receiver = foreign.subscribe();
            // The first look.
            receiver.changed().await.unwrap();
            other.execute_batch("INSERT INTO t VALUES (1)").unwrap();
            receiver.changed().await.unwrap();
            drop(receiver);
            while *foreign.is_watching.lock() {
                tokio::task::yield_now().await;
            }
        }
    }
}
