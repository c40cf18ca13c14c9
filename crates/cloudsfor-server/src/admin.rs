//! A data directory as whoever runs the service sees it: accounts, the audit log,
//! what was used, backups. Works with the service running or not.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::cloud::{Accounts, CloudResult, domains};
use crate::ids::Ids;
use crate::local_profile::LocalProfile;
use crate::store::audit::{self, Entry};
use crate::store::usage::{self, Usage};
use crate::store::{Store, StoreError, copy};

/// The name of the store in a data directory.
pub(crate) const STORE: &str = "cloud.db";

/// A data directory that was opened for administration.
pub struct Admin {
    store: Store,
    ids: Ids,
    local_profile: LocalProfile,
}

/// Why a data directory can't be administered.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// It has no store.
    #[error("there is no cloud in {}: start one with `cloudsfor serve`, or name its directory", .0.display())]
    NoCloud(PathBuf),
    /// There is a store where a backup is to be put back.
    #[error("there is a cloud in {} already: name another directory, or replace it", .0.display())]
    Exists(PathBuf),
    /// Some process has it open.
    #[error("the cloud in {} is in use: stop its service and wait for commands that use it", .0.display())]
    InUse(PathBuf),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Admin {
    /// Opens a data directory in which there is a cloud.
    ///
    /// # Errors
    /// If there is none, or its store can't be opened.
    pub fn open(data_dir: &Path) -> Result<Self, AdminError> {
        let path = data_dir.join(STORE);
        if !path.exists() {
            return Err(AdminError::NoCloud(data_dir.to_owned()));
        }
        Ok(Self {
            store: Store::open(&path)?,
            ids: Ids::random(),
            local_profile: LocalProfile::new(data_dir),
        })
    }

    /// The CLI's profile of it.
    pub fn local_profile(&self) -> &LocalProfile {
        &self.local_profile
    }

    /// Its accounts.
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts::new(&self.store, &self.ids, Timestamp::now())
    }

    /// What was used from `from` until before `to`, by account and plan. What
    /// still goes on counts until now.
    ///
    /// # Errors
    /// Those of the store.
    pub fn usage(&self, from: Timestamp, to: Timestamp) -> CloudResult<Vec<Usage>> {
        let now = Timestamp::now();
        self.store.read(|c| {
            let (from, to) = (from.as_second(), to.as_second());
            Ok(usage::report(c, from, to, now.as_second())?)
        })
    }

    /// The newest `limit` entries of the audit log, the oldest of them first; of
    /// one account if its e-mail address is given.
    ///
    /// # Errors
    /// Those of the store.
    pub fn audit(&self, account: Option<&str>, limit: u32) -> CloudResult<Vec<Entry>> {
        self.store.read(|c| Ok(audit::newest(c, account, limit)?))
    }

    /// The domains that accounts have from before they were refused, and that DNS
    /// serves no more: those in the reverse zones and below the service's own name.
    ///
    /// # Errors
    /// Those of the store.
    pub fn domains_not_served(&self) -> CloudResult<Vec<String>> {
        self.store.read(domains::not_served)
    }

    /// Writes a copy of the store, of one moment, to a file that must not exist.
    ///
    /// # Errors
    /// If the file exists or can't be written, and those of the store.
    pub fn backup(&self, file: &Path) -> Result<(), StoreError> {
        copy::save(&self.store, file)
    }

    /// Puts a copy in the place of a data directory's store; what was there
    /// before is kept beside it, and its name returned.
    ///
    /// # Errors
    /// If the file is no whole store that this program knows, if there is a cloud
    /// and it is not to be replaced, or if it is in use.
    pub fn restore(
        data_dir: &Path,
        file: &Path,
        replace: bool,
    ) -> Result<Option<PathBuf>, AdminError> {
        let path = data_dir.join(STORE);
        if path.exists() && !replace {
            return Err(AdminError::Exists(data_dir.to_owned()));
        }
        copy::load(file, &path)?.ok_or_else(|| AdminError::InUse(data_dir.to_owned()))
    }

    /// Finishes what was accepted.
    pub async fn close(self) {
        self.store.close().await;
    }
}
