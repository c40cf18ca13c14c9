//! VMs.

use std::collections::BTreeMap;

use cloudsfor_types::{Gigabytes, Plan, VmFeature, VmFilter, VmId, VmStatus};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::StoreError;
use super::accounts::AccountId;
use super::operations::unreadable;

/// A VM, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct VmRecord {
    /// Its id.
    pub id: VmId,
    /// Whose it is.
    pub account: AccountId,
    /// Its name, with its case.
    pub name: String,
    /// Its region's name.
    pub region: String,
    /// Its image's identifier, as sent.
    pub distro: String,
    /// Memory.
    pub memory: Gigabytes,
    /// Virtual processors.
    pub vcpus: u32,
    /// Disk, in GB.
    pub disk: u32,
    /// The tariff.
    pub plan: Plan,
    /// What it is doing.
    pub status: VmStatus,
    /// Whether an operation runs on it.
    pub locked: bool,
    /// What it has beside the usual.
    pub features: Vec<VmFeature>,
    /// The user's labels.
    pub labels: BTreeMap<String, String>,
    /// Ids of the keys in root's account.
    pub ssh_keys: Vec<u64>,
    /// Data for the first boot.
    pub user_data: Option<String>,
    /// Whether deleting it is refused.
    pub protected: bool,
    /// Its host number in the public pool.
    pub public_host: u32,
    /// Its host number in its account's private pool.
    pub private_host: Option<u32>,
    /// How many snapshots and backups it has.
    pub snapshot_count: u32,
    /// When it was accepted, in seconds.
    pub created_at: i64,
}

/// A place in the list, between VMs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Creation time of the VM that it is beside, in seconds.
    pub created_at: i64,
    /// That VM's id.
    pub id: String,
}

impl VmRecord {
    /// The VM's own place in the list.
    pub fn position(&self) -> Position {
        Position {
            created_at: self.created_at,
            id: self.id.to_string(),
        }
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// All of it.
    All,
    /// `limit` VMs after the first `offset`.
    Offset {
        /// VMs to pass over.
        offset: u64,
        /// VMs to return at most.
        limit: u32,
    },
    /// The `limit` VMs that follow a position.
    After(Position, u32),
    /// The `limit` VMs before a position.
    Before(Position, u32),
}

const COLUMNS: &str = "id, account_id, name, region, distro, memory, vcpus, disk, plan, status, \
     locked, features, labels, ssh_keys, user_data, protected, public_host, private_host, \
     snapshot_count, created_at";

fn vm(row: &Row<'_>) -> rusqlite::Result<VmRecord> {
    let id: String = row.get(0)?;
    let memory: f64 = row.get(5)?;
    Ok(VmRecord {
        id: VmId::new(id.as_str()).map_err(|_| unreadable(0, &id))?,
        account: AccountId(row.get(1)?),
        name: row.get(2)?,
        region: row.get(3)?,
        distro: row.get(4)?,
        memory: Gigabytes::new(memory).ok_or_else(|| unreadable(5, "not a number"))?,
        vcpus: row.get(6)?,
        disk: row.get(7)?,
        plan: Plan::from(row.get_ref(8)?.as_str()?),
        status: VmStatus::from(row.get_ref(9)?.as_str()?),
        locked: row.get(10)?,
        features: json(row, 11)?,
        labels: json(row, 12)?,
        ssh_keys: json(row, 13)?,
        user_data: row.get(14)?,
        protected: row.get(15)?,
        public_host: row.get(16)?,
        private_host: row.get(17)?,
        snapshot_count: row.get(18)?,
        created_at: row.get(19)?,
    })
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|_| unreadable(column, text))
}

fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("lists and maps of strings and numbers are JSON")
}

/// Adds a VM.
pub fn insert(connection: &Connection, vm: &VmRecord) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO vms (id, account_id, name, region, distro, memory, vcpus, disk, plan,
                 status, locked, features, labels, ssh_keys, user_data, protected, public_host,
                 private_host, snapshot_count, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            vm.id.as_str(),
            vm.account.0,
            vm.name,
            vm.region,
            vm.distro,
            vm.memory.get(),
            vm.vcpus,
            vm.disk,
            vm.plan.as_str(),
            vm.status.as_str(),
            vm.locked,
            to_json(&vm.features),
            to_json(&vm.labels),
            to_json(&vm.ssh_keys),
            vm.user_data,
            vm.protected,
            vm.public_host,
            vm.private_host,
            vm.snapshot_count,
            vm.created_at,
        ])?;
    Ok(())
}

/// The account's VM with this id, unless it was deleted.
pub fn get(
    connection: &Connection,
    account: AccountId,
    id: &str,
) -> Result<Option<VmRecord>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM vms WHERE id = ? AND account_id = ? AND deleted_at IS NULL");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(params![id, account.0], vm)
        .optional()?)
}

/// Whoever's VM with this id, unless it was deleted. For workers, which act for
/// no account.
pub fn get_any(connection: &Connection, id: &VmId) -> Result<Option<VmRecord>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM vms WHERE id = ? AND deleted_at IS NULL");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row([id.as_str()], vm)
        .optional()?)
}

/// The oldest of the account's VMs that has this name, in any case of letters.
pub fn holder_of_name(
    connection: &Connection,
    account: AccountId,
    name: &str,
) -> Result<Option<VmId>, StoreError> {
    let id: Option<String> = connection
        .prepare_cached(
            "SELECT id FROM vms WHERE account_id = ? AND name = ? AND deleted_at IS NULL
             ORDER BY created_at, id LIMIT 1",
        )?
        .query_row(params![account.0, name], |row| row.get(0))
        .optional()?;
    id.map(|id| VmId::new(id.as_str()).map_err(|_| unreadable(0, &id).into()))
        .transpose()
}

/// The account's VMs that pass the filter, by creation time, then id.
pub fn list(
    connection: &Connection,
    account: AccountId,
    filter: &VmFilter,
    window: &Window,
) -> Result<Vec<VmRecord>, StoreError> {
    let (mut condition, mut values) = matching(account, filter);
    let mut order = "created_at, id";
    let mut limit = String::new();
    match window {
        Window::All => {}
        Window::Offset { offset, limit: n } => limit = format!("LIMIT {n} OFFSET {offset}"),
        Window::After(position, n) => {
            condition.push_str(" AND (created_at, id) > (?, ?)");
            values.extend(position_values(position));
            limit = format!("LIMIT {n}");
        }
        Window::Before(position, n) => {
            condition.push_str(" AND (created_at, id) < (?, ?)");
            values.extend(position_values(position));
            order = "created_at DESC, id DESC";
            limit = format!("LIMIT {n}");
        }
    }
    let sql = format!("SELECT {COLUMNS} FROM vms WHERE {condition} ORDER BY {order} {limit}");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), vm)?;
    let mut vms: Vec<_> = rows.collect::<Result<_, _>>()?;
    if matches!(window, Window::Before(..)) {
        vms.reverse();
    }
    Ok(vms)
}

fn position_values(position: &Position) -> [Value; 2] {
    [position.created_at.into(), position.id.clone().into()]
}

/// How many of the account's VMs pass the filter.
pub fn count(
    connection: &Connection,
    account: AccountId,
    filter: &VmFilter,
) -> Result<u64, StoreError> {
    let count: i64 = if *filter == VmFilter::default() {
        connection
            .prepare_cached("SELECT vm_count FROM accounts WHERE id = ?")?
            .query_row([account.0], |row| row.get(0))?
    } else {
        let (condition, values) = matching(account, filter);
        let sql = format!("SELECT count(*) FROM vms WHERE {condition}");
        connection
            .prepare_cached(&sql)?
            .query_row(params_from_iter(values), |row| row.get(0))?
    };
    Ok(count as u64)
}

fn matching(account: AccountId, filter: &VmFilter) -> (String, Vec<Value>) {
    let mut condition = "account_id = ? AND deleted_at IS NULL".to_owned();
    let mut values: Vec<Value> = vec![account.0.into()];
    if let Some(name) = &filter.name {
        condition.push_str(" AND name = ?");
        values.push(name.clone().into());
    }
    for (key, value) in &filter.labels {
        condition.push_str(
            " AND EXISTS (SELECT 1 FROM json_each(labels) AS label
               WHERE label.key = ? AND label.value = ?)",
        );
        values.extend([key.clone().into(), value.clone().into()]);
    }
    if let Some(status) = &filter.status {
        condition.push_str(" AND status = ?");
        values.push(status.as_str().to_owned().into());
    }
    if let Some(region) = &filter.region {
        condition.push_str(" AND region = ?");
        values.push(region.clone().into());
    }
    (condition, values)
}

/// Sets what a VM is doing, and that nothing runs on it any more.
pub fn settle(connection: &Connection, id: &VmId, status: &VmStatus) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE vms SET status = ?, locked = 0 WHERE id = ?")?
        .execute(params![status.as_str(), id.as_str()])?;
    Ok(())
}

/// Marks a VM as deleted.
pub fn delete(connection: &Connection, id: &VmId, now: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE vms SET deleted_at = ?, locked = 0 WHERE id = ?")?
        .execute(params![now, id.as_str()])?;
    Ok(())
}
