//! Compute: what makes machines, as a port with interchangeable drivers.
//!
//! The store says what should be; a driver makes it so. Its verbs are
//! idempotent: they are called again after a crash, by another process, or when
//! the answer to an earlier call was lost, and then only finish what is missing.
//! A verb returns soon; what takes longer answers [`Step::Later`] and is called
//! again.

mod simulator;

use async_trait::async_trait;
use cloudsfor_types::{Gigabytes, VmFeature, VmId};
use jiff::Timestamp;

pub use simulator::Simulator;

/// A machine as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// The VM it is for.
    pub id: VmId,
    /// Its hostname.
    pub name: String,
    /// The identifier of its image.
    pub image: String,
    /// Memory.
    pub memory: Gigabytes,
    /// Processors.
    pub vcpus: u32,
    /// Disk, in GB of 2^30 bytes.
    pub disk: u32,
    /// When it was asked for.
    pub requested_at: Timestamp,
}

/// How far a verb got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// All is done.
    Done,
    /// Nothing is wrong; call again at this time.
    Later(Timestamp),
}

/// Why a verb failed for good. Shown to the VM's owner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ComputeError(pub String);

/// A driver.
#[async_trait]
pub trait Compute: Send + Sync {
    /// What its machines have beside the usual: shown with every VM.
    fn features(&self) -> Vec<VmFeature>;

    /// Makes the machine and starts it, as far as that isn't done already.
    async fn ensure(&self, machine: &Machine) -> Result<Step, ComputeError>;

    /// Removes the machine and all it has, as far as that isn't done already.
    async fn destroy(&self, id: &VmId) -> Result<Step, ComputeError>;
}
