//! What this host has for machines.

use std::path::Path;

use cloudsfor_types::Gigabytes;

use super::disks::GB;
use super::places::Places;
use crate::compute::Capacity;

/// Virtual processors for each of the host's: guests are idle most of the time.
const VCPUS_PER_CPU: u32 = 8;

/// Memory that the host keeps for itself, in bytes.
const RESERVED_MEMORY: u64 = GB / 2;

/// What all machines together may have. Disks are thin: they and snapshots may have what is
/// free, but for what the store keeps, and what they take already.
pub(super) fn capacity(places: &Places) -> Option<Capacity> {
    let memory = memory().saturating_sub(RESERVED_MEMORY);
    let disk = room_for_images(places.root()).ok()? + taken(places);
    Some(Capacity {
        memory: gigabytes(memory)?,
        vcpus: cpus().saturating_mul(VCPUS_PER_CPU),
        disk: gigabytes(disk)?,
    })
}

/// The host's memory in bytes.
pub(super) fn memory() -> u64 {
    let system = rustix::system::sysinfo();
    let total = system.totalram as u64;
    total.saturating_mul(u64::from(system.mem_unit))
}

/// The host's processors.
pub(super) fn cpus() -> u32 {
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(cpus).unwrap_or(u32::MAX)
}

/// The space left on the disk of this directory, in bytes.
pub(super) fn free_disk(dir: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(dir)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// What is kept free for the store, in bytes: without room, it takes no changes, and a
/// whole service stops for one guest's disk.
const RESERVED_DISK: u64 = GB;

/// The same on a small disk: this part of it at most.
const RESERVED_PART: u64 = 20;

/// The space on the disk of this directory that is left for disks, snapshots and images, in
/// bytes.
pub(super) fn room_for_images(dir: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(dir)?;
    let all = disk.f_blocks.saturating_mul(disk.f_frsize);
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    Ok(free.saturating_sub(RESERVED_DISK.min(all / RESERVED_PART)))
}

/// The space that VMs' disks and snapshots take already, in bytes. What disks stand on is
/// counted where it is kept.
fn taken(places: &Places) -> u64 {
    let files = |dir: &Path| std::fs::read_dir(dir).into_iter().flatten().flatten();
    let disks = files(&places.vms()).map(|dir| dir.path().join(super::places::DISK));
    let snapshots = files(&places.snapshots()).map(|file| file.path());
    disks
        .chain(snapshots)
        .filter_map(|disk| super::disks::space(&disk).ok())
        .sum()
}

/// A number of bytes in GB.
pub(super) fn gigabytes(bytes: u64) -> Option<Gigabytes> {
    Gigabytes::new(bytes as f64 / GB as f64)
}
