//! What can be wrong with the store.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory or the file can't be opened or made.
    #[error("can't open or make {}: {source}", path.display())]
    File {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file can't be opened as a store.
    #[error("can't open the store {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The store is of a newer version of the program.
    #[error(
        "the store {} has the format {found}, but this program knows only {known}: use a newer one",
        path.display()
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this program knows.
        known: i64,
    },
    /// A file is no store.
    #[error("{} is no store of CloudsFor: name a file that `cloudsfor serve backup` made", path.display())]
    NoStore {
        /// The file.
        path: PathBuf,
    },
    /// A store is not whole.
    #[error("the store {} is damaged ({found}): put a backup back by `cloudsfor serve restore`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found first.
        found: String,
    },
    /// A statement failed.
    #[error("the store failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The transaction that the work was part of could not be committed.
    #[error("the store could not commit: {message}")]
    Commit {
        /// Why.
        message: String,
        /// Whether it may work later.
        is_temporary: bool,
    },
    /// The store is being closed.
    #[error("the store is closed")]
    Closed,
    /// A defect: the work panicked. Nothing of it was kept.
    #[error("the work on the store failed unexpectedly")]
    Panicked,
}

impl StoreError {
    /// Whether the same may work later: the disk is full or read-only, another
    /// process holds the store, or it is being closed.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Closed => true,
            Self::Commit { is_temporary, .. } => *is_temporary,
            Self::Open { source, .. } | Self::Sqlite(source) => is_temporary(source),
            Self::File { .. }
            | Self::NoStore { .. }
            | Self::Damaged { .. }
            | Self::TooNew { .. }
            | Self::Panicked => false,
        }
    }
}

impl StoreError {
    /// Whether the file is broken, so that only a backup helps.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::NoStore { .. } => true,
            Self::Open { source, .. } | Self::Sqlite(source) => matches!(
                source.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
            _ => false,
        }
    }
}

/// Whether the statement may work later.
pub(super) fn is_temporary(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
        )
    )
}
