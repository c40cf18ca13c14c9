//! Virtual machines.

use std::collections::BTreeMap;

use crate::id::{SnapshotId, VmId};
use crate::lenient::{OneOrMany, Text, Whole};
use crate::network::VmNetworks;
use crate::object::object;
use crate::open_enum::open_enum;
use crate::page::{Links, Meta};
use crate::region::{Region, RegionRef};
use crate::timestamp::Timestamp;
use crate::units::Gigabytes;

open_enum! {
    /// What a VM is doing. Whether an operation runs on it is another matter:
    /// see [`Vm::locked`].
    pub enum VmStatus {
        /// Being created.
        New = "new",
        /// Running.
        Running = "running",
        /// Stopped; its disk is kept.
        Stopped = "stopped",
        /// Its creation failed. It can be deleted or rebuilt.
        Errored = "errored",
    }
}

open_enum! {
    /// The tariff, for accounting.
    pub enum Plan {
        /// Dynamic tariff.
        Dynamic = "PLAN_ID_STD",
        /// Static tariff: the default.
        Fixed = "PLAN_ID_FIX",
    }
}

open_enum! {
    /// What a VM has beside the usual.
    pub enum VmFeature {
        /// Backups are made automatically.
        Backups = "backups",
        /// It has an IPv6 address.
        Ipv6 = "ipv6",
        /// It is in a private network.
        PrivateNetworking = "private_networking",
        /// It is not a real machine but a simulated one.
        Simulated = "simulated",
    }
}

object! {
    /// The image that a VM was made of.
    pub struct VmImage {
        /// The image's internal id.
        optional id: Option<String> as Text;
        /// The identifier that the create request named: `fedora-19`.
        optional distro: Option<String> as Text;
        /// A description for people.
        optional name: Option<String>;
    }
}

object! {
    /// A virtual machine.
    ///
    /// `plan`, `image`, `networks` and `region` are missing from some documented
    /// examples, so they are optional here; the server always sends them.
    pub struct Vm {
        /// 32 lower-case hex digits, in every documented example.
        required id: VmId;
        /// The name, which is also the hostname inside. Not unique.
        required name: String;
        /// The name in its own alphabet, where that differs.
        optional name_unicode: Option<String>;
        /// Memory. May be fractional.
        required memory: Gigabytes;
        /// The number of virtual processors.
        required vcpus: u64 as Whole;
        /// The disk, in GB of 2^30 bytes.
        required disk: u64 as Whole;
        /// Whether an operation runs on it: until it ends, others are refused.
        /// Independent of [`Vm::status`].
        defaulted locked: bool;
        /// What it is doing.
        required status: VmStatus;
        /// The tariff.
        optional plan: Option<Plan>;
        /// When the create request was accepted.
        required created_at: Timestamp;
        /// What it has beside the usual.
        defaulted features: Vec<VmFeature>;
        /// Its automatic backups; each is a valid image.
        defaulted backup_ids: Vec<SnapshotId>;
        /// Its snapshots; each is a valid image.
        defaulted snapshot_ids: Vec<SnapshotId>;
        /// The image it was made of.
        optional image: Option<VmImage>;
        /// Where it runs.
        optional region: Option<Region> as RegionRef;
        /// Its addresses.
        optional networks: Option<VmNetworks>;
        /// The user's own labels.
        optional labels: Option<BTreeMap<String, String>>;
        /// Whether deleting it is refused.
        optional protected: Option<bool>;
        /// The ids of the keys that were put into root's account.
        optional ssh_key_ids: Option<Vec<u64>>;
        /// The SHA-256 of the user data as the VM got them, in lower-case hex; `Some(None)`
        /// if it got none, `None` if the server doesn't tell.
        told user_data_sha256: Option<Option<String>>;
    }
}

object! {
    /// What is odd about an attribute of a request that was accepted.
    pub struct Warning {
        /// The attribute.
        required field: String;
        /// What is odd about it, and what to do.
        required message: String;
    }
}

object! {
    /// The answer that carries one VM: `{"vm":VM,"links":{}}`.
    pub struct VmAnswer {
        /// The VM.
        required vm: Vm;
        /// Always empty.
        defaulted links: Links;
        /// What the service took of a request, though it will hardly do what was meant.
        listed warnings: Vec<Warning> as OneOrMany<Warning>;
    }
}

object! {
    /// The answer to a list of VMs: `{"vms":[VM…],"links":{},"meta":{"total":N}}`.
    ///
    /// The documented example has a lone object where the array belongs; that is
    /// read as a list of one.
    pub struct VmList {
        /// The VMs, by creation time, then id.
        required vms: Vec<Vm> as OneOrMany<Vm>;
        /// The pages around this one.
        defaulted links: Links;
        /// The total over all pages.
        optional meta: Option<Meta>;
    }
}
