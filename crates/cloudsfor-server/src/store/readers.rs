//! Read-only connections, kept open and used by whoever reads next.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};

use super::{StoreError, open};

/// Connections beyond this number are closed after use.
const KEPT: usize = 8;

/// One state of the store, for several reads: together they cost little more than one,
/// as what costs is to begin.
///
/// To be dropped soon: the log can't be brought into the file while it is held.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// With a transaction open; there until the end.
    connection: Option<Connection>,
    readers: Arc<Readers>,
}

impl Snapshot {
    pub(super) fn open(readers: &Arc<Readers>) -> Result<Self, StoreError> {
        let connection = readers.take()?;
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(Self {
            connection: Some(connection),
            readers: readers.clone(),
        })
    }

    pub(crate) fn read<T, E>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        query(self.connection.as_ref().expect("it is there until the end"))
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let ended = self.read(|c| c.prepare_cached("COMMIT")?.execute([]));
        // One whose transaction doesn't end is closed.
        if let Some(connection) = self.connection.take().filter(|_| ended.is_ok()) {
            self.readers.put_back(connection);
        }
    }
}

#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Closes those that are idle.
    pub(super) fn close_idle(&self) {
        self.idle.lock().clear();
    }

    pub(super) fn read<T, E: From<StoreError>>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = self.take()?;
        let result = query(&connection);
        self.put_back(connection);
        result
    }

    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle.lock().pop();
        match idle {
            Some(connection) => Ok(connection),
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                open(&self.path, flags)
            }
        }
    }

    fn put_back(&self, connection: Connection) {
        let mut idle = self.idle.lock();
        if idle.len() < KEPT {
            idle.push(connection);
        }
    }

    /// As [`Readers::read`], with every statement seeing the same state.
    pub(super) fn read_consistently<T, E: From<StoreError>>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.read(|connection| {
            // Rolled back when it is dropped, which is all that a read needs.
            let snapshot = connection
                .unchecked_transaction()
                .map_err(StoreError::from)?;
            query(&snapshot)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_stays_as_it_was_and_its_connection_is_used_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let other = Connection::open(&path).unwrap();
        let create = "PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER)";
        other.execute_batch(create).unwrap();
        let readers = Arc::new(Readers::new(path));
        let count = |c: &Connection| -> Result<i64, StoreError> {
            Ok(c.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?)
        };
        let snapshot = Snapshot::open(&readers).unwrap();
        for _ in 0..2 {
            assert_eq!(snapshot.read(count).unwrap(), 0);
            other.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        }
        drop(snapshot);
        assert_eq!(readers.idle.lock().len(), 1);
        assert_eq!(readers.read(count).unwrap(), 2);
        assert_eq!(readers.idle.lock().len(), 1);
    }
}
