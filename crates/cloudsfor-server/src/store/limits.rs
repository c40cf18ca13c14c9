//! How much of each kind an account may have, and has: found by its key or an index, never
//! by a look at all rows.

use rusqlite::{Connection, params};

use super::StoreError;
use super::accounts::AccountId;

/// The limits that the operator has set for an account; `None` where the default holds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// SSH keys.
    pub keys: Option<u64>,
    /// Private networks.
    pub networks: Option<u64>,
    /// Domains.
    pub domains: Option<u64>,
    /// Records of one domain.
    pub records_per_domain: Option<u64>,
    /// Snapshots, without backups.
    pub snapshots: Option<u64>,
    /// The space of snapshots, in GB.
    pub snapshot_gigabytes: Option<f64>,
    /// The space of backups, in GB.
    pub backup_gigabytes: Option<f64>,
}

/// Those of an account.
pub fn of(connection: &Connection, account: AccountId) -> Result<Limits, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT key_limit, network_limit, domain_limit, record_limit, snapshot_limit,
                 snapshot_gigabytes, backup_gigabytes
             FROM accounts WHERE id = ?",
        )?
        .query_row([account.0], |row| {
            let number = |column| -> rusqlite::Result<Option<u64>> {
                let number: Option<i64> = row.get(column)?;
                Ok(number.map(|number| number.max(0) as u64))
            };
            Ok(Limits {
                keys: number(0)?,
                networks: number(1)?,
                domains: number(2)?,
                records_per_domain: number(3)?,
                snapshots: number(4)?,
                snapshot_gigabytes: row.get(5)?,
                backup_gigabytes: row.get(6)?,
            })
        })?)
}

/// Sets those that are given, and leaves the others as they are.
pub fn set(connection: &Connection, account: AccountId, new: &Limits) -> Result<(), StoreError> {
    let number = |number: Option<u64>| number.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    connection.execute(
        "UPDATE accounts SET
             key_limit = coalesce(?2, key_limit),
             network_limit = coalesce(?3, network_limit),
             domain_limit = coalesce(?4, domain_limit),
             record_limit = coalesce(?5, record_limit),
             snapshot_limit = coalesce(?6, snapshot_limit),
             snapshot_gigabytes = coalesce(?7, snapshot_gigabytes),
             backup_gigabytes = coalesce(?8, backup_gigabytes)
         WHERE id = ?1",
        params![
            account.0,
            number(new.keys),
            number(new.networks),
            number(new.domains),
            number(new.records_per_domain),
            number(new.snapshots),
            new.snapshot_gigabytes,
            new.backup_gigabytes,
        ],
    )?;
    Ok(())
}

/// How many keys the account has.
pub fn keys(connection: &Connection, account: AccountId) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM ssh_keys WHERE account_id = ?";
    number(connection, sql, account.0)
}

/// How many private networks the account has.
pub fn networks(connection: &Connection, account: AccountId) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM networks WHERE account_id = ?";
    number(connection, sql, account.0)
}

/// How many domains the account has.
pub fn domains(connection: &Connection, account: AccountId) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM domains WHERE account_id = ?";
    number(connection, sql, account.0)
}

/// How many records the fullest of the account's domains has.
pub fn fullest_domain(connection: &Connection, account: AccountId) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(max(record_count), 0) FROM domains WHERE account_id = ?";
    number(connection, sql, account.0)
}

/// How many records a domain has.
pub fn records(connection: &Connection, domain_id: i64) -> Result<u64, StoreError> {
    let sql = "SELECT record_count FROM domains WHERE id = ?";
    number(connection, sql, domain_id)
}

fn number(connection: &Connection, sql: &str, key: i64) -> Result<u64, StoreError> {
    let number: i64 = connection
        .prepare_cached(sql)?
        .query_row([key], |row| row.get(0))?;
    Ok(number.max(0) as u64)
}
