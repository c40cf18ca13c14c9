//! Actions: those operations that users see, as they see them.

use cloudsfor_types::{ActionId, ActionStatus, ActionType, VmId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::StoreError;
use super::accounts::AccountId;
use super::operations::{IS_ACTION, action_id, vm_id};
use super::window::Window;

/// An operation that users see.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionRecord {
    /// Its id.
    pub id: ActionId,
    /// The VM that it is for.
    pub vm_id: VmId,
    /// What it does.
    pub kind: ActionType,
    /// Where.
    pub region: String,
    /// How far it is.
    pub status: ActionStatus,
    /// Why it failed; of one that is completed, what its VM's owner is to know of it.
    pub error: Option<String>,
    /// When it was accepted, in seconds.
    pub started_at: i64,
    /// When it ended, in seconds.
    pub completed_at: Option<i64>,
}

/// What of an operation an action is made of.
pub(super) const COLUMNS: &str = "id, vm_id, kind, region, status, error, started_at, completed_at";

pub(super) fn action(row: &Row<'_>) -> rusqlite::Result<ActionRecord> {
    Ok(ActionRecord {
        id: action_id(row)?,
        vm_id: vm_id(row, 1)?,
        kind: ActionType::from(row.get_ref(2)?.as_str()?),
        region: row.get(3)?,
        status: ActionStatus::from(row.get_ref(4)?.as_str()?),
        error: row.get(5)?,
        started_at: row.get(6)?,
        completed_at: row.get(7)?,
    })
}

/// The account's action with this id, on this VM if one is named.
pub fn get(
    connection: &Connection,
    account: AccountId,
    vm_id: Option<&VmId>,
    id: &str,
) -> Result<Option<ActionRecord>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM operations
         WHERE id = ?1 AND account_id = ?2 AND (?3 IS NULL OR vm_id = ?3) AND {IS_ACTION}"
    );
    let values = params![id, account.0, vm_id.map(VmId::as_str)];
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(values, action)
        .optional()?)
}

/// The account's actions, of this VM if one is named, by the time they were
/// accepted, then id; and how many there are.
pub fn list(
    connection: &Connection,
    account: AccountId,
    vm_id: Option<&VmId>,
    window: &Window,
) -> Result<(Vec<ActionRecord>, u64), StoreError> {
    let mut condition = format!("account_id = ? AND {IS_ACTION}");
    let mut values: Vec<Value> = vec![account.0.into()];
    if let Some(vm_id) = vm_id {
        condition.push_str(" AND vm_id = ?");
        values.push(vm_id.to_string().into());
    }
    let sql = format!("SELECT count(*) FROM operations WHERE {condition}");
    let total: i64 = connection
        .prepare_cached(&sql)?
        .query_row(params_from_iter(values.clone()), |row| row.get(0))?;
    let rest = window.sql("started_at", &mut values);
    let sql = format!("SELECT {COLUMNS} FROM operations WHERE {condition}{rest}");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), action)?;
    let actions = window.in_order(rows.collect::<Result<_, _>>()?);
    Ok((actions, total as u64))
}

/// Has the completed action that started a VM last say this, unless it says something
/// already; answers it if it was changed.
pub fn note_start(
    connection: &Connection,
    vm_id: &VmId,
    notice: &str,
) -> Result<Option<ActionRecord>, StoreError> {
    let sql = format!(
        "UPDATE operations SET error = ?2
         WHERE error IS NULL AND id = (
             SELECT id FROM operations
             WHERE vm_id = ?1 AND status = 'completed' AND kind IN
                 ('create', 'power_on', 'reboot', 'power_cycle', 'restore', 'rebuild')
             ORDER BY started_at DESC, id DESC LIMIT 1
         )
         RETURNING {COLUMNS}"
    );
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(params![vm_id.as_str(), notice], action)
        .optional()?)
}
