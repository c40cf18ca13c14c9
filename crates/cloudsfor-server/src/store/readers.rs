//! Read-only connections, kept open and used by whoever reads next.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::{StoreError, open};

/// Connections beyond this number are closed after use.
const KEPT: usize = 8;

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
        self.lock().clear();
    }

    pub(super) fn read<T, E: From<StoreError>>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                open(&self.path, flags)?
            }
        };
        let result = query(&connection);
        let mut idle = self.lock();
        if idle.len() < KEPT {
            idle.push(connection);
        }
        result
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

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
