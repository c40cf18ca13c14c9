//! Actions: what may be done to a VM in which state, and what it has changed
//! once it is done.

use cloudsfor_types::{
    Action, ActionId, ActionStatus, FieldFault, Gigabytes, Reason, VmAction, VmFeature, VmId,
    VmStatus,
};
use rusqlite::Connection;

use super::error::{CloudError, CloudResult};
use super::tx::Tx;
use super::{
    capacity, catalog, events, images, quota, record_rules, records, snapshots, timestamp, vms,
};
use crate::store::accounts::AccountId;
use crate::store::actions::ActionRecord;
use crate::store::operations::{self, Claimed, NewOperation, Work};
use crate::store::snapshots::SnapshotRecord;
use crate::store::vms::VmRecord;
use crate::store::window::{Position, Window};
use crate::store::{actions as action_rows, addresses, usage, vms as vm_rows};

/// Starts an action on the account's VM.
pub fn start(
    tx: &Tx<'_>,
    account: AccountId,
    vm_id: &str,
    action: &VmAction,
) -> CloudResult<Action> {
    let mut vm = vms::record(tx.connection, account, vm_id)?;
    if vm.locked {
        return Err(CloudError::Refused {
            reason: Reason::Locked,
            message: format!(
                "the VM {} already has a pending event: wait until it ends",
                vm.id
            ),
        });
    }
    check(tx, &vm, action)?;
    vm.locked = true;
    vm_rows::update(tx.connection, &vm)?;
    let started = begin(tx, &vm, &Work::Action(action.clone()))?;
    events::vm(tx, account, &vms::view(tx.connection, vm)?)?;
    Ok(started)
}

/// Writes an operation down, to be carried out by a worker; says its id.
fn write_down(tx: &Tx<'_>, vm: &VmRecord, work: &Work, due_at_ms: i64) -> CloudResult<ActionId> {
    let id = tx.new_action_id();
    operations::insert(
        tx.connection,
        &NewOperation {
            id: &id,
            work,
            account: vm.account,
            vm_id: &vm.id,
            region: &vm.region,
            now: tx.now,
            due_at_ms,
        },
    )?;
    Ok(id)
}

/// Ends whatever runs on a VM that is being deleted, and has its machine removed:
/// as soon as no worker can be at that machine any more.
pub(super) fn begin_destroy(tx: &Tx<'_>, vm: &VmRecord) -> CloudResult<()> {
    let now_ms = tx.now.as_millisecond();
    let due_at_ms =
        operations::busy_until(tx.connection, &vm.id)?.map_or(now_ms, |until| until.max(now_ms));
    let aborted = operations::abort_all(tx.connection, &vm.id, "the VM was deleted", tx.second())?;
    for action in aborted {
        events::action(tx, vm.account, &view(action))?;
    }
    write_down(tx, vm, &Work::Destroy, due_at_ms).map(drop)
}

/// Has the machine of a deleted VM be removed now that a worker has left it alone.
pub(super) fn hasten_destroy(tx: &Tx<'_>, vm_id: &VmId) -> CloudResult<()> {
    let now_ms = tx.now.as_millisecond();
    Ok(operations::hasten_destroy(tx.connection, vm_id, now_ms)?)
}

/// Has the driver remove what it keeps of a snapshot that was deleted.
pub(super) fn begin_removal(tx: &Tx<'_>, snapshot: &SnapshotRecord) -> CloudResult<()> {
    let new = NewOperation {
        id: &tx.new_action_id(),
        work: &Work::RemoveSnapshot(snapshot.id.clone()),
        account: snapshot.account,
        vm_id: &snapshot.vm_id,
        region: &snapshot.region,
        now: tx.now,
        due_at_ms: tx.now.as_millisecond(),
    };
    Ok(operations::insert(tx.connection, &new)?)
}

/// Has a machine be in the networks that its VM is in now, if it is one that can tell.
pub(super) fn begin_connect(tx: &Tx<'_>, vm: &VmRecord) -> CloudResult<()> {
    if tx.compute().is_real() {
        write_down(tx, vm, &Work::Connect, tx.now.as_millisecond())?;
    }
    Ok(())
}

/// Begins the automatic backups that are due.
pub(super) fn begin_backups(tx: &Tx<'_>) -> CloudResult<()> {
    for mut vm in vm_rows::to_back_up(tx.connection, tx.second())? {
        vm.next_backup_at = Some(tx.next_backup());
        if let Err(error) = capacity::check(tx, capacity::More::snapshot_of(tx, &vm)) {
            tracing::warn!(vm_id = %vm.id, %error, "a backup is left out");
            vm_rows::update(tx.connection, &vm)?;
            continue;
        }
        vm.locked = true;
        vm_rows::update(tx.connection, &vm)?;
        write_down(tx, &vm, &Work::Backup, tx.now.as_millisecond())?;
        events::vm(tx, vm.account, &vms::view(tx.connection, vm)?)?;
    }
    Ok(())
}

/// Begins an action.
pub(super) fn begin(tx: &Tx<'_>, vm: &VmRecord, work: &Work) -> CloudResult<Action> {
    let id = write_down(tx, vm, work, tx.now.as_millisecond())?;
    let action = view(ActionRecord {
        id,
        vm_id: vm.id.clone(),
        kind: work.kind(),
        region: vm.region.clone(),
        status: ActionStatus::InProgress,
        error: None,
        started_at: tx.second(),
        completed_at: None,
    });
    events::action(tx, vm.account, &action)?;
    Ok(action)
}

/// The contract's table of what is allowed when.
fn check(tx: &Tx<'_>, vm: &VmRecord, action: &VmAction) -> CloudResult<()> {
    use VmStatus::{Errored, Running, Stopped};
    let allowed: &[VmStatus] = match action {
        VmAction::PowerOn => &[Stopped],
        VmAction::PowerOff | VmAction::Shutdown | VmAction::Reboot | VmAction::PowerCycle => {
            &[Running]
        }
        VmAction::Resize {
            size: None,
            cpu: None,
            ..
        } => &[Running, Stopped],
        VmAction::Resize { .. } => &[Stopped],
        VmAction::Snapshot { .. } | VmAction::Restore { .. } => &[Running, Stopped],
        VmAction::Rebuild { .. } => &[Running, Stopped, Errored],
        VmAction::Rename { .. } | VmAction::EnableBackups | VmAction::DisableBackups => {
            VmStatus::KNOWN
        }
    };
    if !allowed.contains(&vm.status) {
        let allowed: Vec<_> = allowed.iter().map(VmStatus::as_str).collect();
        return Err(state(format!(
            "{} needs a VM that is {}, and {} is {}",
            action.action_type(),
            allowed.join(" or "),
            vm.id,
            vm.status
        )));
    }
    if let VmAction::Rename { name } = action {
        record_rules::check_vm_name(tx.connection, vm.account, name)?;
    }
    match action {
        VmAction::Resize {
            disk_size: Some(disk),
            ..
        } if *disk < vm.disk => Err(state(format!(
            "a disk never shrinks, and that of {} has {} GB",
            vm.id, vm.disk
        ))),
        VmAction::Resize {
            size,
            cpu,
            disk_size,
        } => capacity::check(
            tx,
            capacity::More {
                memory: size.map_or(0.0, |size| size.get() - vm.memory.get()),
                vcpus: cpu.map_or(0, |cpu| i64::from(cpu) - i64::from(vm.vcpus)),
                disk: disk_size.map_or(0, |disk| i64::from(disk) - i64::from(vm.disk)),
                snapshots: 0.0,
            },
        ),
        VmAction::Snapshot { .. } => {
            quota::check_snapshot(tx, vm, &tx.settings.backups.limits)?;
            capacity::check(tx, capacity::More::snapshot_of(tx, vm))
        }
        VmAction::Restore { image } => {
            let found = images::find_snapshot(tx.connection, vm.account, image)?;
            images::check(found, vm.disk, || {
                let message = format!(
                    "{image:?} is no snapshot or backup of this account: restore takes one, \
                     rebuild takes any image"
                );
                FieldFault::new("image", message)
            })
        }
        VmAction::Rebuild { image } => {
            let found = images::find(tx.connection, tx.compute(), vm.account, image)?;
            images::check(found, vm.disk, || catalog::image_fault(tx.compute(), image))
        }
        _ => Ok(()),
    }
}

fn state(message: String) -> CloudError {
    CloudError::Refused {
        reason: Reason::State,
        message,
    }
}

/// What a worker reports of an operation that has ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// It is done; if it made a snapshot, this is the space that it takes.
    Done(Option<Gigabytes>),
    /// It failed for good.
    Failed(String),
}

/// Ends a claimed operation: writes down what it has changed, and what the machine
/// is now. Nothing happens if the claim no longer counts.
pub(super) fn complete(tx: &Tx<'_>, claim: &Claimed, outcome: &Outcome) -> CloudResult<()> {
    let error = match outcome {
        Outcome::Done(_) => None,
        Outcome::Failed(error) => Some(error.as_str()),
    };
    if !operations::finish(tx.connection, claim, error, tx.second())? {
        return Ok(());
    }
    if let Work::RemoveSnapshot(_) | Work::Connect = claim.work {
        return Ok(());
    }
    if claim.work == Work::Destroy {
        // Only now that the machine is gone may another VM have its addresses.
        return Ok(addresses::release(tx.connection, claim.vm_id.as_str())?);
    }
    let Some(mut vm) = vm_rows::get_any(tx.connection, &claim.vm_id)? else {
        return Ok(());
    };
    vm.locked = false;
    match outcome {
        Outcome::Done(size) => apply(tx, claim, *size, &mut vm)?,
        Outcome::Failed(_) if claim.work == Work::Create => vm.status = VmStatus::Errored,
        // It shows what it really is: as it was.
        Outcome::Failed(_) => {}
    }
    observe(tx, &mut vm)?;
    vm_rows::update(tx.connection, &vm)?;
    usage::note(tx.connection, &vm, tx.second())?;
    let account = vm.account;
    if let Some(action) = action_rows::get(tx.connection, account, None, claim.id.as_str())? {
        events::action(tx, account, &view(action))?;
    }
    events::vm(tx, account, &vms::view(tx.connection, vm)?)
}

/// Makes a VM say what its machine really is; says whether it said something else.
fn observe(tx: &Tx<'_>, vm: &mut VmRecord) -> CloudResult<bool> {
    let Some(observed) = tx.compute().observe(&vm.id) else {
        return Ok(false);
    };
    if let Some(notice) = observed.notice {
        note(tx, vm, &notice)?;
    }
    let before = (vm.status.clone(), vm.ssh_port);
    vm.ssh_port = observed.ssh_port;
    if [VmStatus::Running, VmStatus::Stopped].contains(&vm.status) {
        vm.status = if observed.runs {
            VmStatus::Running
        } else {
            VmStatus::Stopped
        };
    }
    Ok(before != (vm.status.clone(), vm.ssh_port))
}

/// Has the action that started a VM last say what its owner is to know of it.
fn note(tx: &Tx<'_>, vm: &VmRecord, notice: &str) -> CloudResult<()> {
    match action_rows::note_start(tx.connection, &vm.id, notice)? {
        Some(action) => events::action(tx, vm.account, &view(action)),
        None => Ok(()),
    }
}

/// Makes VMs on which nothing runs say what their machines really are: those can
/// stop by themselves.
pub(super) fn observe_all(tx: &Tx<'_>) -> CloudResult<()> {
    for mut vm in vm_rows::at_rest(tx.connection)? {
        if observe(tx, &mut vm)? {
            vm_rows::update(tx.connection, &vm)?;
            usage::note(tx.connection, &vm, tx.second())?;
            events::vm(tx, vm.account, &vms::view(tx.connection, vm)?)?;
        }
    }
    Ok(())
}

/// What an operation that succeeded has changed about its VM.
fn apply(
    tx: &Tx<'_>,
    claim: &Claimed,
    size: Option<Gigabytes>,
    vm: &mut VmRecord,
) -> CloudResult<()> {
    let action = match &claim.work {
        Work::Create => {
            vm.status = VmStatus::Running;
            return Ok(());
        }
        Work::Backup => return snapshots::add_backup(tx, claim, size, vm),
        Work::Connect | Work::Destroy | Work::RemoveSnapshot(_) => return Ok(()),
        Work::Action(action) => action,
    };
    match action {
        VmAction::PowerOn | VmAction::Reboot | VmAction::PowerCycle => {
            vm.status = VmStatus::Running;
        }
        VmAction::PowerOff | VmAction::Shutdown => vm.status = VmStatus::Stopped,
        VmAction::Resize {
            size,
            cpu,
            disk_size,
        } => {
            vm.memory = size.unwrap_or(vm.memory);
            vm.vcpus = cpu.unwrap_or(vm.vcpus);
            vm.disk = disk_size.unwrap_or(vm.disk);
        }
        VmAction::Snapshot { name } => snapshots::add(tx, claim, name, size, vm)?,
        VmAction::Restore { .. } => {}
        VmAction::Rebuild { image } => {
            vm.distro.clone_from(image);
            if let Some(found) = images::find(tx.connection, tx.compute(), vm.account, image)? {
                vm.image_id = found.id;
                vm.image_name = found.name;
            }
            if vm.status == VmStatus::Errored {
                vm.status = VmStatus::Running;
            }
        }
        VmAction::Rename { name } => {
            vm.name.clone_from(name);
            records::follow(tx, vm)?;
        }
        VmAction::EnableBackups => {
            if !vm.features.contains(&VmFeature::Backups) {
                vm.features.insert(0, VmFeature::Backups);
                vm.next_backup_at = Some(tx.next_backup());
            }
        }
        VmAction::DisableBackups => {
            vm.features.retain(|feature| *feature != VmFeature::Backups);
            vm.next_backup_at = None;
        }
    }
    Ok(())
}

/// The account's action with this id, of this VM if one is named.
pub fn get(
    connection: &Connection,
    account: AccountId,
    vm_id: Option<&str>,
    id: &str,
) -> CloudResult<Action> {
    let vm_id = checked_vm(connection, account, vm_id)?;
    action_rows::get(connection, account, vm_id.as_ref(), id)?
        .map(view)
        .ok_or_else(|| CloudError::NotFound {
            what: "action",
            id: id.to_owned(),
        })
}

/// The account's actions, of this VM if one is named, with their places in the
/// list, and how many there are on all pages.
pub fn list(
    connection: &Connection,
    account: AccountId,
    vm_id: Option<&str>,
    window: &Window,
) -> CloudResult<(Vec<(Position, Action)>, u64)> {
    let vm_id = checked_vm(connection, account, vm_id)?;
    let (actions, total) = action_rows::list(connection, account, vm_id.as_ref(), window)?;
    let placed = |action: ActionRecord| {
        (
            Position {
                time: action.started_at,
                id: action.id.to_string(),
            },
            view(action),
        )
    };
    Ok((actions.into_iter().map(placed).collect(), total))
}

fn checked_vm(
    connection: &Connection,
    account: AccountId,
    vm_id: Option<&str>,
) -> CloudResult<Option<VmId>> {
    vm_id
        .map(|id| vms::record(connection, account, id).map(|vm| vm.id))
        .transpose()
}

fn view(record: ActionRecord) -> Action {
    // One column has both: an action that failed has no notice.
    let (error, notice) = match record.status {
        ActionStatus::Completed => (None, record.error),
        _ => (record.error, None),
    };
    Action {
        id: record.vm_id,
        action_id: Some(record.id),
        status: record.status,
        r#type: record.kind,
        started_at: timestamp(record.started_at),
        completed_at: record.completed_at.map(timestamp),
        resource_type: Some("vm".into()),
        region: Some(record.region),
        error,
        notice,
        extra: Default::default(),
    }
}
