//! VMs that wait for room on the host's disk.
//!
//! Some of the disk is kept for the store, without which the whole service stops. When there
//! is no more than that, the guests whose disks grow are held; the others go on. And where
//! there is no room at all, QEMU holds a guest that writes, rather than tell it of an error,
//! after which its file system would be of no use. All of them go on once there is room.

use std::path::Path;
use std::sync::atomic::Ordering;

use cloudsfor_types::VmId;

use super::control::Control;
use super::disks::{self, fault};
use super::machine::remove_file;
use super::places::{DISK, HELD};
use super::{Qemu, host, process};
use crate::compute::ComputeError;

impl Qemu {
    /// Holds guests that take what is kept for the store, and has those go on that were held
    /// for want of room, once there is some.
    pub(super) async fn release_held(&self) -> Result<(), ComputeError> {
        let room = host::room_for_images(self.places.root())
            .map_err(|error| fault("the free disk space can't be told", &error))?;
        if room == 0 {
            if !self.may_be_held.swap(true, Ordering::Relaxed) {
                tracing::error!(
                    "the disk is full but for what the store keeps: VMs that write wait for room"
                );
            }
            return self.hold_growing().await;
        }
        self.sizes.lock().clear();
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

    /// Holds the guests whose disks have grown since the last look.
    async fn hold_growing(&self) -> Result<(), ComputeError> {
        let mut result = Ok(());
        for id in self.all_machines() {
            let dir = self.places.vm(&id);
            let Ok(size) = disks::space(&dir.join(DISK)) else {
                continue;
            };
            let before = self.sizes.lock().insert(id.clone(), size);
            let grows = before.is_some_and(|before| size > before);
            if grows && process::runs(&dir, id.as_str()) {
                // One that doesn't answer holds up no other.
                result = hold(&dir).await.and(result);
            }
        }
        result
    }

    async fn release_all(&self) -> Result<(), ComputeError> {
        let mut result = Ok(());
        for id in self.all_machines() {
            let dir = self.places.vm(&id);
            if process::runs(&dir, id.as_str()) {
                result = release(&dir).await.and(result);
            }
        }
        result
    }
}

async fn hold(dir: &Path) -> Result<(), ComputeError> {
    std::fs::write(dir.join(HELD), "")
        .map_err(|error| fault("that a VM is held can't be written down", &error))?;
    Control::connect(dir).await?.hold().await
}

async fn release(dir: &Path) -> Result<(), ComputeError> {
    let is_held = dir.join(HELD).exists();
    Control::connect(dir).await?.release(is_held).await?;
    remove_file(&dir.join(HELD))
}
