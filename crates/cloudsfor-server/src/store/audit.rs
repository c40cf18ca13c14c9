//! Who changed what, when, from where.

use rusqlite::{Connection, params};

use super::StoreError;
use super::accounts::AccountId;

/// How long entries are kept: 400 days, in milliseconds.
const KEPT_MS: i64 = 400 * 24 * 60 * 60 * 1000;

/// Something that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, in milliseconds.
    pub at_ms: i64,
    /// The e-mail address of the account that it is about.
    pub account: String,
    /// By which login: a password's name, `owner` or `operator`.
    pub login: String,
    /// The address that it came from, unless from this machine's own commands.
    pub address: Option<String>,
    /// What was done: the operation's name.
    pub operation: String,
    /// To what.
    pub target: String,
    /// The request by which it was done.
    pub request_id: Option<String>,
}

/// A new entry.
#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    /// The account that it is about.
    pub account: AccountId,
    /// As in [`Entry`].
    pub login: &'a str,
    /// As in [`Entry`].
    pub address: Option<&'a str>,
    /// As in [`Entry`].
    pub operation: &'a str,
    /// As in [`Entry`].
    pub target: &'a str,
    /// As in [`Entry`].
    pub request_id: Option<&'a str>,
}

/// Adds an entry, and removes a few that are too old.
pub fn insert(connection: &Connection, new: &NewEntry<'_>, now_ms: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO audit (at_ms, account_id, login, address, operation, target, request_id)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            now_ms,
            new.account.0,
            new.login,
            new.address,
            new.operation,
            new.target,
            new.request_id,
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM audit WHERE id IN (
                 SELECT id FROM audit WHERE at_ms < ? ORDER BY at_ms LIMIT 4)",
        )?
        .execute([now_ms - KEPT_MS])?;
    Ok(())
}

/// The newest `limit` entries, the oldest of them first; of one account if its
/// e-mail address is given.
pub fn newest(
    connection: &Connection,
    account: Option<&str>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT at_ms, email, login, address, operation, target, request_id
         FROM audit JOIN accounts ON accounts.id = account_id
         WHERE ?1 IS NULL OR email = ?1 ORDER BY audit.id DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![account, limit], |row| {
        Ok(Entry {
            at_ms: row.get(0)?,
            account: row.get(1)?,
            login: row.get(2)?,
            address: row.get(3)?,
            operation: row.get(4)?,
            target: row.get(5)?,
            request_id: row.get(6)?,
        })
    })?;
    let mut entries = rows.collect::<Result<Vec<_>, _>>()?;
    entries.reverse();
    Ok(entries)
}
