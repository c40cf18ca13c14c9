//! A transaction, as the cloud's functions see it.

use std::sync::Arc;
use std::time::Duration;

use cloudsfor_types::{ActionId, NetworkId, VmId};
use jiff::Timestamp;
use rusqlite::Connection;

use super::quota::SnapshotLimits;
use crate::clock::Clock;
use crate::compute::Compute;
use crate::ids::Ids;

/// What holds for the whole cloud.
pub struct Settings {
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// Its ids.
    pub ids: Ids,
    /// What makes its machines.
    pub compute: Arc<dyn Compute>,
    /// How backups are made.
    pub backups: BackupPolicy,
}

/// How backups are made, and what they and snapshots may take: the operator's choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BackupPolicy {
    /// The time between two backups of a VM. Default: a day.
    pub interval: Duration,
    /// How many of a VM's backups are kept. Default: 7.
    pub kept: usize,
    /// What an account's snapshots and backups may take.
    pub limits: SnapshotLimits,
}

impl Default for BackupPolicy {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(24 * 60 * 60),
            kept: 7,
            limits: SnapshotLimits::default(),
        }
    }
}

/// Why what [`Ids`] makes can be any id.
const AN_ID: &str = "32 hex digits are an id";

/// A transaction that changes something: all of it becomes durable, or nothing.
pub struct Tx<'a> {
    /// The store.
    pub connection: &'a Connection,
    /// The present: one moment for the whole transaction.
    pub now: Timestamp,
    /// What holds for the whole cloud.
    pub settings: &'a Settings,
}

impl<'a> Tx<'a> {
    pub(super) fn new(connection: &'a Connection, settings: &'a Settings) -> Self {
        Self {
            connection,
            now: settings.clock.now(),
            settings,
        }
    }

    /// The id of a new account.
    pub fn new_account_uuid(&self) -> String {
        self.new_id()
    }

    /// The id of a new VM.
    pub fn new_vm_id(&self) -> VmId {
        VmId::new(self.new_id()).expect(AN_ID)
    }

    /// The id of a new private network.
    pub fn new_network_id(&self) -> NetworkId {
        NetworkId::new(self.new_id()).expect(AN_ID)
    }

    /// The id of a new action, or of an operation that users don't see.
    pub fn new_action_id(&self) -> ActionId {
        ActionId::new(self.new_id()).expect(AN_ID)
    }

    fn new_id(&self) -> String {
        self.settings.ids.next(self.now)
    }

    /// What makes the machines.
    pub fn compute(&self) -> &dyn Compute {
        &*self.settings.compute
    }

    /// The present in seconds.
    pub fn second(&self) -> i64 {
        self.now.as_second()
    }

    /// When a backup made next is due, in seconds.
    pub fn next_backup(&self) -> i64 {
        self.second()
            .saturating_add(self.settings.backups.interval.as_secs() as i64)
    }
}
