//! Private networks and who is in them.

use cloudsfor_types::{NetworkId, VmId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;
use super::accounts::AccountId;
use super::operations::unreadable;
use super::window::Position;

/// A private network, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkRecord {
    /// Its id.
    pub id: NetworkId,
    /// Its name.
    pub name: String,
    /// Which of its account's subnets it has.
    pub subnet: u8,
    /// Whether it is the account's default.
    pub is_default: bool,
    /// When it was made, in seconds.
    pub created_at: i64,
}

impl NetworkRecord {
    /// Its place in lists.
    pub fn position(&self) -> Position {
        Position {
            time: self.created_at,
            id: self.id.to_string(),
        }
    }
}

const COLUMNS: &str = "id, name, subnet, is_default, created_at";

fn network(row: &Row<'_>) -> rusqlite::Result<NetworkRecord> {
    let id: String = row.get(0)?;
    Ok(NetworkRecord {
        id: NetworkId::new(id.as_str()).map_err(|_| unreadable(0, &id))?,
        name: row.get(1)?,
        subnet: row.get(2)?,
        is_default: row.get(3)?,
        created_at: row.get(4)?,
    })
}

/// Adds a network.
pub fn insert(
    connection: &Connection,
    account: AccountId,
    network: &NetworkRecord,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO networks (id, account_id, name, subnet, is_default, created_at)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            network.id.as_str(),
            account.0,
            network.name,
            network.subnet,
            network.is_default,
            network.created_at,
        ])?;
    Ok(())
}

/// The account's networks, oldest first.
pub fn list(connection: &Connection, account: AccountId) -> Result<Vec<NetworkRecord>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM networks WHERE account_id = ? ORDER BY created_at, id");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([account.0], network)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The account's network with this id.
pub fn get(
    connection: &Connection,
    account: AccountId,
    id: &str,
) -> Result<Option<NetworkRecord>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM networks WHERE account_id = ? AND id = ?");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(params![account.0, id], network)
        .optional()?)
}

/// Removes a network.
pub fn delete(connection: &Connection, id: &NetworkId) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM networks WHERE id = ?")?
        .execute([id.as_str()])?;
    Ok(())
}

/// How many VMs are in a network.
pub fn member_count(connection: &Connection, id: &NetworkId) -> Result<u64, StoreError> {
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM network_members WHERE network_id = ?")?
        .query_row([id.as_str()], |row| row.get(0))?;
    Ok(count as u64)
}

/// A VM's host number in a network, if it is in it.
pub fn host(
    connection: &Connection,
    id: &NetworkId,
    vm_id: &VmId,
) -> Result<Option<u32>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT host FROM network_members WHERE network_id = ? AND vm_id = ?")?
        .query_row([id.as_str(), vm_id.as_str()], |row| row.get(0))
        .optional()?)
}

/// Puts a VM into a network.
pub fn join(
    connection: &Connection,
    id: &NetworkId,
    vm_id: &VmId,
    host: u32,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT INTO network_members (network_id, vm_id, host) VALUES (?, ?, ?)")?
        .execute(params![id.as_str(), vm_id.as_str(), host])?;
    Ok(())
}

/// Takes a VM out of a network; says whether it was in it.
pub fn leave(connection: &Connection, id: &NetworkId, vm_id: &VmId) -> Result<bool, StoreError> {
    let changed = connection
        .prepare_cached("DELETE FROM network_members WHERE network_id = ? AND vm_id = ?")?
        .execute([id.as_str(), vm_id.as_str()])?;
    Ok(changed == 1)
}

/// Takes a VM out of all networks.
pub fn leave_all(connection: &Connection, vm_id: &VmId) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM network_members WHERE vm_id = ?")?
        .execute([vm_id.as_str()])?;
    Ok(())
}

/// A VM's places in private networks: subnet and host.
pub fn places_of_vm(connection: &Connection, vm_id: &VmId) -> Result<Vec<(u8, u32)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT subnet, host FROM network_members JOIN networks ON id = network_id
         WHERE vm_id = ? ORDER BY subnet",
    )?;
    let rows = statement.query_map([vm_id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A VM's place in a private network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The network.
    pub network: NetworkId,
    /// Which of its account's subnets it has.
    pub subnet: u8,
    /// The VM's host number in it.
    pub host: u32,
}

/// A VM's places in private networks.
pub fn memberships(connection: &Connection, vm_id: &VmId) -> Result<Vec<Membership>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, subnet, host FROM network_members JOIN networks ON id = network_id
         WHERE vm_id = ? ORDER BY subnet",
    )?;
    let rows = statement.query_map([vm_id.as_str()], |row| {
        let id: String = row.get(0)?;
        Ok(Membership {
            network: NetworkId::new(id.as_str()).map_err(|_| unreadable(0, &id))?,
            subnet: row.get(1)?,
            host: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The names and host numbers of the VMs in a network but one, at most so many.
pub fn others(
    connection: &Connection,
    id: &NetworkId,
    vm_id: &VmId,
    at_most: u32,
) -> Result<Vec<(String, u32)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, host FROM network_members JOIN vms ON vms.id = vm_id
         WHERE network_id = ? AND vm_id <> ? ORDER BY host LIMIT ?",
    )?;
    let rows = statement.query_map(params![id.as_str(), vm_id.as_str(), at_most], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
