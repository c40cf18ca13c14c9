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
    /// Whether nobody may log in.
    pub disabled: bool,
}

/// A password of an account, without what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Password {
    /// Its name, unique within the account.
    pub name: String,
    /// Its hash by argon2id.
    pub hash: String,
    /// When it was set, in seconds.
    pub created_at: i64,
}

/// The name of an account's first password.
pub const DEFAULT_PASSWORD: &str = "default";

const COLUMNS: &str = "id, email, uuid, vm_limit, vm_count, password_version, disabled";

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: AccountId(row.get(0)?),
        email: row.get(1)?,
        uuid: row.get(2)?,
        vm_limit: row.get::<_, i64>(3)? as u64,
        vm_count: row.get::<_, i64>(4)? as u64,
        password_version: row.get(5)?,
        disabled: row.get(6)?,
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

/// All accounts, by e-mail address.
pub fn list(connection: &Connection) -> Result<Vec<Account>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts ORDER BY email");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], account)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An account's passwords, oldest first: each of them opens it.
pub fn passwords(connection: &Connection, id: AccountId) -> Result<Vec<Password>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, hash, created_at FROM passwords WHERE account_id = ? ORDER BY id",
    )?;
    let passwords = statement.query_map([id.0], |row| {
        Ok(Password {
            name: row.get(0)?,
            hash: row.get(1)?,
            created_at: row.get(2)?,
        })
    })?;
    Ok(passwords.collect::<Result<_, _>>()?)
}

/// Sets the account's password of this name, in place of the one it had.
pub fn set_password(
    connection: &Connection,
    id: AccountId,
    name: &str,
    hash: &str,
    now: i64,
) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO passwords (account_id, name, hash, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (account_id, name) DO UPDATE SET hash = ?3, created_at = ?4",
        params![id.0, name, hash, now],
    )?;
    forget_logins(connection, id)
}

/// Removes the account's password of this name; says whether there was one.
pub fn revoke_password(
    connection: &Connection,
    id: AccountId,
    name: &str,
) -> Result<bool, StoreError> {
    let removed = connection.execute(
        "DELETE FROM passwords WHERE account_id = ? AND name = ?",
        params![id.0, name],
    )?;
    forget_logins(connection, id)?;
    Ok(removed == 1)
}

/// Lets nobody log in to the account any more, or lets them again.
pub fn set_disabled(
    connection: &Connection,
    id: AccountId,
    disabled: bool,
) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE accounts SET disabled = ? WHERE id = ?",
        params![disabled, id.0],
    )?;
    forget_logins(connection, id)
}

/// Has every process verify the account's passwords anew.
fn forget_logins(connection: &Connection, id: AccountId) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE accounts SET password_version = password_version + 1 WHERE id = ?",
        [id.0],
    )?;
    Ok(())
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
        "INSERT INTO passwords (account_id, name, hash, created_at) VALUES (?, ?, ?, ?)",
        params![id, DEFAULT_PASSWORD, password_hash, now],
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
