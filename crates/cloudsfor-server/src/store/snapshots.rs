//! Snapshots and backups.

use cloudsfor_types::{Gigabytes, SnapshotId, VmId, VmStatus};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;
use super::accounts::AccountId;
use super::operations::unreadable;
use super::window::Position;

/// A snapshot or backup, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotRecord {
    /// Its id.
    pub id: SnapshotId,
    /// Whose it is.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// The VM it was taken of.
    pub vm_id: VmId,
    /// The region it is kept in.
    pub region: String,
    /// The VM's image identifier.
    pub distro: String,
    /// The VM's memory.
    pub memory: Gigabytes,
    /// The VM's processors.
    pub vcpus: u32,
    /// The VM's disk, in GB.
    pub disk: u32,
    /// The space it takes.
    pub size: Gigabytes,
    /// The VM's status when it was taken.
    pub status: VmStatus,
    /// Whether it was made automatically.
    pub is_backup: bool,
    /// When it was taken, in seconds.
    pub created_at: i64,
}

impl SnapshotRecord {
    /// Its place in lists.
    pub fn position(&self) -> Position {
        Position {
            time: self.created_at,
            id: self.id.to_string(),
        }
    }
}

const COLUMNS: &str = "id, account_id, name, vm_id, region, distro, memory, vcpus, disk, \
     size_gigabytes, status, is_backup, created_at";

/// Adds a snapshot.
pub fn insert(connection: &Connection, snapshot: &SnapshotRecord) -> Result<(), StoreError> {
    let sql =
        format!("INSERT INTO snapshots ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    connection.prepare_cached(&sql)?.execute(params![
        snapshot.id.as_str(),
        snapshot.account.0,
        snapshot.name,
        snapshot.vm_id.as_str(),
        snapshot.region,
        snapshot.distro,
        snapshot.memory.get(),
        snapshot.vcpus,
        snapshot.disk,
        snapshot.size.get(),
        snapshot.status.as_str(),
        snapshot.is_backup,
        snapshot.created_at,
    ])?;
    Ok(())
}

/// How many snapshots or backups an account has, and the space that they take, in GB.
pub fn taken(
    connection: &Connection,
    account: AccountId,
    backups: bool,
) -> Result<(u64, f64), StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*), coalesce(sum(size_gigabytes), 0.0) FROM snapshots
             WHERE account_id = ? AND is_backup = ?",
        )?
        .query_row(params![account.0, backups], |row| {
            Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))
        })?)
}

/// The space that all snapshots and backups take, in GB.
pub fn size(connection: &Connection) -> Result<f64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT coalesce(sum(size_gigabytes), 0.0) FROM snapshots")?
        .query_row([], |row| row.get(0))?)
}

/// The account's snapshot or backup with this id.
pub fn get(
    connection: &Connection,
    account: AccountId,
    id: &str,
) -> Result<Option<SnapshotRecord>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM snapshots WHERE id = ? AND account_id = ?");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(params![id, account.0], snapshot)
        .optional()?)
}

/// Removes a snapshot.
pub fn delete(connection: &Connection, id: &SnapshotId) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM snapshots WHERE id = ?")?
        .execute([id.as_str()])?;
    Ok(())
}

/// The account's snapshots, without backups, oldest first.
pub fn of_account(
    connection: &Connection,
    account: AccountId,
) -> Result<Vec<SnapshotRecord>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM snapshots WHERE account_id = ? AND NOT is_backup
         ORDER BY created_at, id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([account.0], snapshot)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The snapshots of a VM, or its backups, oldest first.
pub fn of_vm(
    connection: &Connection,
    vm_id: &VmId,
    backups: bool,
) -> Result<Vec<SnapshotRecord>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM snapshots WHERE vm_id = ? AND is_backup = ? ORDER BY created_at, id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![vm_id.as_str(), backups], snapshot)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The ids of a VM's snapshots and of its backups, oldest first.
pub fn ids_of_vm(
    connection: &Connection,
    vm_id: &VmId,
) -> Result<(Vec<SnapshotId>, Vec<SnapshotId>), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, is_backup FROM snapshots WHERE vm_id = ? ORDER BY created_at, id",
    )?;
    let mut rows = statement.query([vm_id.as_str()])?;
    let (mut snapshots, mut backups) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let list = if row.get(1)? {
            &mut backups
        } else {
            &mut snapshots
        };
        list.push(id(row)?);
    }
    Ok((snapshots, backups))
}

fn id(row: &Row<'_>) -> rusqlite::Result<SnapshotId> {
    let id: String = row.get(0)?;
    SnapshotId::new(id.as_str()).map_err(|_| unreadable(0, &id))
}

fn snapshot(row: &Row<'_>) -> rusqlite::Result<SnapshotRecord> {
    let vm_id: String = row.get(3)?;
    let gigabytes = |column| -> rusqlite::Result<Gigabytes> {
        let number: f64 = row.get(column)?;
        Gigabytes::new(number).ok_or_else(|| unreadable(column, "not a number"))
    };
    Ok(SnapshotRecord {
        id: id(row)?,
        account: AccountId(row.get(1)?),
        name: row.get(2)?,
        vm_id: VmId::new(vm_id.as_str()).map_err(|_| unreadable(3, &vm_id))?,
        region: row.get(4)?,
        distro: row.get(5)?,
        memory: gigabytes(6)?,
        vcpus: row.get(7)?,
        disk: row.get(8)?,
        size: gigabytes(9)?,
        status: VmStatus::from(row.get_ref(10)?.as_str()?),
        is_backup: row.get(11)?,
        created_at: row.get(12)?,
    })
}
