//! Carries out what was accepted: claims operations that are due, calls the
//! compute driver, and writes down how far it got.
//!
//! Nothing is remembered here. Whatever happens to this process, the next one
//! finds every operation in the store.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use cloudsfor_types::{Gigabytes, SnapshotId, VmAction, VmStatus};
use futures_util::FutureExt;
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

use super::actions::{self, Outcome};
use super::error::CloudResult;
use super::tx::Tx;
use super::{Cloud, addressing, keys, networks, snapshots};
use crate::compute::{Compute, ComputeError, ComputeResult, Machine, Power, Step};
use crate::store::operations::{self, Claimed, Work};
use crate::store::vms as vm_rows;

/// How long a claim holds unless it is renewed. One that ran out is that of a
/// process that died.
const LEASE: Duration = Duration::from_secs(5);

/// How often a claim is renewed while the driver is at it.
const RENEWAL: Duration = Duration::from_millis(1500);

/// Operations carried out at once: as many as share one commit, so that many are begun
/// as quickly as they are accepted.
const AT_ONCE: usize = 256;

/// How often to look whether another process has left something to do.
const FOREIGN_WORK: Duration = Duration::from_millis(500);

/// How often to look whether another process has finished what it is at.
const OTHERS_WORK: Duration = Duration::from_millis(20);

/// How long at most to wait for what is due before going on without it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often to look whether what was begun before on a VM has ended.
const CONNECT_PAUSE: Duration = Duration::from_millis(200);

/// When what users don't see fails, how long until it is tried again.
const UNSEEN_PAUSE: Duration = Duration::from_secs(30);

/// How often to look whether real machines are what the store says.
const OBSERVATION: Duration = Duration::from_secs(2);

/// How long what is being done may take still when the cloud is closed.
const FAREWELL: Duration = Duration::from_secs(5);

/// After the store failed, how long to leave it alone.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Works until the cloud is closed, each operation in a task of its own: one that
/// takes long holds up no other.
pub(super) async fn run(cloud: Arc<Cloud>) {
    let mut changes = cloud.store.changes();
    let mut closing = cloud.closing.subscribe();
    let mut running = JoinSet::new();
    // Beside it: a machine that doesn't answer holds up no operation.
    let maintenance = tokio::spawn(maintain(cloud.clone()));
    while !*closing.borrow_and_update() {
        changes.mark_unchanged();
        let next = match begin_due(&cloud, &mut running).await {
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
            Some(ended) = running.join_next() => log_failure(ended),
            () = next_is_due, if running.len() < AT_ONCE => {}
            () = tokio::time::sleep(FOREIGN_WORK) => {}
        }
    }
    maintenance.abort();
    // What takes longer is dropped, and found by the next process.
    let _ = tokio::time::timeout(FAREWELL, async {
        while let Some(ended) = running.join_next().await {
            log_failure(ended);
        }
    })
    .await;
}

/// Looks after real machines, now and then.
async fn maintain(cloud: Arc<Cloud>) {
    if !cloud.compute().is_real() {
        return;
    }
    let mut looks = tokio::time::interval(OBSERVATION);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if let Err(error) = observe(&cloud).await {
            tracing::error!(%error, "can't write down what machines are");
        }
        if let Err(error) = cloud.compute().tend().await {
            tracing::error!(%error, "can't keep up what machines share");
        }
    }
}

/// Has VMs say what their machines really are.
pub(super) async fn observe(cloud: &Cloud) -> CloudResult<()> {
    if cloud.compute().is_real() {
        cloud.write(actions::observe_all).await?;
    }
    Ok(())
}

/// What the store could not be told is found when the claim has run out.
fn log_failure(ended: Result<CloudResult<()>, JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "can't write down how an operation went"),
        Err(error) => tracing::error!(%error, "an operation was not carried out to its end"),
    }
}

/// Begins what is due, as far as there is room; says when there will be more.
async fn begin_due(
    cloud: &Arc<Cloud>,
    running: &mut JoinSet<CloudResult<()>>,
) -> CloudResult<Option<Timestamp>> {
    loop {
        let room = AT_ONCE.saturating_sub(running.len());
        match due(cloud, cloud.now()).await? {
            Due::Now if room > 0 => {
                for claim in claim(cloud, room).await? {
                    let cloud = cloud.clone();
                    running.spawn(async move { carry_out(&cloud, claim).await });
                }
            }
            Due::Now => return Ok(None),
            Due::At(next) => return Ok(next),
        }
    }
}

/// Carries out everything that is due, and what falls due meanwhile.
pub(super) async fn settle(cloud: &Cloud) -> CloudResult<()> {
    while let Due::Now = due(cloud, cloud.now()).await? {
        carry_out_next(cloud).await?;
    }
    Ok(())
}

/// Carries out everything that has fallen due so far, or waits for another process
/// that is at it: so whoever opens the cloud sees nothing unfinished that was due.
/// What falls due meanwhile is left to the workers: beside a busy service there is
/// no end to it.
pub(super) async fn catch_up(cloud: &Cloud) -> CloudResult<()> {
    let patience = Instant::now() + PATIENCE;
    let opened = cloud.now();
    while let Due::Now = due(cloud, opened).await? {
        if Instant::now() > patience {
            return Ok(());
        }
        carry_out_next(cloud).await?;
    }
    let mut others = cloud.store.read(operations::claimed_now)?;
    while !others.is_empty() && Instant::now() < patience {
        tokio::time::sleep(OTHERS_WORK).await;
        // A claim that ran out is due again.
        if let Due::Now = due(cloud, cloud.now()).await? {
            carry_out_next(cloud).await?;
        }
        let claimed = cloud.store.read(operations::claimed_now)?;
        others.retain(|claim| claimed.contains(claim));
    }
    Ok(())
}

/// Carries out everything that is due, or waits for another process that is at
/// it, until nothing is left.
pub(super) async fn leave_nothing_due(cloud: &Cloud) -> CloudResult<()> {
    let patience = Instant::now() + PATIENCE;
    loop {
        settle(cloud).await?;
        let is_left = !cloud.store.read(operations::claimed_now)?.is_empty();
        if !is_left || Instant::now() > patience {
            return Ok(());
        }
        tokio::time::sleep(OTHERS_WORK).await;
    }
}

/// Carries out those that were due first, as many as are carried out at once.
async fn carry_out_next(cloud: &Cloud) -> CloudResult<()> {
    let claims = claim(cloud, AT_ONCE).await?;
    let ended = join_all(claims.into_iter().map(|claim| carry_out(cloud, claim)));
    ended.await.into_iter().collect()
}

/// When there is something to do.
enum Due {
    Now,
    At(Option<Timestamp>),
}

/// Makes operations of the backups that are due by `now`, and says when the first
/// operation is.
async fn due(cloud: &Cloud, now: Timestamp) -> CloudResult<Due> {
    let mut backup = cloud.store.read(vm_rows::next_backup)?;
    while backup.is_some_and(|due| due <= now.as_second()) {
        cloud.write(actions::begin_backups).await?;
        backup = cloud.store.read(vm_rows::next_backup)?;
    }
    let operation = cloud.store.read(operations::next_due)?;
    if operation.is_some_and(|due| due <= now.as_millisecond()) {
        return Ok(Due::Now);
    }
    let backup = backup.and_then(|second| Timestamp::from_second(second).ok());
    let operation = operation.and_then(|due| Timestamp::from_millisecond(due).ok());
    Ok(Due::At(operation.into_iter().chain(backup).min()))
}

async fn claim(cloud: &Cloud, at_most: usize) -> CloudResult<Vec<Claimed>> {
    let now_ms = cloud.clock().now().as_millisecond();
    let claim = move |tx: &_| operations::claim(tx, now_ms, lease_ms(), at_most as u32);
    Ok(cloud.store.write(claim).await?)
}

fn lease_ms() -> i64 {
    LEASE.as_millis() as i64
}

/// Carries out what was claimed and writes down how far it got. The claim is
/// renewed meanwhile; once it no longer counts (the VM was deleted), the driver
/// is stopped, before anybody else may be at the machine. If the process ends in a
/// hurry, the claim is given back, for the next one to go on.
async fn carry_out(cloud: &Cloud, claim: Claimed) -> CloudResult<()> {
    let progress = {
        let driven = std::pin::pin!(AssertUnwindSafe(drive(cloud, &claim)).catch_unwind());
        tokio::select! {
            driven = driven => Some(driven.unwrap_or_else(|_| {
                let message = "the compute driver has a fault, which was logged";
                Ok(Err(ComputeError(message.into())))
            })?),
            () = claim_lost(cloud, &claim) => None,
            () = cloud.in_a_hurry() => Some(Ok(Step::Later(cloud.clock().now()))),
        }
    };
    let Some(progress) = progress else {
        // Nothing of this process is at the machine any more.
        let hasten = move |tx: &Tx<'_>| actions::hasten_destroy(tx, &claim.vm_id);
        return cloud.write(hasten).await;
    };
    cloud.write(move |tx| record(tx, &claim, &progress)).await
}

/// Renews a claim for as long as it counts. Whether it does is looked at after each commit
/// of this process too, where a machine runs on that should be gone.
async fn claim_lost(cloud: &Cloud, claim: &Claimed) {
    let mut commits = cloud.store.changes();
    let mut renewal = tokio::time::interval_at(Instant::now() + RENEWAL, RENEWAL);
    loop {
        tokio::select! {
            _ = renewal.tick() => {}
            _ = commits.changed(), if cloud.compute().is_real() => {
                match cloud.store.read(|c| operations::counts(c, claim)) {
                    Ok(false) => return,
                    _ => continue,
                }
            }
        }
        let until_ms = cloud.clock().now().as_millisecond() + lease_ms();
        let (id, fence) = (claim.id.clone(), claim.fence);
        let renewal = move |tx: &_| operations::renew(tx, &id, fence, until_ms);
        match cloud.store.write(renewal).await {
            Ok(true) => {}
            Ok(false) => return,
            // It may hold for some time yet.
            Err(error) => tracing::warn!(%error, "can't renew a claim"),
        }
    }
}

/// How far an operation got: the driver's answer, with the space that a snapshot
/// takes.
type Progress = ComputeResult<Option<Gigabytes>>;

/// Has the driver do what an operation asks for.
async fn drive(cloud: &Cloud, claim: &Claimed) -> CloudResult<Progress> {
    let compute = cloud.compute();
    match &claim.work {
        Work::Destroy => return Ok(plain(compute.destroy(&claim.vm_id).await)),
        Work::RemoveSnapshot(id) => return Ok(plain(compute.remove_snapshot(id).await)),
        Work::Connect if !cloud.store.read(|c| operations::is_first(c, claim))? => {
            return Ok(Ok(Step::Later(cloud.clock().now() + CONNECT_PAUSE)));
        }
        Work::Create | Work::Action(_) | Work::Backup | Work::Connect => {}
    }
    let Some(vm) = cloud.store.read(|c| vm_rows::get_any(c, &claim.vm_id))? else {
        // Deleted since it was claimed; the fence keeps this from counting.
        return Ok(Ok(Step::Done(None)));
    };
    let ssh_keys = cloud.store.read(|c| keys::public_keys(c, &vm))?;
    let networks = cloud.read(|c| networks::of_machine(c, &vm.id))?;
    let mut machine = Machine {
        networks,
        run: vm.status != VmStatus::Stopped,
        address: addressing::public_v4(&vm),
        bridge: vm.bridge,
        id: vm.id,
        name: vm.name,
        image: vm.distro,
        memory: vm.memory,
        vcpus: vm.vcpus,
        disk: vm.disk,
        ssh_keys,
        user_data: vm.user_data,
        requested_at: Timestamp::from_millisecond(claim.started_at_ms).unwrap_or_default(),
    };
    let action = match &claim.work {
        Work::Create => return Ok(plain(compute.ensure(&machine).await)),
        Work::Backup => return Ok(snapshot(compute, &machine, claim).await),
        Work::Connect => return Ok(plain(compute.connect(&machine).await)),
        Work::Action(action) => action,
        Work::Destroy | Work::RemoveSnapshot(_) => return Ok(Ok(Step::Done(None))),
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
            plain(compute.rebuild(&machine).await)
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
        // Nobody else would do it, or may have what it gives back.
        Err(error)
            if matches!(
                claim.work,
                Work::Connect | Work::Destroy | Work::RemoveSnapshot(_)
            ) =>
        {
            let kind = claim.work.kind();
            tracing::error!(vm_id = %claim.vm_id, %error, %kind, "can't do that to a machine yet");
            let again = tx.now + UNSEEN_PAUSE;
            Ok(operations::postpone(
                tx.connection,
                claim,
                again.as_millisecond(),
            )?)
        }
        Err(error) => actions::complete(tx, claim, &Outcome::Failed(error.to_string())),
    }
}
