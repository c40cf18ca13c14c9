//! Carries out what was accepted: claims operations that are due, calls the
//! compute driver, and writes down how far it got.
//!
//! Nothing is remembered here. Whatever happens to this process, the next one
//! finds every operation in the store.

use std::sync::Arc;
use std::time::Duration;

use cloudsfor_types::{Gigabytes, SnapshotId, VmAction, VmStatus};
use jiff::Timestamp;

use super::actions::{self, Outcome};
use super::error::CloudResult;
use super::tx::Tx;
use super::{Cloud, snapshots};
use crate::compute::{Compute, ComputeError, ComputeResult, Machine, Power, Step};
use crate::store::StoreError;
use crate::store::operations::{self, Claimed, Work};
use crate::store::vms as vm_rows;

/// How long a claim holds. The verbs of a driver return sooner; a claim that
/// ran out is that of a process that died.
const LEASE: Duration = Duration::from_secs(5);

/// Operations claimed at once.
const BATCH: u32 = 64;

/// How often to look whether another process has left something to do.
const FOREIGN_WORK: Duration = Duration::from_millis(500);

/// How often to look whether another process has finished what it is at.
const OTHERS_WORK: Duration = Duration::from_millis(20);

/// After the store failed, how long to leave it alone.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Works until the cloud is closed.
pub(super) async fn run(cloud: Arc<Cloud>) {
    let mut changes = cloud.store.changes();
    let mut closing = cloud.closing.subscribe();
    while !*closing.borrow_and_update() {
        changes.mark_unchanged();
        // In a task of its own: a driver that panics ends that, not the worker.
        let settling = cloud.clone();
        let settled = tokio::spawn(async move { settle(&settling).await });
        let next = match settled
            .await
            .unwrap_or_else(|_| Err(StoreError::Panicked.into()))
        {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "can't carry out operations now");
                tokio::time::sleep(STORE_PAUSE).await;
                continue;
            }
        };
        let next_is_due = async {
            match next {
                Some(due) => cloud.clock().sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = closing.changed() => {}
            _ = changes.changed() => {}
            () = next_is_due => {}
            () = tokio::time::sleep(FOREIGN_WORK) => {}
        }
    }
}

/// Carries out everything that is due; says when there will be more.
pub(super) async fn settle(cloud: &Cloud) -> CloudResult<Option<Timestamp>> {
    loop {
        let now = cloud.clock().now();
        let backup = cloud.store.read(vm_rows::next_backup)?;
        if backup.is_some_and(|due| due <= now.as_second()) {
            cloud.write(actions::begin_backups).await?;
            continue;
        }
        match cloud.store.read(operations::next_due)? {
            Some(due) if due <= now.as_millisecond() => work(cloud).await?,
            due => {
                let backup = backup.and_then(|second| Timestamp::from_second(second).ok());
                let due = due.and_then(|due| Timestamp::from_millisecond(due).ok());
                return Ok(due.into_iter().chain(backup).min());
            }
        }
    }
}

/// Carries out everything that is due, or waits for another process that is at
/// it: so whoever opens the cloud sees nothing unfinished that is due.
pub(super) async fn settle_all(cloud: &Cloud) -> CloudResult<()> {
    let patience = tokio::time::Instant::now() + 2 * LEASE;
    loop {
        settle(cloud).await?;
        let now_ms = cloud.clock().now().as_millisecond();
        let overdue = cloud.store.read(|c| operations::is_any_due(c, now_ms))?;
        if !overdue || tokio::time::Instant::now() > patience {
            return Ok(());
        }
        tokio::time::sleep(OTHERS_WORK).await;
    }
}

/// Claims what is due, and carries out what it claimed.
async fn work(cloud: &Cloud) -> CloudResult<()> {
    let now_ms = cloud.clock().now().as_millisecond();
    let lease_ms = LEASE.as_millis() as i64;
    let claims = cloud
        .store
        .write(move |tx| operations::claim(tx, now_ms, lease_ms, BATCH))
        .await?;
    let mut results = Vec::with_capacity(claims.len());
    for claim in claims {
        let result = carry_out(cloud, &claim).await?;
        results.push((claim, result));
    }
    cloud
        .write(move |tx| {
            results
                .iter()
                .try_for_each(|(claim, result)| record(tx, claim, result))
        })
        .await
}

/// How far an operation got: the driver's answer, with the space that a snapshot
/// takes.
type Progress = ComputeResult<Option<Gigabytes>>;

async fn carry_out(cloud: &Cloud, claim: &Claimed) -> CloudResult<Progress> {
    let compute = &*cloud.compute;
    if claim.work == Work::Destroy {
        return Ok(plain(compute.destroy(&claim.vm_id).await));
    }
    let Some(vm) = cloud.store.read(|c| vm_rows::get_any(c, &claim.vm_id))? else {
        // Deleted since it was claimed; the fence keeps this from counting.
        return Ok(Ok(Step::Done(None)));
    };
    let run = vm.status != VmStatus::Stopped;
    let mut machine = Machine {
        id: vm.id,
        name: vm.name,
        image: vm.distro,
        memory: vm.memory,
        vcpus: vm.vcpus,
        disk: vm.disk,
        requested_at: Timestamp::from_millisecond(claim.started_at_ms).unwrap_or_default(),
    };
    let action = match &claim.work {
        Work::Create => return Ok(plain(compute.ensure(&machine).await)),
        Work::Backup => return Ok(snapshot(compute, &machine, claim).await),
        Work::Action(action) => action,
        Work::Destroy => return Ok(Ok(Step::Done(None))),
    };
    Ok(match action {
        VmAction::PowerOn => plain(compute.power(&machine, Power::On).await),
        VmAction::PowerOff => plain(compute.power(&machine, Power::Off).await),
        VmAction::Shutdown => plain(compute.power(&machine, Power::Shutdown).await),
        VmAction::Reboot => plain(compute.power(&machine, Power::Reboot).await),
        VmAction::PowerCycle => plain(compute.power(&machine, Power::Cycle).await),
        VmAction::Resize {
            size,
            cpu,
            disk_size,
        } => {
            machine.memory = size.unwrap_or(machine.memory);
            machine.vcpus = cpu.unwrap_or(machine.vcpus);
            machine.disk = disk_size.unwrap_or(machine.disk);
            plain(compute.resize(&machine).await)
        }
        VmAction::Snapshot { .. } => snapshot(compute, &machine, claim).await,
        VmAction::Restore { image } => match SnapshotId::new(image.as_str()) {
            Ok(id) => plain(compute.restore(&machine, &id).await),
            Err(error) => Err(ComputeError(error.to_string())),
        },
        VmAction::Rebuild { image } => {
            machine.image.clone_from(image);
            plain(compute.rebuild(&machine, run).await)
        }
        VmAction::Rename { name } => {
            machine.name.clone_from(name);
            plain(compute.rename(&machine).await)
        }
        // Only the store has to know.
        VmAction::EnableBackups | VmAction::DisableBackups => Ok(Step::Done(None)),
    })
}

async fn snapshot(compute: &dyn Compute, machine: &Machine, claim: &Claimed) -> Progress {
    Ok(
        match compute.snapshot(machine, &snapshots::id_of(claim)).await? {
            Step::Done(size) => Step::Done(Some(size)),
            Step::Later(at) => Step::Later(at),
        },
    )
}

fn plain(result: ComputeResult) -> Progress {
    Ok(match result? {
        Step::Done(()) => Step::Done(None),
        Step::Later(at) => Step::Later(at),
    })
}

fn record(tx: &Tx<'_>, claim: &Claimed, progress: &Progress) -> CloudResult<()> {
    match progress {
        Ok(Step::Later(at)) => Ok(operations::postpone(
            tx.connection,
            claim,
            at.as_millisecond(),
        )?),
        Ok(Step::Done(size)) => actions::complete(tx, claim, &Outcome::Done(*size)),
        Err(error) => actions::complete(tx, claim, &Outcome::Failed(error.to_string())),
    }
}
