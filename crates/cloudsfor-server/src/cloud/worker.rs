//! Carries out what was accepted: claims operations that are due, calls the
//! compute driver, and writes down how far it got.
//!
//! Nothing is remembered here. Whatever happens to this process, the next one
//! finds every operation in the store.

use std::sync::Arc;
use std::time::Duration;

use cloudsfor_types::VmStatus;
use jiff::Timestamp;
use rusqlite::Connection;

use super::Cloud;
use super::error::CloudResult;
use crate::compute::{ComputeError, Machine, Step};
use crate::store::operations::{Claimed, Kind};
use crate::store::{addresses, operations, vms};

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
        let next = match settle(&cloud).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "can't carry out operations now");
                tokio::time::sleep(STORE_PAUSE).await;
                continue;
            }
        };
        let next_is_due = async {
            match next {
                Some(due) => cloud.clock.sleep_until(due).await,
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

/// Carries out everything that is due; says when the next operation will be.
pub(super) async fn settle(cloud: &Cloud) -> CloudResult<Option<Timestamp>> {
    loop {
        let now = cloud.clock.now();
        match cloud.store.read(operations::next_due)? {
            Some(due) if due <= now.as_millisecond() => work(cloud).await?,
            next => return Ok(next.and_then(|due| Timestamp::from_millisecond(due).ok())),
        }
    }
}

/// Carries out everything that is due, or waits for another process that is at
/// it: so whoever opens the cloud sees nothing unfinished that is due.
pub(super) async fn settle_all(cloud: &Cloud) -> CloudResult<()> {
    let patience = tokio::time::Instant::now() + 2 * LEASE;
    loop {
        settle(cloud).await?;
        let now_ms = cloud.clock.now().as_millisecond();
        let overdue = cloud.store.read(|c| operations::is_any_due(c, now_ms))?;
        if !overdue || tokio::time::Instant::now() > patience {
            return Ok(());
        }
        tokio::time::sleep(OTHERS_WORK).await;
    }
}

/// Claims what is due, and carries out what it claimed.
async fn work(cloud: &Cloud) -> CloudResult<()> {
    let now_ms = cloud.clock.now().as_millisecond();
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
    let now = cloud.clock.now();
    cloud
        .store
        .write(move |tx| {
            results
                .iter()
                .try_for_each(|(claim, result)| record(tx, claim, result, now))
        })
        .await
}

async fn carry_out(cloud: &Cloud, claim: &Claimed) -> CloudResult<Result<Step, ComputeError>> {
    match claim.kind {
        Kind::Create => {
            let Some(vm) = cloud.store.read(|c| vms::get_any(c, &claim.vm_id))? else {
                // Deleted since it was claimed; the fence keeps this from counting.
                return Ok(Ok(Step::Done));
            };
            let machine = Machine {
                id: vm.id,
                name: vm.name,
                image: vm.distro,
                memory: vm.memory,
                vcpus: vm.vcpus,
                disk: vm.disk,
                requested_at: Timestamp::from_millisecond(claim.started_at_ms).unwrap_or_default(),
            };
            Ok(cloud.compute.ensure(&machine).await)
        }
        Kind::Destroy => Ok(cloud.compute.destroy(&claim.vm_id).await),
    }
}

fn record(
    connection: &Connection,
    claim: &Claimed,
    result: &Result<Step, ComputeError>,
    now: Timestamp,
) -> CloudResult<()> {
    let error = match result {
        Ok(Step::Later(at)) => {
            return Ok(operations::postpone(
                connection,
                claim,
                at.as_millisecond(),
            )?);
        }
        Ok(Step::Done) => None,
        Err(error) => Some(error.to_string()),
    };
    if !operations::finish(connection, claim, error.as_deref(), now.as_second())? {
        return Ok(());
    }
    match claim.kind {
        Kind::Create => {
            let status = if error.is_none() {
                VmStatus::Running
            } else {
                VmStatus::Errored
            };
            vms::settle(connection, &claim.vm_id, &status)?;
        }
        // Only now that the machine is gone may another VM have its address.
        Kind::Destroy => addresses::release(connection, claim.vm_id.as_str())?,
    }
    Ok(())
}
