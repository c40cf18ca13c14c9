//! Snapshots and backups: they outlive their VM, and each is an image.

use cloudsfor_types::{Gigabytes, Snapshot, SnapshotId};
use rusqlite::Connection;

use super::error::{CloudError, CloudResult};
use super::tx::Tx;
use super::{actions, catalog, events, quota, timestamp, vms};
use crate::store::accounts::AccountId;
use crate::store::operations::Claimed;
use crate::store::snapshots::{self, SnapshotRecord};
use crate::store::vms::{self as vm_rows, VmRecord};
use crate::store::window::Position;

/// Snapshots with their places in the list.
pub type Placed = Vec<(Position, Snapshot)>;

/// The snapshots of the account's VM, oldest first.
pub fn of_vm(connection: &Connection, account: AccountId, vm_id: &str) -> CloudResult<Placed> {
    let vm = vms::record(connection, account, vm_id)?;
    Ok(placed(snapshots::of_vm(connection, &vm.id, false)?))
}

/// The backups of the account's VM, oldest first.
pub fn backups_of_vm(
    connection: &Connection,
    account: AccountId,
    vm_id: &str,
) -> CloudResult<Placed> {
    let vm = vms::record(connection, account, vm_id)?;
    Ok(placed(snapshots::of_vm(connection, &vm.id, true)?))
}

/// The account's snapshots, oldest first, also those whose VM is gone.
pub fn of_account(connection: &Connection, account: AccountId) -> CloudResult<Placed> {
    Ok(placed(snapshots::of_account(connection, account)?))
}

fn placed(records: Vec<SnapshotRecord>) -> Placed {
    records
        .into_iter()
        .map(|record| (record.position(), view(record)))
        .collect()
}

/// The account's snapshot or backup with this id.
pub fn get(connection: &Connection, account: AccountId, id: &str) -> CloudResult<Snapshot> {
    record(connection, account, id).map(view)
}

fn record(connection: &Connection, account: AccountId, id: &str) -> CloudResult<SnapshotRecord> {
    snapshots::get(connection, account, id)?.ok_or_else(|| CloudError::NotFound {
        what: "snapshot",
        id: id.to_owned(),
    })
}

/// Deletes the account's snapshot. VMs made from it have disks of their own.
pub fn delete(tx: &Tx<'_>, account: AccountId, id: &str) -> CloudResult<()> {
    let snapshot = record(tx.connection, account, id)?;
    remove(tx, &snapshot)?;
    if let Some(mut vm) = vm_rows::get_any(tx.connection, &snapshot.vm_id)? {
        vm.snapshot_count = vm.snapshot_count.saturating_sub(1);
        vm_rows::update(tx.connection, &vm)?;
        events::vm(tx, account, &vms::view(tx.connection, vm)?)?;
    }
    Ok(())
}

/// Forgets a snapshot, and has the driver remove what it keeps of it.
fn remove(tx: &Tx<'_>, snapshot: &SnapshotRecord) -> CloudResult<()> {
    snapshots::delete(tx.connection, &snapshot.id)?;
    if tx.compute().is_real() {
        actions::begin_removal(tx, snapshot)?;
    }
    Ok(())
}

/// Deletes a snapshot of the account's VM.
pub fn delete_of_vm(tx: &Tx<'_>, account: AccountId, vm_id: &str, id: &str) -> CloudResult<()> {
    let vm = vms::record(tx.connection, account, vm_id)?;
    if record(tx.connection, account, id)?.vm_id != vm.id {
        return Err(CloudError::NotFound {
            what: "snapshot",
            id: id.to_owned(),
        });
    }
    delete(tx, account, id)
}

/// The id of the snapshot that an operation makes: the operation's own, so that
/// carrying it out twice makes one.
pub(super) fn id_of(claim: &Claimed) -> SnapshotId {
    SnapshotId::new(claim.id.as_str()).expect("the ids of actions and of snapshots have one form")
}

/// Writes down the snapshot that an operation has made.
pub(super) fn add(
    tx: &Tx<'_>,
    claim: &Claimed,
    name: &str,
    size: Option<Gigabytes>,
    vm: &mut VmRecord,
) -> CloudResult<()> {
    insert(tx, claim, name, size, vm, false)
}

/// Writes down the backup that an operation has made, and removes those that are
/// too many.
pub(super) fn add_backup(
    tx: &Tx<'_>,
    claim: &Claimed,
    size: Option<Gigabytes>,
    vm: &mut VmRecord,
) -> CloudResult<()> {
    let name = format!("{} {}", vm.name, timestamp(tx.second()));
    insert(tx, claim, &name, size, vm, true)?;
    let backups = snapshots::of_vm(tx.connection, &vm.id, true)?;
    let policy = &tx.settings.backups;
    let surplus = backups.len().saturating_sub(policy.kept);
    let mut beyond = quota::backups_beyond(tx, vm.account, &policy.limits)?;
    // Never the one that was made just now.
    let older = backups.iter().take(backups.len().saturating_sub(1));
    for (number, backup) in older.enumerate() {
        if number >= surplus && beyond <= 0.0 {
            break;
        }
        remove(tx, backup)?;
        beyond -= backup.size.get();
        vm.snapshot_count = vm.snapshot_count.saturating_sub(1);
    }
    Ok(())
}

fn insert(
    tx: &Tx<'_>,
    claim: &Claimed,
    name: &str,
    size: Option<Gigabytes>,
    vm: &mut VmRecord,
    is_backup: bool,
) -> CloudResult<()> {
    let snapshot = SnapshotRecord {
        id: id_of(claim),
        account: vm.account,
        name: name.to_owned(),
        vm_id: vm.id.clone(),
        region: vm.region.clone(),
        distro: vm.distro.clone(),
        memory: vm.memory,
        vcpus: vm.vcpus,
        disk: vm.disk,
        size: size.unwrap_or(Gigabytes::from(0)),
        status: vm.status.clone(),
        is_backup,
        created_at: tx.second(),
    };
    snapshots::insert(tx.connection, &snapshot)?;
    vm.snapshot_count += 1;
    Ok(())
}

/// "Both shapes": the union of an image's attributes and a VM's.
fn view(record: SnapshotRecord) -> Snapshot {
    Snapshot {
        id: record.id,
        name: Some(record.name),
        vm_id: Some(record.vm_id),
        created_at: Some(timestamp(record.created_at)),
        distro: Some(record.distro),
        region: Some(catalog::region(&record.region)),
        size_gigabytes: Some(record.size),
        memory: Some(record.memory),
        vcpus: Some(record.vcpus.into()),
        disk: Some(record.disk.into()),
        locked: false,
        status: Some(record.status),
        backup_ids: Vec::new(),
        snapshot_ids: Vec::new(),
        features: Vec::new(),
        networks: Some(Default::default()),
        extra: Default::default(),
    }
}
