//! Where the driver keeps what, under the data directory.
//!
//! ```text
//! qemu/images/NAME.qcow2, NAME.toml   public images, read-only
//! qemu/snapshots/ID.qcow2             snapshots, each whole by itself
//! qemu/vms/ID/                        a VM's directory, for its owner alone
//! qemu/networks/ID/                   a private network's, in which a VM is
//! ```
//!
//! In a VM's directory, a file `base-N.qcow2` is a hard link to the image or
//! snapshot that its disk stands on: so the file system counts who needs which, and
//! removing an image or a snapshot breaks no VM.

use std::path::{Path, PathBuf};

use cloudsfor_types::{NetworkId, SnapshotId, VmId};

use crate::store::make_private_dir;

/// A VM's disk.
pub(super) const DISK: &str = "disk.qcow2";
/// What the VM reads at its first boot.
pub(super) const SEED: &str = "seed.img";
/// The control socket that the driver uses.
pub(super) const CONTROL: &str = "control.sock";
/// A second one, for people.
pub(super) const DEBUG: &str = "debug.sock";
/// The serial console.
pub(super) const CONSOLE: &str = "console.sock";
/// What was said on it last, and before.
pub(super) const CONSOLE_LOG: &str = "console.log";
pub(super) const OLD_CONSOLE_LOG: &str = "console.log.1";
/// The display, by VNC.
pub(super) const DISPLAY: &str = "display.sock";
/// QEMU's process id, written by QEMU.
pub(super) const PID: &str = "pid";
/// Locked by whoever works on these files.
pub(super) const TURN: &str = "turn";
/// How the VM was started (see `start`).
pub(super) const STARTED: &str = "started.json";
/// What its owner is to know of how it runs (see `life`).
pub(super) const NOTICE: &str = "notice";
/// There while the VM is held, so that the store keeps some room (see `room`).
pub(super) const HELD: &str = "held";
/// The port that leads to the VM's SSH.
pub(super) const SSH_PORT: &str = "ssh_port";

/// Where a private network's switch listens.
pub(super) const SWITCH: &str = "switch.sock";

/// The driver's directory. An id is one segment of a path, by its type.
#[derive(Debug, Clone)]
pub(super) struct Places {
    root: PathBuf,
}

impl Places {
    /// The driver's place in a data directory, which may not be there.
    pub(super) fn at(data_dir: &Path) -> std::io::Result<Self> {
        let root = std::path::absolute(data_dir)?.join("qemu");
        Ok(Self { root })
    }

    /// The driver's place in a data directory, made if need be.
    pub(super) fn new(data_dir: &Path) -> std::io::Result<Self> {
        let places = Self::at(data_dir)?;
        for dir in ["images", "snapshots", "vms", "networks"] {
            make_private_dir(&places.root.join(dir))?;
        }
        Ok(places)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn images(&self) -> PathBuf {
        self.root.join("images")
    }

    /// Where each VM has its directory.
    pub(super) fn vms(&self) -> PathBuf {
        self.root.join("vms")
    }

    pub(super) fn vm(&self, id: &VmId) -> PathBuf {
        self.vms().join(id.as_str())
    }

    /// Where each private network has its directory.
    pub(super) fn networks(&self) -> PathBuf {
        self.root.join("networks")
    }

    pub(super) fn network(&self, id: &NetworkId) -> PathBuf {
        self.networks().join(id.as_str())
    }

    /// Where snapshots are.
    pub(super) fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    pub(super) fn snapshot(&self, id: &SnapshotId) -> PathBuf {
        self.snapshots().join(format!("{id}.qcow2"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directories_are_their_owners() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let places = Places::new(dir.path()).unwrap();
        let mode = std::fs::metadata(places.images()).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o700);
        Places::new(&dir.path().join("long".repeat(50))).unwrap();
    }
}
