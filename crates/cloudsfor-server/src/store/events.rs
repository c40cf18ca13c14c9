//! The journal of what happened, for those who watch.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use super::accounts::AccountId;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the journal.
    pub cursor: i64,
    /// `vm` or `action`.
    pub kind: String,
    /// What it is about, as JSON.
    pub data: String,
}

/// Adds an event, and removes a few that are from before `oldest`.
pub fn insert(
    connection: &Connection,
    account: AccountId,
    kind: &str,
    data: &str,
    now: i64,
    oldest: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO events (account_id, kind, data, created_at) VALUES (?, ?, ?, ?)",
        )?
        .execute(params![account.0, kind, data, now])?;
    connection
        .prepare_cached(
            "DELETE FROM events WHERE id IN (
                 SELECT id FROM events WHERE created_at < ? ORDER BY created_at LIMIT 4)",
        )?
        .execute([oldest])?;
    Ok(())
}

/// Up to `limit` of the account's events that follow `cursor`.
pub fn after(
    connection: &Connection,
    account: AccountId,
    cursor: i64,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, kind, data FROM events WHERE account_id = ? AND id > ? ORDER BY id LIMIT ?",
    )?;
    let rows = statement.query_map(params![account.0, cursor, limit], |row| {
        Ok(Event {
            cursor: row.get(0)?,
            kind: row.get(1)?,
            data: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The last place in the journal.
pub fn last(connection: &Connection) -> Result<i64, StoreError> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'events'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or(0))
}

/// The first place that the journal still has; past the last if it has none.
pub fn first(connection: &Connection) -> Result<i64, StoreError> {
    let first: Option<i64> = connection
        .prepare_cached("SELECT min(id) FROM events")?
        .query_row([], |row| row.get(0))?;
    match first {
        Some(first) => Ok(first),
        None => Ok(last(connection)? + 1),
    }
}
