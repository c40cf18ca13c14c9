//! How many snapshots an account may have, and how much space they may take.
//!
//! What is under way counts as what is there, so that no burst of requests gets past a
//! limit. What an account has beyond a limit stays.

use cloudsfor_types::Reason;

use super::error::{CloudError, CloudResult};
use super::tx::Tx;
use crate::store::accounts::AccountId;
use crate::store::vms::VmRecord;
use crate::store::{operations, snapshots, vms};

/// The limits of an account's snapshots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SnapshotLimits {
    /// How many there may be. Default: 100.
    pub snapshots: u64,
    /// The space that they may take, in GB; by default as [`SnapshotLimits::usual`] says.
    pub gigabytes: Option<f64>,
    /// The space that backups may take, in GB; by default the same.
    pub backup_gigabytes: Option<f64>,
}

impl Default for SnapshotLimits {
    fn default() -> Self {
        Self {
            snapshots: 100,
            gigabytes: None,
            backup_gigabytes: None,
        }
    }
}

impl SnapshotLimits {
    /// Ten times the disk of the account's VMs, and 1,000 GB at least.
    pub fn usual(disk: u64) -> f64 {
        (10.0 * disk as f64).max(1000.0)
    }
}

/// Refuses a snapshot of a VM that is beyond a limit of its account.
pub(super) fn check_snapshot(
    tx: &Tx<'_>,
    vm: &VmRecord,
    limits: &SnapshotLimits,
) -> CloudResult<()> {
    let (count, gigabytes) = snapshots::taken(tx.connection, vm.account, false)?;
    let under_way = operations::snapshots_under_way(tx.connection, vm.account)?;
    let expected = |(id, disk)| tx.compute().snapshot_size(id, disk).get();
    let pending: f64 = under_way
        .iter()
        .map(|(id, disk)| expected((id, *disk)))
        .sum();
    let count = count + under_way.len() as u64;
    if count >= limits.snapshots {
        return Err(refused(format!(
            "the account has {count} snapshots, as many as its limit `snapshots` allows: delete \
             one, or ask for a higher limit"
        )));
    }
    let limit = gigabyte_limit(tx, vm.account, limits.gigabytes)?;
    let more = expected((&vm.id, vm.disk));
    if gigabytes + pending + more > limit {
        return Err(refused(format!(
            "a snapshot of {} may take {more:.2} GB, and the account's take {:.2} GB of the \
             {limit:.2} GB that its limit `snapshot_gigabytes` allows: delete one, or ask for a \
             higher limit",
            vm.id,
            gigabytes + pending
        )));
    }
    Ok(())
}

/// How many GB an account's backups take beyond its limit.
pub(super) fn backups_beyond(
    tx: &Tx<'_>,
    account: AccountId,
    limits: &SnapshotLimits,
) -> CloudResult<f64> {
    let (_, gigabytes) = snapshots::taken(tx.connection, account, true)?;
    let limit = gigabyte_limit(tx, account, limits.backup_gigabytes)?;
    Ok((gigabytes - limit).max(0.0))
}

fn gigabyte_limit(tx: &Tx<'_>, account: AccountId, set: Option<f64>) -> CloudResult<f64> {
    Ok(match set {
        Some(limit) => limit,
        None => SnapshotLimits::usual(vms::disk_of_account(tx.connection, account)?),
    })
}

fn refused(message: String) -> CloudError {
    CloudError::Refused {
        reason: Reason::Quota,
        message,
    }
}
