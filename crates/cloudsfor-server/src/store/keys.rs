//! SSH keys.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;
use super::accounts::AccountId;
use super::window::Position;

/// A key, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its id.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// The key itself.
    pub public_key: String,
    /// Its fingerprint: `SHA256:…`.
    pub sha256: String,
    /// Its fingerprint in the old form: pairs of hex digits and colons.
    pub md5: String,
    /// When it was added, in seconds.
    pub created_at: i64,
}

impl KeyRecord {
    /// Its place in lists.
    pub fn position(&self) -> Position {
        Position {
            time: self.created_at,
            id: format!("{:010}", self.id),
        }
    }
}

const COLUMNS: &str = "id, name, public_key, sha256, md5, created_at";

fn key(row: &Row<'_>) -> rusqlite::Result<KeyRecord> {
    Ok(KeyRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        public_key: row.get(2)?,
        sha256: row.get(3)?,
        md5: row.get(4)?,
        created_at: row.get(5)?,
    })
}

/// Adds a key (its `id` is ignored) and says its id.
pub fn insert(
    connection: &Connection,
    account: AccountId,
    key: &KeyRecord,
) -> Result<u32, StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO ssh_keys (account_id, name, public_key, sha256, md5, created_at)
             VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        )?
        .query_row(
            params![
                account.0,
                key.name,
                key.public_key,
                key.sha256,
                key.md5,
                key.created_at
            ],
            |row| row.get(0),
        )
        .map_err(Into::into)
}

/// The account's keys, oldest first.
pub fn list(connection: &Connection, account: AccountId) -> Result<Vec<KeyRecord>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM ssh_keys WHERE account_id = ? ORDER BY created_at, id");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([account.0], key)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The account's key with this id.
pub fn by_id(
    connection: &Connection,
    account: AccountId,
    id: u64,
) -> Result<Option<KeyRecord>, StoreError> {
    let Ok(id) = i64::try_from(id) else {
        return Ok(None);
    };
    let sql = format!("SELECT {COLUMNS} FROM ssh_keys WHERE account_id = ? AND id = ?");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(params![account.0, id], key)
        .optional()?)
}

/// The account's key with this fingerprint, in either form.
pub fn by_fingerprint(
    connection: &Connection,
    account: AccountId,
    fingerprint: &str,
) -> Result<Option<KeyRecord>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM ssh_keys WHERE account_id = ?1 AND (sha256 = ?2 OR md5 = ?2)"
    );
    let values = params![account.0, fingerprint];
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(values, key)
        .optional()?)
}

/// Renames a key.
pub fn rename(connection: &Connection, id: u32, name: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE ssh_keys SET name = ? WHERE id = ?")?
        .execute(params![name, id])?;
    Ok(())
}

/// Removes a key.
pub fn delete(connection: &Connection, id: u32) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM ssh_keys WHERE id = ?")?
        .execute([id])?;
    Ok(())
}
