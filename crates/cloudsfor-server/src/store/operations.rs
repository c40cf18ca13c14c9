//! Operations: what is still to be carried out, and what was.
//!
//! Any process on the data directory may carry an operation out. A worker
//! claims it with a lease and a fence; a result under an older fence is
//! ignored, so a worker that was too slow, or whose operation was ended by
//! another request, changes nothing.

use cloudsfor_types::VmId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;
use super::accounts::AccountId;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Makes the VM's machine. An action that users see.
    Create,
    /// Removes the machine of a VM that was deleted. Users don't see it: for
    /// them the VM is gone already.
    Destroy,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Destroy => "destroy",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Create, Self::Destroy]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// An operation that a worker has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its id.
    pub id: String,
    /// What it does.
    pub kind: Kind,
    /// The VM that it is for.
    pub vm_id: VmId,
    /// When it was accepted, in milliseconds.
    pub started_at_ms: i64,
    /// Under which its result counts.
    pub fence: i64,
}

/// Adds an operation that is due at once.
pub fn insert(
    connection: &Connection,
    id: &str,
    kind: Kind,
    account: AccountId,
    vm_id: &VmId,
    now_ms: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO operations (id, account_id, vm_id, kind, status, started_at_ms, due_at_ms)
             VALUES (?, ?, ?, ?, 'in-progress', ?5, ?5)",
        )?
        .execute(params![
            id,
            account.0,
            vm_id.as_str(),
            kind.as_str(),
            now_ms
        ])?;
    Ok(())
}

/// Claims up to `limit` operations that are due and that nobody has.
pub fn claim(
    connection: &Connection,
    now_ms: i64,
    lease_ms: i64,
    limit: u32,
) -> Result<Vec<Claimed>, StoreError> {
    let mut statement = connection.prepare_cached(
        "UPDATE operations SET fence = fence + 1, leased_until_ms = ?1 + ?2
         WHERE id IN (
             SELECT id FROM operations
             WHERE due_at_ms <= ?1 AND (leased_until_ms IS NULL OR leased_until_ms <= ?1)
             ORDER BY due_at_ms LIMIT ?3)
         RETURNING id, kind, vm_id, started_at_ms, fence",
    )?;
    let rows = statement.query_map(params![now_ms, lease_ms, limit], claimed)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn claimed(row: &Row<'_>) -> rusqlite::Result<Claimed> {
    let kind: String = row.get(1)?;
    let vm_id: String = row.get(2)?;
    Ok(Claimed {
        id: row.get(0)?,
        kind: Kind::parse(&kind).ok_or_else(|| unreadable(1, &kind))?,
        vm_id: VmId::new(vm_id.as_str()).map_err(|_| unreadable(2, &vm_id))?,
        started_at_ms: row.get(3)?,
        fence: row.get(4)?,
    })
}

/// The error for a value that this program would never have written.
pub(super) fn unreadable(column: usize, value: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        rusqlite::types::Type::Text,
        format!("unexpected value {value:?}").into(),
    )
}

/// Gives a claim back, to be looked at again at `due_at_ms`.
pub fn postpone(
    connection: &Connection,
    claim: &Claimed,
    due_at_ms: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE operations SET due_at_ms = ?, leased_until_ms = NULL
             WHERE id = ? AND fence = ? AND due_at_ms IS NOT NULL",
        )?
        .execute(params![due_at_ms, claim.id, claim.fence])?;
    Ok(())
}

/// Ends a claimed operation, with its error if it failed. Says whether the claim
/// still counted: if not, nothing else may be changed on its behalf.
pub fn finish(
    connection: &Connection,
    claim: &Claimed,
    error: Option<&str>,
    now: i64,
) -> Result<bool, StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE operations
             SET status = iif(?1 IS NULL, 'completed', 'errored'), error = ?1,
                 completed_at = ?2, due_at_ms = NULL, leased_until_ms = NULL
             WHERE id = ?3 AND fence = ?4 AND due_at_ms IS NOT NULL",
        )?
        .execute(params![error, now, claim.id, claim.fence])?;
    Ok(changed == 1)
}

/// Ends whatever runs on a VM as failed.
pub fn abort_all(
    connection: &Connection,
    vm_id: &VmId,
    error: &str,
    now: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE operations
             SET status = 'errored', error = ?, completed_at = ?,
                 due_at_ms = NULL, leased_until_ms = NULL, fence = fence + 1
             WHERE vm_id = ? AND due_at_ms IS NOT NULL",
        )?
        .execute(params![error, now, vm_id.as_str()])?;
    Ok(())
}

/// Whether any operation is due, claimed or not.
pub fn is_any_due(connection: &Connection, now_ms: i64) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM operations WHERE due_at_ms <= ?)")?
        .query_row([now_ms], |row| row.get(0))?)
}

/// When the next operation wants to be looked at, in milliseconds: when it is
/// due, or when the lease of whoever has it ends.
pub fn next_due(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let next = connection
        .prepare_cached(
            "SELECT min(max(due_at_ms, coalesce(leased_until_ms, 0))) FROM operations
             WHERE due_at_ms IS NOT NULL",
        )?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(next.flatten())
}
