//! VMs that wait for room on the host's disk.
//!
//! QEMU holds a guest that writes when there is no room, rather than tell it of an
//! error, after which its file system would be of no use. It is told to go on once
//! there is room.

use std::sync::atomic::Ordering;

use cloudsfor_types::VmId;

use super::control::Control;
use super::disks::fault;
use super::{Qemu, host, process};
use crate::compute::ComputeError;

/// With less free disk than this, guests that were held would be held again.
const ROOM: u64 = 64 << 20;

impl Qemu {
    /// Has guests go on that were held for want of room, once there is some.
    pub(super) async fn release_held(&self) -> Result<(), ComputeError> {
        let free = host::free_disk(self.places.root())
            .map_err(|error| fault("the free disk space can't be told", &error))?;
        if free < ROOM {
            if !self.may_be_held.swap(true, Ordering::Relaxed) {
                tracing::error!(free, "the disk is full: VMs that write wait for room");
            }
            return Ok(());
        }
        if !self.may_be_held.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let released = self.release_all().await;
        if released.is_err() {
            self.may_be_held.store(true, Ordering::Relaxed);
        }
        released
    }

    /// The VMs that have a directory here.
    pub(super) fn all_machines(&self) -> Vec<VmId> {
        let dirs = std::fs::read_dir(self.places.vms());
        let dirs = dirs.into_iter().flatten().flatten();
        dirs.filter_map(|dir| VmId::new(dir.file_name().to_str()?).ok())
            .collect()
    }

    async fn release_all(&self) -> Result<(), ComputeError> {
        let mut result = Ok(());
        for id in self.all_machines() {
            let dir = self.places.vm(&id);
            if process::runs(&dir, id.as_str()) {
                let released = async { Control::connect(&dir).await?.release().await };
                // One that doesn't answer holds up no other.
                result = released.await.and(result);
            }
        }
        result
    }
}
