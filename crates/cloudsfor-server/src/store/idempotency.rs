//! Answers kept under idempotency keys.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use super::accounts::AccountId;

/// What is kept under a key.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// Which request it was.
    pub fingerprint: Vec<u8>,
    /// The answer, in the form that the caller gave it.
    pub answer: Vec<u8>,
}

/// What the account has under `key`, unless it is from before `oldest`.
pub fn get(
    connection: &Connection,
    account: AccountId,
    key: &str,
    oldest: i64,
) -> Result<Option<Record>, StoreError> {
    let record = connection
        .prepare_cached(
            "SELECT fingerprint, answer FROM idempotency
             WHERE account_id = ? AND key = ? AND created_at >= ?",
        )?
        .query_row(params![account.0, key, oldest], |row| {
            Ok(Record {
                fingerprint: row.get(0)?,
                answer: row.get(1)?,
            })
        })
        .optional()?;
    Ok(record)
}

/// Keeps an answer under `key`, in place of one that is too old.
pub fn put(
    connection: &Connection,
    account: AccountId,
    key: &str,
    record: &Record,
    now: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO idempotency (account_id, key, fingerprint, answer, created_at)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            account.0,
            key,
            record.fingerprint,
            record.answer,
            now
        ])?;
    Ok(())
}

/// Removes a few answers from before `oldest`: fewer come than go if this is
/// called for each that is kept, and none waits long for it.
pub fn purge(connection: &Connection, oldest: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM idempotency WHERE (account_id, key) IN (
                 SELECT account_id, key FROM idempotency WHERE created_at < ? LIMIT 4)",
        )?
        .execute([oldest])?;
    Ok(())
}
