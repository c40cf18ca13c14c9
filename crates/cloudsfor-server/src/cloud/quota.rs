//! How much of each kind an account may have: by default, or as the operator has set.
//!
//! What is under way counts as what is there, so that no burst of requests gets past a
//! limit. What an account has beyond a limit stays.

use cloudsfor_types::{AccountLimits, Gigabytes, Reason};
use rusqlite::Connection;

use super::error::{CloudError, CloudResult};
use super::tx::Tx;
use crate::store::accounts::{Account, AccountId};
use crate::store::limits::{self, Limits};
use crate::store::vms::VmRecord;
use crate::store::{operations, snapshots, vms};

/// The keys that an account may have, unless the operator has set another number.
const KEYS: u64 = 200;

/// The same of private networks.
const NETWORKS: u64 = 100;

/// The same of domains.
const DOMAINS: u64 = 200;

/// The same of records of one domain.
const RECORDS: u64 = 1000;

/// The default limits of an account's snapshots.
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
    /// These, or what the operator has set for the account.
    fn of(&self, own: &Limits) -> Self {
        Self {
            snapshots: own.snapshots.unwrap_or(self.snapshots),
            gigabytes: own.snapshot_gigabytes.or(self.gigabytes),
            backup_gigabytes: own.backup_gigabytes.or(self.backup_gigabytes),
        }
    }

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
    let limits = limits.of(&limits::of(tx.connection, vm.account)?);
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
    let limit = gigabyte_limit(tx.connection, vm.account, limits.gigabytes)?;
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
    let limits = limits.of(&limits::of(tx.connection, account)?);
    let (_, gigabytes) = snapshots::taken(tx.connection, account, true)?;
    let limit = gigabyte_limit(tx.connection, account, limits.backup_gigabytes)?;
    Ok((gigabytes - limit).max(0.0))
}

/// Refuses one key more than the account may have.
pub(super) fn check_key(tx: &Tx<'_>, account: AccountId) -> CloudResult<()> {
    let limit = limits::of(tx.connection, account)?.keys.unwrap_or(KEYS);
    check("keys", "keys", limits::keys(tx.connection, account)?, limit)
}

/// Refuses one private network more than the account may have.
pub(super) fn check_network(tx: &Tx<'_>, account: AccountId) -> CloudResult<()> {
    let own = limits::of(tx.connection, account)?.networks;
    let used = limits::networks(tx.connection, account)?;
    check("networks", "networks", used, own.unwrap_or(NETWORKS))
}

/// Refuses one domain more than the account may have.
pub(super) fn check_domain(tx: &Tx<'_>, account: AccountId) -> CloudResult<()> {
    let own = limits::of(tx.connection, account)?.domains;
    let used = limits::domains(tx.connection, account)?;
    check("domains", "domains", used, own.unwrap_or(DOMAINS))
}

/// Refuses one record more than a domain of the account may have.
pub(super) fn check_record(tx: &Tx<'_>, account: AccountId, domain_id: i64) -> CloudResult<()> {
    let own = limits::of(tx.connection, account)?.records_per_domain;
    let used = limits::records(tx.connection, domain_id)?;
    let limit = own.unwrap_or(RECORDS);
    check("records_per_domain", "records in this domain", used, limit)
}

fn check(name: &str, what: &str, used: u64, limit: u64) -> CloudResult<()> {
    if used < limit {
        return Ok(());
    }
    Err(refused(format!(
        "the account has {used} {what}, as many as its limit `{name}` allows: delete one, or ask \
         for a higher limit"
    )))
}

/// How much an account may have, and has.
pub(super) fn of_account(
    connection: &Connection,
    account: &Account,
    snapshot_limits: &SnapshotLimits,
) -> CloudResult<(AccountLimits, AccountLimits)> {
    let own = limits::of(connection, account.id)?;
    let snapshot_limits = snapshot_limits.of(&own);
    let gigabytes = |set| -> CloudResult<_> {
        let limit = gigabyte_limit(connection, account.id, set)?;
        Ok(Gigabytes::new(limit))
    };
    let may_have = AccountLimits {
        vms: Some(account.vm_limit),
        keys: own.keys.or(Some(KEYS)),
        networks: own.networks.or(Some(NETWORKS)),
        domains: own.domains.or(Some(DOMAINS)),
        records_per_domain: own.records_per_domain.or(Some(RECORDS)),
        snapshots: Some(snapshot_limits.snapshots),
        snapshot_gigabytes: gigabytes(snapshot_limits.gigabytes)?,
        backup_gigabytes: gigabytes(snapshot_limits.backup_gigabytes)?,
        extra: Default::default(),
    };
    let (snapshots, snapshot_gigabytes) = snapshots::taken(connection, account.id, false)?;
    let (_, backup_gigabytes) = snapshots::taken(connection, account.id, true)?;
    let has = AccountLimits {
        vms: Some(account.vm_count),
        keys: Some(limits::keys(connection, account.id)?),
        networks: Some(limits::networks(connection, account.id)?),
        domains: Some(limits::domains(connection, account.id)?),
        records_per_domain: Some(limits::fullest_domain(connection, account.id)?),
        snapshots: Some(snapshots),
        snapshot_gigabytes: Gigabytes::new(snapshot_gigabytes),
        backup_gigabytes: Gigabytes::new(backup_gigabytes),
        extra: Default::default(),
    };
    Ok((may_have, has))
}

fn gigabyte_limit(
    connection: &Connection,
    account: AccountId,
    set: Option<f64>,
) -> CloudResult<f64> {
    Ok(match set {
        Some(limit) => limit,
        None => SnapshotLimits::usual(vms::disk_of_account(connection, account)?),
    })
}

fn refused(message: String) -> CloudError {
    CloudError::Refused {
        reason: Reason::Quota,
        message,
    }
}
