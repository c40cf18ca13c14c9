//! Whether anything was committed, by whichever process, at the price of one small
//! read of a file.
//!
//! The index of the write-ahead log begins with a header that each commit changes:
//! it counts them. It is there twice, so that whoever reads it while it is written
//! notices (<https://sqlite.org/walformat.html#the_wal_index_header>).

use std::fs::File;
use std::io;
use std::path::Path;

/// The length of the header, in bytes.
const HEADER: usize = 48;

/// Where the header says that it is in use.
const IS_INITIALIZED: usize = 12;

/// A state of the store: where two of them are equal, nothing was committed in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version([u8; HEADER]);

/// Tells the store's version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commits {
    index: &'static File,
}

impl Commits {
    /// Those of the open store at `path`.
    ///
    /// For a process that has the store open until it ends. The index stays open as
    /// long: to close it would drop the locks that SQLite holds on it in this process.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let mut index = path.as_os_str().to_owned();
        index.push("-shm");
        let index = Box::leak(Box::new(File::open(index)?));
        Ok(Self { index })
    }

    /// The version now; `None` where it can't be told, as in the middle of a commit.
    ///
    /// Whatever was committed before the call is in it.
    pub(crate) fn version(self) -> Option<Version> {
        let mut headers = [0; 2 * HEADER];
        read_beginning(self.index, &mut headers).ok()?;
        let (one, other) = headers.split_at(HEADER);
        let is_whole = one == other && one[IS_INITIALIZED] == 1;
        is_whole.then_some(Version(one.try_into().ok()?))
    }
}

#[cfg(unix)]
fn read_beginning(file: &File, buffer: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, 0)
}

/// SQLite locks what is read here, where locks are for everybody.
#[cfg(not(unix))]
fn read_beginning(_: &File, _: &mut [u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use rusqlite::Connection;

    use super::*;

    fn count(connection: &Connection) -> i64 {
        let sql = "SELECT count(*) FROM t";
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn insert(connection: &Connection) {
        connection
            .execute_batch("INSERT INTO t VALUES (1)")
            .unwrap();
    }

    fn store() -> (tempfile::TempDir, std::path::PathBuf, Connection) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let connection = Connection::open(&path).unwrap();
        let create = "PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER)";
        connection.execute_batch(create).unwrap();
        (dir, path, connection)
    }

    #[test]
    fn a_commit_changes_it_and_nothing_else_does() {
        let (_dir, path, ours) = store();
        let commits = Commits::of(&path).unwrap();
        let known = commits.version().unwrap();
        count(&ours);
        ours.execute_batch("BEGIN; INSERT INTO t VALUES (1); ROLLBACK")
            .unwrap();
        assert_eq!(commits.version(), Some(known));
        let other = Connection::open(&path).unwrap();
        assert_eq!(commits.version(), Some(known));
        let mut seen = vec![known];
        for writer in [&ours, &other] {
            insert(writer);
            let version = commits.version().unwrap();
            assert!(!seen.contains(&version));
            seen.push(version);
        }
        // The log begins anew.
        ours.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
            .unwrap();
        insert(&other);
        assert!(!seen.contains(&commits.version().unwrap()));
    }

    /// What everything that is kept stands on.
    #[test]
    fn what_is_read_between_equal_versions_is_equal() {
        let (_dir, path, reader) = store();
        let commits = Commits::of(&path).unwrap();
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let writer = Connection::open(&path).unwrap();
                writer.execute_batch("PRAGMA synchronous = OFF").unwrap();
                (0..3000).for_each(|_| insert(&writer));
                ended.store(true, Ordering::Release);
            });
            let mut known: Option<(Version, i64)> = None;
            while !ended.load(Ordering::Acquire) {
                let version = commits.version();
                let number = count(&reader);
                if let (Some(version), Some((then, of_then))) = (version, known)
                    && version == then
                    && commits.version() == version.into()
                {
                    assert_eq!(number, of_then);
                }
                // As a cache: read after the version that it is kept for.
                known = version
                    .filter(|v| commits.version() == Some(*v))
                    .map(|v| (v, number));
            }
        });
        assert_eq!(count(&reader), 3000);
    }

    #[test]
    fn a_store_without_a_log_has_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        Connection::open(&path).unwrap();
        assert!(Commits::of(&path).is_err());
    }
}
