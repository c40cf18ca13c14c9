//! Managed domains and their records.

use cloudsfor_types::{RecordSpec, RecordType, VmId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;
use super::accounts::AccountId;
use super::names;
use super::operations::unreadable;
use super::window::Position;

/// A domain, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainRow {
    /// Its key within the store.
    pub id: i64,
    /// Whose it is.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// How long its records may be kept, in seconds.
    pub ttl: u32,
    /// Grows with each change.
    pub serial: u32,
    /// When it was added, in seconds.
    pub created_at: i64,
}

impl DomainRow {
    /// Its place in lists.
    pub fn position(&self) -> Position {
        Position {
            time: self.created_at,
            id: self.name.to_ascii_lowercase(),
        }
    }
}

/// A record, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    /// Its id.
    pub id: u32,
    /// What it says.
    pub spec: RecordSpec,
    /// Whether it follows a VM, and is read-only.
    pub follows_vm: bool,
    /// When it was added, in seconds.
    pub created_at: i64,
}

impl RecordRow {
    /// Its place in lists.
    pub fn position(&self) -> Position {
        Position {
            time: self.created_at,
            id: format!("{:010}", self.id),
        }
    }
}

const DOMAIN: &str = "id, account_id, name, ttl, serial, created_at";
pub(super) const RECORD: &str =
    "id, type, name, data, priority, port, weight, vm_id IS NOT NULL, created_at";

fn domain(row: &Row<'_>) -> rusqlite::Result<DomainRow> {
    Ok(DomainRow {
        id: row.get(0)?,
        account: AccountId(row.get(1)?),
        name: row.get(2)?,
        ttl: row.get(3)?,
        serial: row.get(4)?,
        created_at: row.get(5)?,
    })
}

pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<RecordRow> {
    let kind = row.get_ref(1)?.as_str()?;
    Ok(RecordRow {
        id: row.get(0)?,
        spec: RecordSpec {
            r#type: match RecordType::from(kind) {
                RecordType::Unknown(kind) => return Err(unreadable(1, &kind)),
                kind => kind,
            },
            name: row.get(2)?,
            data: row.get(3)?,
            priority: row.get(4)?,
            port: row.get(5)?,
            weight: row.get(6)?,
        },
        follows_vm: row.get(7)?,
        created_at: row.get(8)?,
    })
}

/// Adds a domain and says its key.
pub fn insert(
    connection: &Connection,
    account: AccountId,
    name: &str,
    ttl: u32,
    now: i64,
) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached(
            "INSERT INTO domains (account_id, name, ttl, serial, created_at, path)
             VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        )?
        // The serial of a domain that comes again goes on growing.
        .query_row(
            params![
                account.0,
                name,
                ttl,
                now.clamp(1, u32::MAX.into()),
                now,
                names::path(name)
            ],
            |row| row.get(0),
        )?)
}

/// The account's domains, oldest first.
pub fn list(connection: &Connection, account: AccountId) -> Result<Vec<DomainRow>, StoreError> {
    let sql = format!(
        "SELECT {DOMAIN} FROM domains WHERE account_id = ? ORDER BY created_at, lower(name)"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([account.0], domain)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The domain of this name, whoever has it.
pub fn by_name(connection: &Connection, name: &str) -> Result<Option<DomainRow>, StoreError> {
    let sql = format!("SELECT {DOMAIN} FROM domains WHERE name = ?");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row([name], domain)
        .optional()?)
}

/// A domain below this name, of another account.
pub fn below_of_other(
    connection: &Connection,
    account: AccountId,
    name: &str,
) -> Result<Option<DomainRow>, StoreError> {
    let sql = format!(
        "SELECT {DOMAIN} FROM domains INDEXED BY domains_by_path
         WHERE path > ?1 AND path < ?2 AND account_id != ?3 LIMIT 1"
    );
    let path = names::path(name);
    let values = params![path, names::end_of(&path), account.0];
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(values, domain)
        .optional()?)
}

/// Any account's domains that are this name or below it, by name.
pub fn at_or_below(connection: &Connection, name: &str) -> Result<Vec<DomainRow>, StoreError> {
    let sql = format!(
        "SELECT {DOMAIN} FROM domains INDEXED BY domains_by_path
         WHERE path >= ? AND path < ? ORDER BY path"
    );
    let path = names::path(name);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![path, names::end_of(&path)], domain)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Removes a domain with its records.
pub fn delete(connection: &Connection, id: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM records WHERE domain_id = ?")?
        .execute([id])?;
    connection
        .prepare_cached("DELETE FROM domains WHERE id = ?")?
        .execute([id])?;
    Ok(())
}

/// Notes that a domain's contents changed.
pub fn touch(connection: &Connection, id: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE domains SET serial = serial + 1 WHERE id = ?")?
        .execute([id])?;
    Ok(())
}

/// The records of a domain, oldest first.
pub fn records(connection: &Connection, domain_id: i64) -> Result<Vec<RecordRow>, StoreError> {
    let sql = format!("SELECT {RECORD} FROM records WHERE domain_id = ? ORDER BY created_at, id");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([domain_id], record)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The domain's record with this id.
pub fn get_record(
    connection: &Connection,
    domain_id: i64,
    id: u32,
) -> Result<Option<RecordRow>, StoreError> {
    let sql = format!("SELECT {RECORD} FROM records WHERE domain_id = ? AND id = ?");
    let values = params![domain_id, id];
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(values, record)
        .optional()?)
}

/// Adds a record at a path within the domain, which follows this VM if one is
/// named. The name of an address has no path there.
pub fn insert_record(
    connection: &Connection,
    domain_id: i64,
    spec: &RecordSpec,
    path: Option<&str>,
    vm_id: Option<&VmId>,
    now: i64,
) -> Result<u32, StoreError> {
    count(connection, domain_id, 1)?;
    Ok(connection
        .prepare_cached(
            "INSERT INTO records (domain_id, type, name, data, priority, port, weight, vm_id,
                 created_at, path)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        )?
        .query_row(
            params![
                domain_id,
                spec.r#type.as_str(),
                spec.name,
                spec.data,
                spec.priority,
                spec.port,
                spec.weight,
                vm_id.map(VmId::as_str),
                now,
                path,
            ],
            |row| row.get(0),
        )?)
}

/// Puts another record in the place of one.
pub fn update_record(
    connection: &Connection,
    id: u32,
    spec: &RecordSpec,
    path: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE records SET type = ?, name = ?, data = ?, priority = ?, port = ?, weight = ?,
                 path = ?
             WHERE id = ?",
        )?
        .execute(params![
            spec.r#type.as_str(),
            spec.name,
            spec.data,
            spec.priority,
            spec.port,
            spec.weight,
            path,
            id,
        ])?;
    Ok(())
}

/// Removes a record.
pub fn delete_record(connection: &Connection, id: u32) -> Result<(), StoreError> {
    let domain: Option<i64> = connection
        .prepare_cached("DELETE FROM records WHERE id = ? RETURNING domain_id")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    match domain {
        Some(domain) => count(connection, domain, -1),
        None => Ok(()),
    }
}

/// Counts so many records of a domain more.
fn count(connection: &Connection, domain_id: i64, more: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE domains SET record_count = record_count + ? WHERE id = ?")?
        .execute([more, domain_id])?;
    Ok(())
}

/// Removes the records that follow a VM with the names of its addresses, and notes
/// that their domains changed.
pub fn forget_vm(connection: &Connection, vm_id: &VmId) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM address_names WHERE vm_id = ?")?
        .execute([vm_id.as_str()])?;
    let mut statement =
        connection.prepare_cached("DELETE FROM records WHERE vm_id = ? RETURNING domain_id")?;
    let domains = statement.query_map([vm_id.as_str()], |row| row.get(0))?;
    let mut domains: Vec<i64> = domains.collect::<Result<_, _>>()?;
    for domain in &domains {
        count(connection, *domain, -1)?;
    }
    domains.dedup();
    domains
        .into_iter()
        .try_for_each(|domain| touch(connection, domain))
}
