//! Keeps a store's file from being replaced while somebody has it open.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// Held for as long as a store is open.
#[derive(Debug)]
pub(super) struct InUse(#[expect(dead_code, reason = "the lock is the file being open")] File);

/// Held while a store's file is replaced.
#[derive(Debug)]
pub(super) struct Alone(#[expect(dead_code, reason = "the lock is the file being open")] File);

impl InUse {
    /// Waits while the file is being replaced.
    pub(super) fn of(store: &Path) -> io::Result<Self> {
        let file = lock_file(store)?;
        file.lock_shared()?;
        Ok(Self(file))
    }
}

impl Alone {
    /// `None` if the store is in use.
    pub(super) fn with(store: &Path) -> io::Result<Option<Self>> {
        let file = lock_file(store)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

fn lock_file(store: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(store.with_extension("lock"))
}
