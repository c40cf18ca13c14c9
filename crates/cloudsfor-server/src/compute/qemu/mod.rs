//! Real machines on this host, by QEMU.
//!
//! Each machine is a QEMU process of its own, which runs on when the server ends:
//! it is detached, and found again by what it left in the VM's directory (see
//! `places`). Nothing is remembered here but where that is. Each verb looks what
//! there is, and does what is missing; files come into being under another name and
//! are then renamed, so that a verb may be stopped at any point.
//!
//! A VM's public interface is QEMU's own network, with a port of this host that leads
//! to its SSH, or on a bridge of the operator's (see `tap`).
//!
//! VMs of a private network reach each other by a small switch, which is a process of
//! its own as well (see `switch`).
//!
//! What users choose freely never reaches QEMU's arguments (see `arguments`), and
//! QEMU runs in its sandbox, with sockets only in the VM's directory.
//!
//! ```
//! use cloudsfor_server::compute::Compute;
//! use cloudsfor_server::compute::qemu::Qemu;
//!
//! let dir = tempfile::tempdir()?;
//! let compute = Qemu::new(dir.path())?;
//! assert!(compute.is_real());
//! // Nothing is installed yet.
//! assert!(compute.images().is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```

mod acceleration;
mod arguments;
mod checksum;
mod console;
mod console_log;
mod control;
mod disks;
mod doctor;
mod host;
mod image_file;
mod images;
mod index;
mod life;
mod machine;
mod networks;
mod places;
mod process;
mod programs;
mod room;
mod seed;
mod sockets;
mod start;
mod switch;
mod tap;
mod turn;
mod uplink;
mod version;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use cloudsfor_types::{Gigabytes, SnapshotId, VmFeature, VmId};

use parking_lot::Mutex;

pub use acceleration::Acceleration;
pub use checksum::checksum_like;
pub use console::{Console, ConsoleError};
pub use doctor::{Finding, Health, examine};
pub use images::{ImageError, Images, InstalledImage};
pub use index::{Entry, Index, IndexError, listed_checksum};
use places::Places;
pub use switch::run_switch;
pub use uplink::run_uplink;

use crate::bridge::Bridge;

use super::{
    Capacity, Compute, ComputeError, ComputeResult, Machine, Observed, Power, PublicImage,
    RealOptions, Step,
};

/// The emulator's program.
const SYSTEM: &str = "qemu-system-x86_64";

/// The driver of machines by QEMU.
#[derive(Debug, Clone)]
pub struct Qemu {
    places: Places,
    images: Images,
    index: Index,
    /// The bridge that new machines are on.
    bridge: Option<Bridge>,
    options: RealOptions,
    /// Whether guests may be held for want of room on the disk.
    may_be_held: Arc<AtomicBool>,
    /// The space that disks took when there was too little, in bytes.
    sizes: Arc<Mutex<HashMap<VmId, u64>>>,
}

impl Qemu {
    /// The machines of a data directory. No program is run yet. The switches of private
    /// networks and the ways out of VMs are run by this very program, which must run
    /// [`run_switch`] when its arguments are `serve switch NETWORK ADDRESS`, and
    /// [`run_uplink`] when they are `serve uplink`.
    ///
    /// # Errors
    /// If the driver's directories can't be made there, or the operator's index of images
    /// or bridge can't be used.
    pub fn new(data_dir: &Path) -> std::io::Result<Self> {
        let places = Places::new(data_dir)?;
        Ok(Self {
            images: Images::at(&places),
            index: Index::of(data_dir).map_err(std::io::Error::other)?,
            bridge: Bridge::of(data_dir).map_err(std::io::Error::other)?,
            places,
            options: RealOptions::default(),
            // By a disk that was full before.
            may_be_held: Arc::new(AtomicBool::new(true)),
            sizes: Arc::default(),
        })
    }

    /// The same, run as the operator chooses.
    #[must_use]
    pub fn with_options(self, options: RealOptions) -> Self {
        Self { options, ..self }
    }

    /// The file of a machine's image: a public image, or a snapshot.
    fn image_file(&self, image: &str) -> Result<PathBuf, ComputeError> {
        if let Some(file) = self.images.disk(image).filter(|file| file.exists()) {
            return Ok(file);
        }
        let snapshot = SnapshotId::new(image).map(|id| self.places.snapshot(&id));
        let snapshot = snapshot.ok().filter(|file| file.exists());
        snapshot.ok_or_else(|| {
            ComputeError(match self.how_to_get(image) {
                Some(how) => format!("the image {image:?} is not here: {how}"),
                None => format!("the image {image:?} is not here any more"),
            })
        })
    }
}

#[async_trait]
impl Compute for Qemu {
    fn features(&self) -> Vec<VmFeature> {
        Vec::new()
    }

    fn is_real(&self) -> bool {
        true
    }

    fn bridge(&self) -> Option<&Bridge> {
        self.bridge.as_ref()
    }

    fn images(&self) -> Vec<PublicImage> {
        self.images.list().into_iter().map(Into::into).collect()
    }

    fn image(&self, name: &str) -> Option<PublicImage> {
        self.images.get(name).map(Into::into)
    }

    fn how_to_get(&self, image: &str) -> Option<String> {
        self.index.get(image).map(|entry| {
            format!(
                "whoever runs this cloud can install it with `cloudsfor serve image pull {}`",
                entry.name
            )
        })
    }

    fn capacity(&self) -> Option<Capacity> {
        host::capacity(&self.places)
    }

    fn observe(&self, id: &VmId) -> Option<Observed> {
        let dir = self.places.vm(id);
        Some(Observed {
            runs: process::runs(&dir, id.as_str()),
            ssh_port: start::ssh_port(&dir),
            notice: std::fs::read_to_string(dir.join(places::NOTICE)).ok(),
        })
    }

    async fn ensure(&self, machine: &Machine) -> ComputeResult {
        self.make(machine).await?;
        self.start(machine).await?;
        Ok(Step::Done(()))
    }

    async fn power(&self, machine: &Machine, power: Power) -> ComputeResult {
        match power {
            Power::On => self.start(machine).await?,
            Power::Off => self.switch_off(&machine.id).await?,
            Power::Shutdown => self.shut_down(machine).await?,
            Power::Reboot => {
                if !self.was_started_for(machine) {
                    self.shut_down(machine).await?;
                }
                self.start(machine).await?;
            }
            Power::Cycle => {
                if !self.was_started_for(machine) {
                    self.switch_off(&machine.id).await?;
                }
                self.start(machine).await?;
            }
        }
        Ok(Step::Done(()))
    }

    async fn resize(&self, machine: &Machine) -> ComputeResult {
        // Memory and processors are given at the next start.
        self.grow_disk(machine).await?;
        Ok(Step::Done(()))
    }

    fn snapshot_size(&self, id: &VmId, disk: u32) -> Gigabytes {
        let size = disks::space_with_base(&self.places.vm(id));
        size.ok()
            .and_then(host::gigabytes)
            .unwrap_or_else(|| disk.into())
    }

    async fn snapshot(&self, machine: &Machine, id: &SnapshotId) -> ComputeResult<Gigabytes> {
        self.take_snapshot(machine, id).await.map(Step::Done)
    }

    async fn restore(&self, machine: &Machine, id: &SnapshotId) -> ComputeResult {
        self.renew_disk(machine, id.as_str()).await?;
        Ok(Step::Done(()))
    }

    async fn rebuild(&self, machine: &Machine) -> ComputeResult {
        self.renew_disk(machine, &machine.image).await?;
        Ok(Step::Done(()))
    }

    async fn rename(&self, machine: &Machine) -> ComputeResult {
        // It is read at the next boot.
        self.write_seed(machine)?;
        self.enter_networks(machine).await?;
        Ok(Step::Done(()))
    }

    async fn connect(&self, machine: &Machine) -> ComputeResult {
        self.connect_networks(machine).await?;
        Ok(Step::Done(()))
    }

    async fn tend(&self) -> Result<(), ComputeError> {
        let networks = self.tend_networks().await;
        let machines = self.tend_machines().await;
        self.release_held().await.and(networks).and(machines)
    }

    async fn destroy(&self, id: &VmId) -> ComputeResult {
        self.end(id).await?;
        self.leave_networks(id, &self.networks_of(id)).await?;
        self.remove(id)?;
        Ok(Step::Done(()))
    }

    async fn remove_snapshot(&self, id: &SnapshotId) -> ComputeResult {
        machine::remove_file(&self.places.snapshot(id))?;
        Ok(Step::Done(()))
    }
}
