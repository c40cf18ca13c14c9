//! Snapshots of VMs.

use crate::id::{SnapshotId, VmId};
use crate::lenient::{OneOrMany, Text, Whole};
use crate::network::VmNetworks;
use crate::object::object;
use crate::page::{Links, Meta};
use crate::region::{Region, RegionRef};
use crate::timestamp::Timestamp;
use crate::units::Gigabytes;
use crate::vm::{VmFeature, VmStatus};

object! {
    /// A snapshot of a VM's disk: its id is a valid `image` for a new VM, and
    /// it outlives its VM.
    ///
    /// The documents say that it "contains the standard image attributes", but
    /// their table repeats the VM's. Both shapes decode; the server emits the
    /// union.
    pub struct Snapshot {
        /// The snapshot's id.
        required id: SnapshotId;
        /// The name given to it.
        optional name: Option<String>;
        /// The VM it was taken of, which may be gone.
        optional vm_id: Option<VmId>;
        /// When it was taken.
        optional created_at: Option<Timestamp>;
        /// The identifier of the image that the VM was made of.
        optional distro: Option<String> as Text;
        /// Where it is kept.
        optional region: Option<Region> as RegionRef;
        /// How much space it takes.
        optional size_gigabytes: Option<Gigabytes>;
        /// The VM's memory when it was taken.
        optional memory: Option<Gigabytes>;
        /// The VM's number of virtual processors when it was taken.
        optional vcpus: Option<u64> as Whole;
        /// The VM's disk, in GB of 2^30 bytes: the least that a VM made from it
        /// can have.
        optional disk: Option<u64> as Whole;
        /// Whether an operation runs on it.
        defaulted locked: bool;
        /// The VM's status when it was taken.
        optional status: Option<VmStatus>;
        /// Always empty; repeated from the VM's table.
        defaulted backup_ids: Vec<SnapshotId>;
        /// Always empty; repeated from the VM's table.
        defaulted snapshot_ids: Vec<SnapshotId>;
        /// Always empty; repeated from the VM's table.
        defaulted features: Vec<VmFeature>;
        /// Always empty; repeated from the VM's table.
        optional networks: Option<VmNetworks>;
    }
}

object! {
    /// The answer to a list of snapshots: `{"snapshots":[…]}`.
    pub struct SnapshotList {
        /// The snapshots, oldest first.
        required snapshots: Vec<Snapshot> as OneOrMany<Snapshot>;
        /// The pages around this one; the documented answer has none.
        optional links: Option<Links>;
        /// The total, where the server says it.
        optional meta: Option<Meta>;
    }
}

object! {
    /// The answer to a list of a VM's backups: `{"backups":[…]}`, in the
    /// snapshot's shape.
    pub struct BackupList {
        /// The backups, oldest first.
        required backups: Vec<Snapshot> as OneOrMany<Snapshot>;
        /// The pages around this one.
        optional links: Option<Links>;
        /// The total, where the server says it.
        optional meta: Option<Meta>;
    }
}

object! {
    /// The answer that carries one snapshot: `{"snapshot":Snapshot}`.
    pub struct SnapshotAnswer {
        /// The snapshot.
        required snapshot: Snapshot;
    }
}
