//! Compute: what makes machines, as a port with interchangeable drivers.
//!
//! The store says what should be; a driver makes it so. Its verbs are
//! idempotent: they are called again after a crash, by another process, or when
//! the answer to an earlier call was lost, and then only finish what is missing.
//! A verb returns soon; what takes longer answers [`Step::Later`] and is called
//! again.

#[cfg(all(feature = "qemu", target_os = "linux"))]
pub mod qemu;
mod simulator;

use std::net::Ipv4Addr;
use std::time::Duration;

use async_trait::async_trait;
use cloudsfor_types::{Gigabytes, NetworkId, SnapshotId, UserData, VmFeature, VmId};
use jiff::Timestamp;

pub use simulator::Simulator;

use crate::bridge::Bridge;

/// A machine as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// The VM it is for.
    pub id: VmId,
    /// Its hostname.
    pub name: String,
    /// The identifier of its image, or a snapshot's id.
    pub image: String,
    /// Memory.
    pub memory: Gigabytes,
    /// Processors.
    pub vcpus: u32,
    /// Disk, in GB of 2^30 bytes.
    pub disk: u32,
    /// Whether it is to run once the change is made.
    pub run: bool,
    /// Where it is to be reached.
    pub address: Ipv4Addr,
    /// The bridge that it has this address on, if it is on one.
    pub bridge: Option<Bridge>,
    /// The public keys in root's account.
    pub ssh_keys: Vec<String>,
    /// Data for its first boot.
    pub user_data: Option<UserData>,
    /// The private networks that it is in.
    pub networks: Vec<PrivateNetwork>,
    /// When the change that is to be made was asked for.
    pub requested_at: Timestamp,
}

/// A private network that a machine is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateNetwork {
    /// Which one.
    pub id: NetworkId,
    /// The machine's address there.
    pub address: Ipv4Addr,
    /// How many bits of it are the network's.
    pub prefix: u8,
    /// The network's own address, which leads nowhere.
    pub gateway: Ipv4Addr,
    /// The names and addresses of the other machines in it.
    pub others: Vec<(String, Ipv4Addr)>,
}

/// A public image that machines can be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicImage {
    /// Its identifier.
    pub name: String,
    /// For people.
    pub description: String,
    /// The least disk that it needs, in GB.
    pub min_disk: u32,
}

/// What all machines together may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capacity {
    /// Memory.
    pub memory: Gigabytes,
    /// Processors.
    pub vcpus: u32,
    /// Disk.
    pub disk: Gigabytes,
}

/// How an operator has real guests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccelerationChoice {
    /// By the host's processor (KVM) where guests really run so, else emulated.
    #[default]
    Auto,
    /// By the host's processor, whatever was found.
    Kvm,
    /// Emulated (TCG).
    Tcg,
}

impl AccelerationChoice {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Kvm, Self::Tcg];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }

    /// The choice with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }
}

/// What an operator decides of real machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RealOptions {
    /// How guests run.
    pub acceleration: AccelerationChoice,
    /// How long a machine under KVM may show no sign of life until it is restarted
    /// emulated.
    pub patience: Duration,
}

impl Default for RealOptions {
    fn default() -> Self {
        Self {
            acceleration: AccelerationChoice::default(),
            patience: Duration::from_secs(60),
        }
    }
}

/// What a machine really is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Whether it runs.
    pub runs: bool,
    /// The port at its address that leads to its SSH.
    pub ssh_port: Option<u16>,
    /// What its owner is to know of how it runs.
    pub notice: Option<String>,
}

/// What a machine's power switch can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// Start it.
    On,
    /// Stop it at once.
    Off,
    /// Ask it to stop.
    Shutdown,
    /// Ask it to restart.
    Reboot,
    /// Stop it at once and start it.
    Cycle,
}

/// How far a verb got.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step<T = ()> {
    /// All is done.
    Done(T),
    /// Nothing is wrong; call again at this time.
    Later(Timestamp),
}

/// Why a verb failed for good. Shown to the VM's owner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ComputeError(pub String);

/// A result of a verb.
pub type ComputeResult<T = ()> = Result<Step<T>, ComputeError>;

/// A driver.
#[async_trait]
pub trait Compute: Send + Sync {
    /// What its machines have beside the usual: shown with every VM.
    fn features(&self) -> Vec<VmFeature>;

    /// Whether its machines are something that is outside the store: that can
    /// change by itself, and must be removed.
    fn is_real(&self) -> bool;

    /// The bridge that new machines are on; `None` if they have addresses that the driver
    /// makes itself.
    fn bridge(&self) -> Option<&Bridge> {
        None
    }

    /// The public images that there are, in the order in which they are shown.
    fn images(&self) -> Vec<PublicImage>;

    /// The public image with this identifier.
    fn image(&self, name: &str) -> Option<PublicImage> {
        self.images().into_iter().find(|image| image.name == name)
    }

    /// How an image can be had that isn't there, if it can.
    fn how_to_get(&self, image: &str) -> Option<String>;

    /// What all machines together may have; `None` if there is no limit.
    fn capacity(&self) -> Option<Capacity>;

    /// What the machine of this VM really is; `None` if it is whatever the store
    /// says. Doesn't disturb a verb that is at it.
    fn observe(&self, id: &VmId) -> Option<Observed>;

    /// Makes the machine and starts it.
    async fn ensure(&self, machine: &Machine) -> ComputeResult;

    /// Switches it.
    async fn power(&self, machine: &Machine, power: Power) -> ComputeResult;

    /// Gives it the sizes that `machine` says.
    async fn resize(&self, machine: &Machine) -> ComputeResult;

    /// Takes a snapshot of its disk, and says what space that takes.
    async fn snapshot(&self, machine: &Machine, id: &SnapshotId) -> ComputeResult<Gigabytes>;

    /// What space a snapshot of a VM with a disk of so many GB may take, as far as that is
    /// known before.
    fn snapshot_size(&self, _id: &VmId, disk: u32) -> Gigabytes {
        disk.into()
    }

    /// Puts its disk back to a snapshot.
    async fn restore(&self, machine: &Machine, id: &SnapshotId) -> ComputeResult;

    /// Makes its disk anew from the image that `machine` says.
    async fn rebuild(&self, machine: &Machine) -> ComputeResult;

    /// Gives it the hostname that `machine` says.
    async fn rename(&self, machine: &Machine) -> ComputeResult;

    /// Has it be in the private networks that `machine` says, and in no other: at once,
    /// if it runs.
    async fn connect(&self, machine: &Machine) -> ComputeResult;

    /// Keeps up what machines share. Called now and then.
    ///
    /// # Errors
    /// If it can't be had now.
    async fn tend(&self) -> Result<(), ComputeError>;

    /// Removes the machine and all it has but its snapshots.
    async fn destroy(&self, id: &VmId) -> ComputeResult;

    /// Removes a snapshot. Machines made from it are not affected.
    async fn remove_snapshot(&self, id: &SnapshotId) -> ComputeResult;
}
