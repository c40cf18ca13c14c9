//! Compute: what makes machines, as a port with interchangeable drivers.
//!
//! The store says what should be; a driver makes it so. Its verbs are
//! idempotent: they are called again after a crash, by another process, or when
//! the answer to an earlier call was lost, and then only finish what is missing.
//! A verb returns soon; what takes longer answers [`Step::Later`] and is called
//! again.

mod simulator;

use async_trait::async_trait;
use cloudsfor_types::{Gigabytes, SnapshotId, VmFeature, VmId};
use jiff::Timestamp;

pub use simulator::Simulator;

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
    /// When the change that is to be made was asked for.
    pub requested_at: Timestamp,
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

    /// Makes the machine and starts it.
    async fn ensure(&self, machine: &Machine) -> ComputeResult;

    /// Switches it.
    async fn power(&self, machine: &Machine, power: Power) -> ComputeResult;

    /// Gives it the sizes that `machine` says.
    async fn resize(&self, machine: &Machine) -> ComputeResult;

    /// Takes a snapshot of its disk, and says what space that takes.
    async fn snapshot(&self, machine: &Machine, id: &SnapshotId) -> ComputeResult<Gigabytes>;

    /// Puts its disk back to a snapshot.
    async fn restore(&self, machine: &Machine, id: &SnapshotId) -> ComputeResult;

    /// Makes its disk anew from the image that `machine` says, and starts it if
    /// it is to run.
    async fn rebuild(&self, machine: &Machine, run: bool) -> ComputeResult;

    /// Gives it the hostname that `machine` says.
    async fn rename(&self, machine: &Machine) -> ComputeResult;

    /// Removes the machine and all it has but its snapshots.
    async fn destroy(&self, id: &VmId) -> ComputeResult;
}
