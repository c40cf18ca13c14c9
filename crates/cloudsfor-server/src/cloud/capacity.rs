//! Whether real machines fit what the compute driver has.

use cloudsfor_types::Reason;

use super::error::{CloudError, CloudResult};
use super::tx::Tx;
use crate::store::snapshots;
use crate::store::vms::{self, VmRecord};

/// What VMs are to have beside what they have already; less, if negative.
#[derive(Debug, Clone, Copy)]
pub(super) struct More {
    /// Memory, in GB.
    pub(super) memory: f64,
    /// Processors.
    pub(super) vcpus: i64,
    /// Disk, in GB.
    pub(super) disk: i64,
    /// Snapshots and backups, in GB.
    pub(super) snapshots: f64,
}

impl More {
    /// A snapshot of a VM.
    pub(super) fn snapshot_of(tx: &Tx<'_>, vm: &VmRecord) -> Self {
        Self {
            memory: 0.0,
            vcpus: 0,
            disk: 0,
            snapshots: tx.compute().snapshot_size(&vm.id, vm.disk).get(),
        }
    }
}

/// Refuses what doesn't fit beside all VMs that there are.
pub(super) fn check(tx: &Tx<'_>, more: More) -> CloudResult<()> {
    let Some(capacity) = tx.compute().capacity() else {
        return Ok(());
    };
    let (memory, vcpus, disk) = vms::sizes(tx.connection)?;
    let disk = disk as f64 + snapshots::size(tx.connection)?;
    let kinds = [
        ("GB of memory", more.memory, memory, capacity.memory.get()),
        (
            "processors",
            more.vcpus as f64,
            vcpus as f64,
            f64::from(capacity.vcpus),
        ),
        (
            "GB of disk",
            more.disk as f64 + more.snapshots,
            disk,
            capacity.disk.get(),
        ),
    ];
    for (what, more, taken, all) in kinds {
        if more > 0.0 && taken + more > all {
            let left = ((all - taken).max(0.0) * 4.0).floor() / 4.0;
            return Err(CloudError::Refused {
                reason: Reason::Capacity,
                message: format!(
                    "this host has no room for {more} {what} more: of {all:.2}, VMs and their \
                     snapshots have {taken:.2}, and {left} are left. Ask for less, or delete a VM \
                     or a snapshot"
                ),
            });
        }
    }
    Ok(())
}
