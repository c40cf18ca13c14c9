//! Snapshots and backups.

use cloudsfor_types::{Gigabytes, SnapshotId, VmId, VmStatus};
use rusqlite::{Connection, Row};

use super::StoreError;
use super::operations::unreadable;

/// A snapshot, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotRecord {
    /// Its id.
    pub id: SnapshotId,
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
    pub vcpus: u64,
    /// The VM's disk, in GB.
    pub disk: u64,
    /// The space it takes.
    pub size: Gigabytes,
    /// The VM's status when it was taken.
    pub status: VmStatus,
    /// When it was taken, in seconds.
    pub created_at: i64,
}

/// The snapshots of a VM, oldest first; without its backups.
pub fn of_vm(connection: &Connection, vm_id: &VmId) -> Result<Vec<SnapshotRecord>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name, vm_id, region, distro, memory, vcpus, disk, size_gigabytes, status,
                created_at
         FROM snapshots WHERE vm_id = ? AND NOT is_backup ORDER BY created_at, id",
    )?;
    let rows = statement.query_map([vm_id.as_str()], snapshot)?;
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
    let vm_id: String = row.get(2)?;
    let gigabytes = |column| -> rusqlite::Result<Gigabytes> {
        let number: f64 = row.get(column)?;
        Gigabytes::new(number).ok_or_else(|| unreadable(column, "not a number"))
    };
    Ok(SnapshotRecord {
        id: id(row)?,
        name: row.get(1)?,
        vm_id: VmId::new(vm_id.as_str()).map_err(|_| unreadable(2, &vm_id))?,
        region: row.get(3)?,
        distro: row.get(4)?,
        memory: gigabytes(5)?,
        vcpus: row.get::<_, u32>(6)?.into(),
        disk: row.get::<_, u32>(7)?.into(),
        size: gigabytes(8)?,
        status: VmStatus::from(row.get::<_, String>(9)?),
        created_at: row.get(10)?,
    })
}
