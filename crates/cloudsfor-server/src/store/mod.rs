//! The store: SQLite, the only truth, and the only coordinator between
//! processes on one data directory.
//!
//! Mutations go through one writer thread (`writer`), which commits all that
//! wait at once. Reads use read-only connections of their own (`readers`).
//! The modules named after tables hold their SQL, as functions over a
//! connection.

mod account_changes;
pub mod accounts;
pub mod actions;
pub mod addresses;
pub mod audit;
mod commits;
pub(crate) mod copy;
pub mod domains;
mod error;
pub mod events;
mod foreign;
pub mod idempotency;
pub mod keys;
pub mod limits;
mod lock;
pub mod name_service;
pub mod names;
pub mod networks;
pub mod operations;
mod readers;
mod schema;
pub mod snapshots;
pub mod statistics;
pub mod usage;
pub mod vms;
pub mod window;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::watch;

pub(crate) use commits::{Commits, Version};
pub use error::StoreError;
use foreign::ForeignCommits;
use lock::InUse;
use readers::Readers;
pub(crate) use readers::Snapshot;
use writer::Writer;

/// How long to wait for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How often to look whether it has finished.
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// An open store.
#[derive(Debug)]
pub struct Store {
    writer: Writer,
    readers: Arc<Readers>,
    foreign: Arc<ForeignCommits>,
    path: PathBuf,
    is_ephemeral: bool,
    _in_use: InUse,
}

impl Store {
    /// Opens the store at `path`, and makes it if there is none.
    ///
    /// # Errors
    /// If the file can't be opened or made, isn't a store, or was written by a
    /// newer version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_as(path, false)
    }

    /// The same for a store that its process throws away: nothing waits for the disk, and
    /// when the machine crashes it may be broken.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_ephemeral(path: &Path) -> Result<Self, StoreError> {
        Self::open_as(path, true)
    }

    fn open_as(path: &Path, is_ephemeral: bool) -> Result<Self, StoreError> {
        let failed = |source| StoreError::File {
            path: path.to_owned(),
            source,
        };
        if let Some(dir) = path.parent().filter(|dir| dir.exists()) {
            is_ours_to_write(dir).map_err(failed)?;
        }
        let in_use = InUse::of(path).map_err(failed)?;
        make_private(path)?;
        let connection = open(path, OpenFlags::default())?;
        if is_ephemeral {
            connection.pragma_update(None, "synchronous", "OFF")?;
        }
        write_ahead(&connection, path)?;
        whole(&connection, path)?;
        schema::migrate(&connection, path)?;
        Ok(Self {
            writer: Writer::start(connection)?,
            readers: Arc::new(Readers::new(path.to_owned())),
            foreign: ForeignCommits::new(path.to_owned()),
            path: path.to_owned(),
            is_ephemeral,
            _in_use: in_use,
        })
    }

    /// Whether its process throws it away.
    pub fn is_ephemeral(&self) -> bool {
        self.is_ephemeral
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Carries `job` out in a transaction and answers when it is durable. If
    /// `job` fails, nothing of it remains. Once accepted it is finished even if
    /// the caller goes away.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        self.writer.write(job).await
    }

    /// Reads what is found by a key.
    ///
    /// Blocks the thread for as long as the query takes; what takes longer, or
    /// has to be one consistent state over several statements, goes through
    /// [`Store::scan`].
    pub fn read<T, E: From<StoreError>>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.readers.read(query)
    }

    /// The store as it is now, for several reads by keys.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Snapshot::open(&self.readers)
    }

    /// Reads what may take long, off the async threads, all of it from one
    /// consistent state.
    pub async fn scan<T, E>(
        self: Arc<Self>,
        query: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match tokio::task::spawn_blocking(move || self.readers.read_consistently(query)).await {
            Ok(result) => result,
            Err(_) => Err(StoreError::Closed.into()),
        }
    }

    /// Tells at any time whether something was committed, if that can be told here.
    /// For a process that has the store open until it ends.
    pub(crate) fn commits(&self) -> Option<Commits> {
        Commits::of(&self.path).ok()
    }

    /// Changes whenever this process has committed something. What other
    /// processes commit is not noticed here.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.writer.changes()
    }

    /// Changes whenever this process may have committed something of this account.
    pub fn changes_of(&self, account: accounts::AccountId) -> watch::Receiver<()> {
        self.writer.by_account().subscribe(account)
    }

    /// Changes soon after another process has committed something, and perhaps
    /// at other times. Somebody looks for as long as this is held.
    pub fn foreign_changes(&self) -> watch::Receiver<u64> {
        self.foreign.subscribe()
    }

    /// Finishes what was accepted and closes the writer. Later writes fail.
    pub async fn close(&self) {
        // The writer closes last: only a connection that may write brings the log
        // into the file.
        self.readers.close_idle();
        self.writer.close().await;
    }
}

/// A directory that only its owner can look into.
pub(crate) fn make_private_dir(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    is_ours_to_write(path)
}

/// Refuses a directory that others may write to: they could put links and files of
/// their own in the place of ours.
fn is_ours_to_write(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if std::fs::metadata(path)?.permissions().mode() & 0o022 != 0 {
            let dir = path.display();
            let why = format!("others may write to the directory {dir}: chmod go-w {dir}");
            return Err(std::io::Error::new(
                std::io::ErrorKind::PermissionDenied,
                why,
            ));
        }
    }
    Ok(())
}

/// Makes the file if there is none, for its owner alone: SQLite gives the files
/// beside it the same permissions.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    // Never opened here if it exists: closing it would drop the locks that
    // SQLite holds on it in this process.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(StoreError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Opens a connection with the settings that all of them have.
fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let at = |source| StoreError::Open {
        path: path.to_owned(),
        source,
    };
    let mut connection = Connection::open_with_flags(path, flags).map_err(at)?;
    connection.busy_handler(Some(wait_for_others)).map_err(at)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
        .map_err(at)?;
    Ok(connection)
}

/// Whether the file has as many pages as it says: a copy that was cut has not. One
/// to which something was written is not looked at, as its newest pages may be in
/// the log alone.
fn whole(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let number = |pragma: &str| -> rusqlite::Result<i64> {
        connection.pragma_query_value(None, pragma, |row| row.get(0))
    };
    let damaged = |found: String| StoreError::Damaged {
        path: path.to_owned(),
        found,
    };
    let numbers = number("page_count").and_then(|pages| Ok(pages * number("page_size")?));
    let wanted = numbers.map_err(|error| damaged(error.to_string()))? as u64;
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let found = length(path);
    if found < wanted && length(Path::new(&log)) == 0 {
        return Err(damaged(format!("it has {found} of {wanted} bytes")));
    }
    Ok(())
}

/// Waits while another process writes. SQLite's own way sleeps longer and longer,
/// and would miss the short gaps that a busy writer leaves (see `writer`).
fn wait_for_others(times: i32) -> bool {
    std::thread::sleep(BUSY_PAUSE);
    BUSY_PAUSE * times.unsigned_abs() < BUSY_TIMEOUT
}

/// Switches the file to a write-ahead log. SQLite doesn't wait for another
/// process that does the same at this moment, so this does.
fn write_ahead(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL") {
            Ok(()) => return Ok(()),
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                std::thread::sleep(BUSY_PAUSE);
            }
            Err(source) => {
                return Err(StoreError::Open {
                    path: path.to_owned(),
                    source,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_answered_is_on_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let settings = store
            .write(|c| -> Result<(i64, String), StoreError> {
                let synchronous = c.pragma_query_value(None, "synchronous", |row| row.get(0))?;
                let journal = c.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
                Ok((synchronous, journal))
            })
            .await
            .unwrap();
        // 2 is FULL: each commit is synced before it returns.
        assert_eq!(settings, (2, "wal".to_owned()));
    }

    #[test]
    fn what_is_no_store_is_a_clear_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        std::fs::write(
            &path,
            "this is no database, but long enough to be taken for one".repeat(99),
        )
        .unwrap();
        let error = Store::open(&path).unwrap_err();
        assert!(!error.is_temporary(), "{error}");
        assert!(error.to_string().contains("db"), "{error}");
    }
}
