//! The journal of what happened, for those who watch.

use rusqlite::{Connection, params};

use super::StoreError;
use super::accounts::AccountId;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the account's journal.
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
    let number: i64 = connection
        .prepare_cached(
            "UPDATE accounts SET last_event = last_event + 1 WHERE id = ? RETURNING last_event",
        )?
        .query_row([account.0], |row| row.get(0))?;
    connection
        .prepare_cached(
            "INSERT INTO events (account_id, number, kind, data, created_at)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![account.0, number, kind, data, now])?;
    connection
        .prepare_cached(
            "DELETE FROM events WHERE id IN (
                 SELECT id FROM events WHERE created_at < ? ORDER BY created_at LIMIT 4)",
        )?
        .execute([oldest])?;
    Ok(())
}

/// Up to `limit` of the account's events that follow `cursor`; fewer, but at least one,
/// if their data come to `bytes`.
pub fn after(
    connection: &Connection,
    account: AccountId,
    cursor: i64,
    limit: u32,
    bytes: usize,
) -> Result<Vec<Event>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, kind, data FROM events
         WHERE account_id = ? AND number > ? ORDER BY number LIMIT ?",
    )?;
    let rows = statement.query_map(params![account.0, cursor, limit], |row| {
        Ok(Event {
            cursor: row.get(0)?,
            kind: row.get(1)?,
            data: row.get(2)?,
        })
    })?;
    let (mut events, mut size) = (Vec::new(), 0);
    for event in rows {
        let event = event?;
        size += event.data.len();
        events.push(event);
        if size >= bytes {
            break;
        }
    }
    Ok(events)
}

/// The last place in the account's journal.
pub fn last(connection: &Connection, account: AccountId) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT last_event FROM accounts WHERE id = ?")?
        .query_row([account.0], |row| row.get(0))?)
}

/// The first place that the account's journal still has; past the last if it has none.
pub fn first(connection: &Connection, account: AccountId) -> Result<i64, StoreError> {
    let first: Option<i64> = connection
        .prepare_cached("SELECT min(number) FROM events WHERE account_id = ?")?
        .query_row([account.0], |row| row.get(0))?;
    match first {
        Some(first) => Ok(first),
        None => Ok(last(connection, account)? + 1),
    }
}
