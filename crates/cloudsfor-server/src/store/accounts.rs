//! Accounts and their passwords.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;

/// Key of an account within the store. Never shown outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountId(pub i64);

/// An account, without its passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its key.
    pub id: AccountId,
    /// Its e-mail address, compared without case.
    pub email: String,
    /// Its public id.
    pub uuid: String,
    /// How many VMs it may have.
    pub vm_limit: u64,
    /// How many it has.
    pub vm_count: u64,
    /// Grows when a password changes.
    pub password_version: i64,
}

const COLUMNS: &str = "id, email, uuid, vm_limit, vm_count, password_version";

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: AccountId(row.get(0)?),
        email: row.get(1)?,
        uuid: row.get(2)?,
        vm_limit: row.get::<_, i64>(3)? as u64,
        vm_count: row.get::<_, i64>(4)? as u64,
        password_version: row.get(5)?,
    })
}

/// The account with this e-mail address.
pub fn by_email(connection: &Connection, email: &str) -> Result<Option<Account>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE email = ?");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row([email], account)
        .optional()?)
}

/// The account with this key.
pub fn by_id(connection: &Connection, id: AccountId) -> Result<Option<Account>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE id = ?");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row([id.0], account)
        .optional()?)
}

/// The account that was made first: the owner of the data directory.
pub fn first(connection: &Connection) -> Result<Option<Account>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts ORDER BY id LIMIT 1");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row([], account)
        .optional()?)
}

/// The hashes of an account's passwords: each of them opens it.
pub fn password_hashes(connection: &Connection, id: AccountId) -> Result<Vec<String>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT hash FROM passwords WHERE account_id = ? ORDER BY id")?;
    let hashes = statement.query_map([id.0], |row| row.get(0))?;
    Ok(hashes.collect::<Result<_, _>>()?)
}

/// Adds an account with one password.
pub fn insert(
    connection: &Connection,
    email: &str,
    uuid: &str,
    vm_limit: u64,
    password_hash: &str,
    now: i64,
) -> Result<AccountId, StoreError> {
    connection.execute(
        "INSERT INTO accounts (email, uuid, vm_limit, created_at) VALUES (?, ?, ?, ?)",
        params![email, uuid, vm_limit as i64, now],
    )?;
    let id = connection.last_insert_rowid();
    connection.execute(
        "INSERT INTO passwords (account_id, name, hash, created_at) VALUES (?, 'default', ?, ?)",
        params![id, password_hash, now],
    )?;
    Ok(AccountId(id))
}

/// Sets how many VMs an account may have.
pub fn set_vm_limit(
    connection: &Connection,
    id: AccountId,
    vm_limit: u64,
) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE accounts SET vm_limit = ? WHERE id = ?",
        params![vm_limit as i64, id.0],
    )?;
    Ok(())
}

/// Counts one VM more if the limit allows it; says whether it does.
pub fn take_quota(connection: &Connection, id: AccountId) -> Result<bool, StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE accounts SET vm_count = vm_count + 1 WHERE id = ? AND vm_count < vm_limit",
        )?
        .execute([id.0])?;
    Ok(changed == 1)
}

/// Counts one VM less.
pub fn give_quota_back(connection: &Connection, id: AccountId) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE accounts SET vm_count = vm_count - 1 WHERE id = ?")?
        .execute([id.0])?;
    Ok(())
}
