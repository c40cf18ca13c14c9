//! VMs.

use std::collections::BTreeMap;

use cloudsfor_types::{Gigabytes, Plan, UserData, VmFeature, VmFilter, VmId, VmStatus};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::StoreError;
use super::accounts::AccountId;
use super::names;
use super::operations::unreadable;
use super::window::{Position, Window};
use crate::bridge::Bridge;

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
    /// Its image's internal id.
    pub image_id: String,
    /// Its image's description.
    pub image_name: String,
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
    pub user_data: Option<UserData>,
    /// Their SHA-256, in hex; `None` of VMs that an older version made.
    pub user_data_sha256: Option<String>,
    /// Whether deleting it is refused.
    pub protected: bool,
    /// Its host number in the public pool; its public address, if it is on a bridge.
    pub public_host: u32,
    /// The bridge that it is on.
    pub bridge: Option<Bridge>,
    /// The port at its public address that leads to its SSH, as observed.
    pub ssh_port: Option<u16>,
    /// Its places in private networks: subnet and host.
    pub private_places: Vec<(u8, u32)>,
    /// When its next backup is due, in seconds.
    pub next_backup_at: Option<i64>,
    /// How many snapshots and backups it has.
    pub snapshot_count: u32,
    /// When it was accepted, in seconds.
    pub created_at: i64,
}

impl VmRecord {
    /// The VM's own place in the list.
    pub fn position(&self) -> Position {
        Position {
            time: self.created_at,
            id: self.id.to_string(),
        }
    }
}

const COLUMNS: &str = "id, account_id, name, region, distro, memory, vcpus, disk, plan, status, \
     locked, features, labels, ssh_keys, user_data, protected, public_host, private_places, \
     snapshot_count, created_at, image_id, image_name, next_backup_at, ssh_port, bridge, user_data_encoding, \
     user_data_sha256";

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
        user_data: user_data(row, 14, 25)?,
        user_data_sha256: row.get(26)?,
        protected: row.get(15)?,
        public_host: row.get(16)?,
        private_places: json(row, 17)?,
        snapshot_count: row.get(18)?,
        created_at: row.get(19)?,
        image_id: row.get(20)?,
        image_name: row.get(21)?,
        next_backup_at: row.get(22)?,
        ssh_port: row.get(23)?,
        bridge: row
            .get_ref(24)?
            .as_str_or_null()?
            .map(|_| json(row, 24))
            .transpose()?,
    })
}

fn user_data(row: &Row<'_>, data: usize, encoding: usize) -> rusqlite::Result<Option<UserData>> {
    let Some(text) = row.get_ref(data)?.as_str_or_null()? else {
        return Ok(None);
    };
    let encoding = row.get_ref(encoding)?.as_str_or_null()?;
    let decoded = UserData::decoded(text, encoding);
    // The data themselves may be secret.
    decoded
        .map(Some)
        .map_err(|_| unreadable(data, "not base64"))
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
    let user_data = vm.user_data.as_ref().map(UserData::encoded);
    let (user_data, encoding) = user_data.map_or((None, None), |(data, e)| (Some(data), e));
    connection
        .prepare_cached(
            "INSERT INTO vms (id, account_id, name, region, distro, memory, vcpus, disk, plan,
                 status, locked, features, labels, ssh_keys, user_data, protected, public_host,
                 private_places, snapshot_count, created_at, image_id, image_name, next_backup_at,
                 ssh_port, bridge, user_data_encoding, user_data_sha256, path)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                 ?)",
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
            user_data,
            vm.protected,
            vm.public_host,
            to_json(&vm.private_places),
            vm.snapshot_count,
            vm.created_at,
            vm.image_id,
            vm.image_name,
            vm.next_backup_at,
            vm.ssh_port,
            vm.bridge.as_ref().map(to_json),
            encoding,
            vm.user_data_sha256,
            names::path(&vm.name),
        ])?;
    Ok(())
}

/// Writes down whatever of a VM can change.
pub fn update(connection: &Connection, vm: &VmRecord) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE vms SET name = ?, distro = ?, image_id = ?, image_name = ?, memory = ?,
                 vcpus = ?, disk = ?, status = ?, locked = ?, features = ?, labels = ?,
                 protected = ?, private_places = ?, snapshot_count = ?, next_backup_at = ?,
                 ssh_port = ?, path = ?
             WHERE id = ?",
        )?
        .execute(params![
            vm.name,
            vm.distro,
            vm.image_id,
            vm.image_name,
            vm.memory.get(),
            vm.vcpus,
            vm.disk,
            vm.status.as_str(),
            vm.locked,
            to_json(&vm.features),
            to_json(&vm.labels),
            vm.protected,
            to_json(&vm.private_places),
            vm.snapshot_count,
            vm.next_backup_at,
            vm.ssh_port,
            names::path(&vm.name),
            vm.id.as_str(),
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

/// Whoever's VMs that are switched on or off and on which nothing runs.
pub fn at_rest(connection: &Connection) -> Result<Vec<VmRecord>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM vms
         WHERE deleted_at IS NULL AND NOT locked AND status IN ('running', 'stopped')"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], vm)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The features of any VM, if there is one.
pub fn any_features(connection: &Connection) -> Result<Option<Vec<VmFeature>>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT features FROM vms WHERE deleted_at IS NULL LIMIT 1")?
        .query_row([], |row| json(row, 0))
        .optional()?)
}

/// The disk of an account's VMs, in GB.
pub fn disk_of_account(connection: &Connection, account: AccountId) -> Result<u64, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT coalesce(sum(disk), 0) FROM vms WHERE account_id = ? AND deleted_at IS NULL",
        )?
        .query_row([account.0], |row| row.get::<_, i64>(0))? as u64)
}

/// What all VMs together have: memory, processors and disk.
pub fn sizes(connection: &Connection) -> Result<(f64, u64, u64), StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT coalesce(sum(memory), 0.0), coalesce(sum(vcpus), 0), coalesce(sum(disk), 0)
             FROM vms WHERE deleted_at IS NULL",
        )?
        .query_row([], |row| {
            Ok((
                row.get(0)?,
                row.get::<_, i64>(1)? as u64,
                row.get::<_, i64>(2)? as u64,
            ))
        })?)
}

/// The oldest of the account's VMs that has this name, in any case of letters.
pub fn holder_of_name(
    connection: &Connection,
    account: AccountId,
    name: &str,
) -> Result<Option<VmId>, StoreError> {
    let id: Option<String> = connection
        .prepare_cached(
            "SELECT id FROM vms INDEXED BY vms_by_path
             WHERE account_id = ? AND path = ? AND deleted_at IS NULL
             ORDER BY created_at, id LIMIT 1",
        )?
        .query_row(params![account.0, names::path(name)], |row| row.get(0))
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
    let (condition, mut values) = matching(account, filter);
    let rest = window.sql("created_at", &mut values);
    let sql = format!("SELECT {COLUMNS} FROM vms WHERE {condition}{rest}");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), vm)?;
    Ok(window.in_order(rows.collect::<Result<_, _>>()?))
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

/// VMs of any account whose backup is due and on which nothing runs.
pub fn to_back_up(connection: &Connection, now: i64) -> Result<Vec<VmRecord>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM vms
         WHERE next_backup_at <= ? AND deleted_at IS NULL AND NOT locked
             AND status IN ('running', 'stopped')
         ORDER BY next_backup_at LIMIT 64"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([now], vm)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// When the next backup of a VM on which nothing runs is due, in seconds.
pub fn next_backup(connection: &Connection) -> Result<Option<i64>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT min(next_backup_at) FROM vms
             WHERE next_backup_at IS NOT NULL AND deleted_at IS NULL AND NOT locked
                 AND status IN ('running', 'stopped')",
        )?
        .query_row([], |row| row.get(0))?)
}

/// The account's VMs whose names are this one or below it.
pub fn named_within(
    connection: &Connection,
    account: AccountId,
    name: &str,
) -> Result<Vec<VmRecord>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM vms INDEXED BY vms_by_path
         WHERE account_id = ? AND deleted_at IS NULL AND path >= ? AND path < ?
         ORDER BY created_at, id"
    );
    let path = names::path(name);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![account.0, path, names::end_of(&path)], vm)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The account's VMs of this name, in any case of letters.
pub fn named(
    connection: &Connection,
    account: AccountId,
    name: &str,
) -> Result<Vec<VmRecord>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM vms INDEXED BY vms_by_path
         WHERE account_id = ? AND deleted_at IS NULL AND path = ? ORDER BY created_at, id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![account.0, names::path(name)], vm)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Marks a VM as deleted, and forgets what its owner may have kept secret.
pub fn delete(connection: &Connection, id: &VmId, now: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE vms SET deleted_at = ?, locked = 0, user_data = NULL WHERE id = ?")?
        .execute(params![now, id.as_str()])?;
    Ok(())
}
