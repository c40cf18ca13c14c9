//! Operations: what is still to be carried out, and what was.
//!
//! Any process on the data directory may carry an operation out. A worker
//! claims it with a lease and a fence; a result under an older fence is
//! ignored, so a worker that was too slow, or whose operation was ended by
//! another request, changes nothing.

use cloudsfor_types::{ActionId, ActionType, SnapshotId, VmAction, VmId};
use rusqlite::{Connection, Row, params};

use super::StoreError;
use super::accounts::AccountId;
use super::actions::{self, ActionRecord};

/// What an operation does, with what it needs to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Makes the VM's machine.
    Create,
    /// Carries out what a user asked for.
    Action(VmAction),
    /// Makes an automatic backup. Users see the backup, not the operation.
    Backup,
    /// Has the VM's machine be in the private networks that it joined, and in none
    /// that it left. Users see the network, not the operation.
    Connect,
    /// Removes the machine of a VM that was deleted. Users don't see it: for
    /// them the VM is gone already.
    Destroy,
    /// Removes what the compute driver keeps of a snapshot of the VM that was
    /// deleted. Users don't see it either.
    RemoveSnapshot(SnapshotId),
}

const BACKUP: &str = "backup";
const CONNECT: &str = "connect";
const DESTROY: &str = "destroy";
const REMOVE_SNAPSHOT: &str = "remove_snapshot";

/// The kinds that are actions.
pub(super) const IS_ACTION: &str =
    "kind NOT IN ('backup', 'connect', 'destroy', 'remove_snapshot')";

impl Work {
    /// Its name, which for what users don't see is none of an action.
    pub fn kind(&self) -> ActionType {
        match self {
            Self::Create => ActionType::Create,
            Self::Action(action) => action.action_type(),
            Self::Backup => ActionType::Unknown(BACKUP.into()),
            Self::Connect => ActionType::Unknown(CONNECT.into()),
            Self::Destroy => ActionType::Unknown(DESTROY.into()),
            Self::RemoveSnapshot(_) => ActionType::Unknown(REMOVE_SNAPSHOT.into()),
        }
    }

    fn arguments(&self) -> String {
        match self {
            Self::Action(action) => serde_json::to_string(action).unwrap_or_default(),
            Self::RemoveSnapshot(id) => serde_json::json!({ "id": id.as_str() }).to_string(),
            Self::Create | Self::Backup | Self::Connect | Self::Destroy => "{}".into(),
        }
    }

    fn parse(kind: &str, arguments: &str) -> Option<Self> {
        match kind {
            BACKUP => Some(Self::Backup),
            CONNECT => Some(Self::Connect),
            DESTROY => Some(Self::Destroy),
            REMOVE_SNAPSHOT => {
                let body: serde_json::Value = serde_json::from_str(arguments).ok()?;
                let id = SnapshotId::new(body["id"].as_str()?).ok()?;
                Some(Self::RemoveSnapshot(id))
            }
            _ if ActionType::from(kind) == ActionType::Create => Some(Self::Create),
            _ => {
                let body = serde_json::from_str(arguments).ok()?;
                VmAction::decode(body).ok().map(Self::Action)
            }
        }
    }
}

/// A new operation.
#[derive(Debug, Clone)]
pub struct NewOperation<'a> {
    /// Its id.
    pub id: &'a ActionId,
    /// What it does.
    pub work: &'a Work,
    /// Whose it is.
    pub account: AccountId,
    /// The VM that it is for.
    pub vm_id: &'a VmId,
    /// Where.
    pub region: &'a str,
    /// The present.
    pub now: jiff::Timestamp,
    /// When a worker is to look at it first, in milliseconds.
    pub due_at_ms: i64,
}

/// An operation that a worker has claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// Its id.
    pub id: ActionId,
    /// What it does.
    pub work: Work,
    /// The VM that it is for.
    pub vm_id: VmId,
    /// When it was accepted, in milliseconds.
    pub started_at_ms: i64,
    /// Under which its result counts.
    pub fence: i64,
}

/// Adds an operation.
pub fn insert(connection: &Connection, new: &NewOperation<'_>) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO operations (id, account_id, vm_id, kind, arguments, region, status,
                 started_at, started_at_ms, due_at_ms)
             VALUES (?, ?, ?, ?, ?, ?, 'in-progress', ?, ?, ?)",
        )?
        .execute(params![
            new.id.as_str(),
            new.account.0,
            new.vm_id.as_str(),
            new.work.kind().as_str(),
            new.work.arguments(),
            new.region,
            new.now.as_second(),
            new.now.as_millisecond(),
            new.due_at_ms,
        ])?;
    Ok(())
}

const CLAIM: &str = "
    UPDATE operations
    SET fence = fence + 1, leased_until_ms = ?1 + ?2, due_at_ms = ?1 + ?2
    WHERE id IN (
        SELECT id FROM operations WHERE leased_until_ms > ?1 + ?2
        UNION ALL
        SELECT * FROM (
            SELECT id FROM operations WHERE due_at_ms <= ?1 ORDER BY due_at_ms LIMIT ?3)
        LIMIT ?3)
    RETURNING id, kind, arguments, vm_id, started_at_ms, fence";

/// Claims up to `limit` operations that are due and that nobody has, those that were
/// due first before others. (A lease that ends later than any could is from before
/// the clock was set back.)
///
/// What it takes doesn't grow with the operations that there were, or that wait.
pub fn claim(
    connection: &Connection,
    now_ms: i64,
    lease_ms: i64,
    limit: u32,
) -> Result<Vec<Claimed>, StoreError> {
    let mut statement = connection.prepare_cached(CLAIM)?;
    let rows = statement.query_map(params![now_ms, lease_ms, limit], claimed)?;
    let mut claims = Vec::new();
    for row in rows {
        match row {
            Ok(claim) => claims.push(claim),
            // One that another version wrote, perhaps: it is left to that version,
            // and others are not held up.
            Err(rusqlite::Error::FromSqlConversionFailure(_, _, error)) => {
                tracing::error!(%error, "an operation can't be read");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(claims)
}

fn claimed(row: &Row<'_>) -> rusqlite::Result<Claimed> {
    let (kind, arguments): (String, String) = (row.get(1)?, row.get(2)?);
    Ok(Claimed {
        id: action_id(row)?,
        work: Work::parse(&kind, &arguments).ok_or_else(|| unreadable(2, &arguments))?,
        vm_id: vm_id(row, 3)?,
        started_at_ms: row.get(4)?,
        fence: row.get(5)?,
    })
}

pub(super) fn action_id(row: &Row<'_>) -> rusqlite::Result<ActionId> {
    let id: String = row.get(0)?;
    ActionId::new(id.as_str()).map_err(|_| unreadable(0, &id))
}

pub(super) fn vm_id(row: &Row<'_>, column: usize) -> rusqlite::Result<VmId> {
    let id: String = row.get(column)?;
    VmId::new(id.as_str()).map_err(|_| unreadable(column, &id))
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
        .execute(params![due_at_ms, claim.id.as_str(), claim.fence])?;
    Ok(())
}

/// Has a claim last until `until_ms`. Says whether it still counted.
pub fn renew(
    connection: &Connection,
    id: &ActionId,
    fence: i64,
    until_ms: i64,
) -> Result<bool, StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE operations SET leased_until_ms = ?1, due_at_ms = ?1
             WHERE id = ?2 AND fence = ?3 AND due_at_ms IS NOT NULL",
        )?
        .execute(params![until_ms, id.as_str(), fence])?;
    Ok(changed == 1)
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
                 completed_at = max(?2, started_at), due_at_ms = NULL, leased_until_ms = NULL
             WHERE id = ?3 AND fence = ?4 AND due_at_ms IS NOT NULL",
        )?
        .execute(params![error, now, claim.id.as_str(), claim.fence])?;
    Ok(changed == 1)
}

/// The VMs of an account, with their disks in GB, of which snapshots are being taken.
pub fn snapshots_under_way(
    connection: &Connection,
    account: AccountId,
) -> Result<Vec<(VmId, u32)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT vms.id, vms.disk FROM operations JOIN vms ON vms.id = operations.vm_id
         WHERE operations.account_id = ? AND kind = 'snapshot' AND due_at_ms IS NOT NULL",
    )?;
    let rows = statement.query_map([account.0], |row| Ok((vm_id(row, 0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether a claim still counts.
pub fn counts(connection: &Connection, claim: &Claimed) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (
                 SELECT 1 FROM operations WHERE id = ? AND fence = ? AND due_at_ms IS NOT NULL
             )",
        )?
        .query_row(params![claim.id.as_str(), claim.fence], |row| row.get(0))?)
}

/// Whether the machine of a VM is still to be removed.
pub fn is_destroying(connection: &Connection, vm_id: &str) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (
                 SELECT 1 FROM operations
                 WHERE vm_id = ? AND kind = 'destroy' AND due_at_ms IS NOT NULL
             )",
        )?
        .query_row([vm_id], |row| row.get(0))?)
}

/// Has the machine of a VM be removed now, if it is to be removed and no worker is at that.
pub fn hasten_destroy(
    connection: &Connection,
    vm_id: &VmId,
    now_ms: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE operations SET due_at_ms = min(due_at_ms, ?)
             WHERE vm_id = ? AND kind = 'destroy' AND leased_until_ms IS NULL
                 AND due_at_ms IS NOT NULL",
        )?
        .execute(params![now_ms, vm_id.as_str()])?;
    Ok(())
}

/// Ends whatever runs on a VM as failed; says which actions that were.
pub fn abort_all(
    connection: &Connection,
    vm_id: &VmId,
    error: &str,
    now: i64,
) -> Result<Vec<ActionRecord>, StoreError> {
    let sql = format!(
        "UPDATE operations
         SET status = 'errored', error = ?, completed_at = max(?, started_at),
             due_at_ms = NULL, leased_until_ms = NULL, fence = fence + 1
         WHERE vm_id = ? AND due_at_ms IS NOT NULL AND kind <> 'remove_snapshot'
         RETURNING {}",
        actions::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![error, now, vm_id.as_str()], actions::action)?;
    let actions: Vec<_> = rows.collect::<Result<_, _>>()?;
    Ok(actions
        .into_iter()
        .filter(|action| !matches!(action.kind, ActionType::Unknown(_)))
        .collect())
}

/// Whether an operation of a VM is the first of those that haven't ended.
pub fn is_first(connection: &Connection, claim: &Claimed) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT NOT EXISTS (
                 SELECT 1 FROM operations
                 WHERE vm_id = ?1 AND due_at_ms IS NOT NULL AND kind <> 'remove_snapshot'
                     AND (started_at_ms, id) < (?2, ?3))",
        )?
        .query_row(
            params![claim.vm_id.as_str(), claim.started_at_ms, claim.id.as_str()],
            |row| row.get(0),
        )?)
}

/// Until when a worker may be at some operation of a VM, in milliseconds.
pub fn busy_until(connection: &Connection, vm_id: &VmId) -> Result<Option<i64>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT max(leased_until_ms) FROM operations
             WHERE vm_id = ? AND due_at_ms IS NOT NULL",
        )?
        .query_row([vm_id.as_str()], |row| row.get(0))?)
}

/// What workers are at, with the fence under which they are.
pub fn claimed_now(connection: &Connection) -> Result<Vec<(ActionId, i64)>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT id, fence FROM operations WHERE leased_until_ms IS NOT NULL")?;
    let rows = statement.query_map([], |row| Ok((action_id(row)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// When the next operation wants to be looked at, in milliseconds: when it is
/// due, or when the lease of whoever has it ends.
pub fn next_due(connection: &Connection) -> Result<Option<i64>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT min(due_at_ms) FROM operations WHERE due_at_ms IS NOT NULL")?
        .query_row([], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema::in_memory;

    const ACCOUNT: AccountId = AccountId(1);

    fn vm() -> VmId {
        VmId::new("9a33ef4fec394360a88e3c60b78b5dbc").unwrap()
    }

    fn add(connection: &Connection, id: &str, work: &Work, due_at_ms: i64) {
        let new = NewOperation {
            id: &ActionId::new(id).unwrap(),
            work,
            account: ACCOUNT,
            vm_id: &vm(),
            region: "moscow_01",
            now: jiff::Timestamp::UNIX_EPOCH,
            due_at_ms,
        };
        insert(connection, &new).unwrap();
    }

    fn claim_at(connection: &Connection, now_ms: i64) -> Vec<Claimed> {
        claim(connection, now_ms, 100, 9).unwrap()
    }

    #[test]
    fn what_is_due_is_claimed_by_one_until_its_lease_ends() {
        let connection = in_memory();
        add(&connection, "a", &Work::Create, 10);
        assert!(claim_at(&connection, 9).is_empty());
        let first = claim_at(&connection, 10).remove(0);
        assert!(claim_at(&connection, 109).is_empty());
        assert_eq!(next_due(&connection).unwrap(), Some(110));
        // The first worker is taken for dead; what it says later is ignored.
        let second = claim_at(&connection, 110).remove(0);
        assert!(!finish(&connection, &first, None, 1).unwrap());
        assert!(!renew(&connection, &first.id, first.fence, 999).unwrap());
        postpone(&connection, &first, 999).unwrap();
        assert!(renew(&connection, &second.id, second.fence, 300).unwrap());
        assert_eq!(next_due(&connection).unwrap(), Some(300));
        assert!(finish(&connection, &second, None, 1).unwrap());
        assert!(!finish(&connection, &second, None, 1).unwrap());
        assert_eq!(next_due(&connection).unwrap(), None);
    }

    #[test]
    fn claiming_looks_at_no_operation_that_it_does_not_claim() {
        let connection = in_memory();
        let plan = format!("EXPLAIN QUERY PLAN {CLAIM}");
        let mut statement = connection.prepare(&plan).unwrap();
        let steps = statement.query_map(params![10, 100, 9], |row| row.get("detail"));
        let steps: Vec<String> = steps.unwrap().collect::<Result<_, _>>().unwrap();
        let found = |words: &str| steps.iter().any(|step| step.contains(words));
        assert!(
            found("operations_due") && found("operations_leased"),
            "{steps:?}"
        );
        assert!(!found("SCAN operations") && !found("B-TREE"), "{steps:?}");
    }

    #[test]
    fn a_lease_from_before_the_clock_was_set_back_has_ended() {
        let connection = in_memory();
        add(&connection, "a", &Work::Create, 0);
        assert_eq!(claim_at(&connection, 1_000_000).len(), 1);
        assert_eq!(claim_at(&connection, 10).len(), 1);
    }

    #[test]
    fn what_is_aborted_counts_no_more_but_says_how_long_it_may_go_on() {
        let connection = in_memory();
        add(&connection, "a", &Work::Action(VmAction::Reboot), 0);
        add(&connection, "b", &Work::Backup, 0);
        let claims = claim_at(&connection, 10);
        assert_eq!(busy_until(&connection, &vm()).unwrap(), Some(110));
        let aborted = abort_all(&connection, &vm(), "deleted", 1).unwrap();
        // Users see the action, not the backup.
        assert_eq!(
            aborted
                .iter()
                .map(|action| action.id.as_str())
                .collect::<Vec<_>>(),
            ["a"]
        );
        for claim in &claims {
            assert!(!finish(&connection, claim, None, 1).unwrap());
        }
        assert_eq!(busy_until(&connection, &vm()).unwrap(), None);
    }

    #[test]
    fn one_operation_of_a_vm_is_the_first_until_it_ends() {
        let connection = in_memory();
        add(&connection, "a", &Work::Connect, 0);
        add(&connection, "b", &Work::Connect, 0);
        let claims = claim_at(&connection, 10);
        let first = |claim| is_first(&connection, claim).unwrap();
        assert_eq!(claims.iter().filter(|claim| first(claim)).count(), 1);
        let before = claims.iter().find(|claim| first(claim)).unwrap();
        assert!(finish(&connection, before, None, 1).unwrap());
        assert!(claims.iter().filter(|claim| *claim != before).all(first));
    }

    #[test]
    fn an_operation_that_cannot_be_read_holds_up_no_other() {
        let connection = in_memory();
        add(&connection, "a", &Work::Create, 0);
        add(&connection, "b", &Work::Create, 0);
        connection
            .execute("UPDATE operations SET kind = 'teleport' WHERE id = 'a'", [])
            .unwrap();
        let claims = claim_at(&connection, 10);
        assert_eq!(
            claims
                .iter()
                .map(|claim| claim.id.as_str())
                .collect::<Vec<_>>(),
            ["b"]
        );
    }

    #[test]
    fn work_is_the_same_when_it_is_read_again() {
        let connection = in_memory();
        let resize = VmAction::Resize {
            size: None,
            cpu: Some(2),
            disk_size: None,
        };
        let all = [
            Work::Create,
            Work::Backup,
            Work::Destroy,
            Work::RemoveSnapshot(SnapshotId::new("s").unwrap()),
            Work::Action(resize),
        ];
        for (index, work) in all.iter().enumerate() {
            add(&connection, &index.to_string(), work, index as i64);
        }
        let read: Vec<_> = claim_at(&connection, 10)
            .into_iter()
            .map(|claim| claim.work)
            .collect();
        assert_eq!(read, all);
    }
}
