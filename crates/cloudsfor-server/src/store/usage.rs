//! What is accounted for: when a VM existed, with which sizes, and when it ran.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use super::vms::VmRecord;
use cloudsfor_types::{VmId, VmStatus};

/// What one account had under one plan within a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Usage {
    /// The account's e-mail address.
    pub account: String,
    /// The tariff.
    pub plan: String,
    /// How many VMs existed at some moment of it.
    pub vms: u64,
    /// How long they existed, all together, in seconds.
    pub existed: u64,
    /// How long they ran.
    pub ran: u64,
    /// Memory by the time that it existed, in GB (2^30 bytes) times seconds.
    pub memory: f64,
    /// Processors by the time that they existed, in seconds.
    pub vcpus: u64,
    /// Disk by the time that it existed, in GB (2^30 bytes) times seconds.
    pub disk: u64,
}

/// Notes how a VM is from now on, if that has changed.
pub fn note(connection: &Connection, vm: &VmRecord, now: i64) -> Result<(), StoreError> {
    let runs = vm.status == VmStatus::Running;
    let same = connection
        .prepare_cached(
            "SELECT 1 FROM usage WHERE vm_id = ? AND ended_at IS NULL
                 AND memory = ? AND vcpus = ? AND disk = ? AND running = ?",
        )?
        .exists(params![
            vm.id.as_str(),
            vm.memory.get(),
            vm.vcpus,
            vm.disk,
            runs
        ])?;
    if same {
        return Ok(());
    }
    // Each begins where the one before it ended, also after the clock was set back.
    let began = end(connection, &vm.id, now)?.unwrap_or(now);
    connection
        .prepare_cached(
            "INSERT INTO usage (vm_id, account_id, plan, memory, vcpus, disk, running, started_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            vm.id.as_str(),
            vm.account.0,
            vm.plan.as_str(),
            vm.memory.get(),
            vm.vcpus,
            vm.disk,
            runs,
            began,
        ])?;
    Ok(())
}

/// Notes that a VM is no more as it was; says when that ended.
pub fn end(connection: &Connection, vm_id: &VmId, now: i64) -> Result<Option<i64>, StoreError> {
    Ok(connection
        .prepare_cached(
            "UPDATE usage SET ended_at = max(?, started_at)
             WHERE vm_id = ? AND ended_at IS NULL RETURNING ended_at",
        )?
        .query_row(params![now, vm_id.as_str()], |row| row.get(0))
        .optional()?)
}

/// What was used from `from` until before `to`, by account and plan; what is
/// still open counts until `now`. All in seconds.
pub fn report(
    connection: &Connection,
    from: i64,
    to: i64,
    now: i64,
) -> Result<Vec<Usage>, StoreError> {
    let mut statement = connection.prepare_cached(
        "WITH part AS (
             SELECT *, min(coalesce(ended_at, max(?3, started_at)), ?2) - max(started_at, ?1)
                 AS seconds
             FROM usage
             WHERE started_at < ?2 AND (ended_at IS NULL OR ended_at > ?1))
         SELECT email, plan, count(DISTINCT vm_id), sum(seconds), sum(seconds * running),
             sum(seconds * memory), sum(seconds * vcpus), sum(seconds * disk)
         FROM part JOIN accounts ON accounts.id = part.account_id
         WHERE seconds >= 0
         GROUP BY part.account_id, plan ORDER BY email, plan",
    )?;
    let whole = |number: i64| u64::try_from(number).unwrap_or(0);
    let rows = statement.query_map(params![from, to, now], |row| {
        Ok(Usage {
            account: row.get(0)?,
            plan: row.get(1)?,
            vms: whole(row.get(2)?),
            existed: whole(row.get(3)?),
            ran: whole(row.get(4)?),
            memory: row.get(5)?,
            vcpus: whole(row.get(6)?),
            disk: whole(row.get(7)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
