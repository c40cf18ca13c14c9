//! Models and wire rules of the CloudsFor API: everything that client and
//! server say to each other, and nothing that does I/O.
//!
//! ```
//! use cloudsfor_types::{VmList, VmStatus};
//!
//! // Answers are read leniently: numbers may be strings, a lone object may stand
//! // for a list, unknown statuses and attributes are kept.
//! let list: VmList = serde_json::from_str(
//!     r#"{"vms":{"id":"9a33ef4fec394360a88e3c60b78b5dbc","name":"example.com",
//!         "memory":0.5,"vcpus":"1","disk":"10","locked":true,"status":"hibernated",
//!         "created_at":"2015-01-14T16:36:31Z","rack":7},"links":{}}"#,
//! )?;
//! let vm = &list.vms[0];
//! assert_eq!((vm.memory.get(), vm.vcpus), (0.5, 1));
//! assert_eq!(vm.status, VmStatus::Unknown("hibernated".into()));
//! assert_eq!(vm.extra["rack"], 7);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! Requests are built so that a missing required attribute does not compile
//! ([`CreateVm`], [`VmSpec`]), and are read strictly ([`request`]): every fault
//! at once, with its attribute.
//!
//! # Units
//! A GB is 2^30 bytes, of memory and of disk.
//!
//! # What may change in a minor version
//! New attributes become fields (until then they are in `extra`), and values of
//! the open enums become variants (until then they are `Unknown`). So: match on
//! enums with a wildcard, and build answers from JSON, not by literals.

pub mod account;
pub mod action;
pub mod create_vm;
pub mod distro;
pub mod domain;
pub mod error;
pub mod event;
pub mod id;
pub mod json;
pub mod key;
mod lenient;
pub mod names;
pub mod network;
mod object;
mod open_enum;
pub mod operations;
pub mod page;
pub mod private_network;
pub mod public_key;
mod quoted;
pub mod record;
pub mod region;
pub mod request;
pub mod rules;
pub mod selector;
pub mod snapshot;
pub mod timestamp;
pub mod units;
pub mod update_vm;
pub mod user_data;
pub mod vm;
pub mod vm_filter;

pub use account::{Account, AccountAnswer, AccountLimits};
pub use action::{Action, ActionAnswer, ActionList, ActionStatus, ActionType, VmAction};
pub use create_vm::{CreateVm, VmSpec};
pub use distro::{Distro, DistroList, ImageType};
pub use domain::{CreateDomain, Domain, DomainAnswer, DomainList};
pub use error::{ErrorBody, ErrorId, FieldFault, Reason};
pub use event::{Event, EventCursor};
pub use id::{ActionId, NetworkId, SnapshotId, VmId};
pub use json::{Extra, Json, JsonNumber};
pub use key::{CreateKey, SshKey, SshKeyAnswer, SshKeyList, UpdateKey};
pub use network::{Address, AddressType, VmNetworks};
pub use page::{Links, Meta, PageLinks};
pub use private_network::{CreateNetwork, JoinNetwork, Network, NetworkAnswer, NetworkList};
pub use record::{DomainRecord, DomainRecordAnswer, DomainRecordList, RecordSpec, RecordType};
pub use region::{Coordinates, Region, RegionList};
pub use selector::{InvalidSelector, VmSelector};
pub use snapshot::{BackupList, Snapshot, SnapshotAnswer, SnapshotList};
pub use timestamp::Timestamp;
pub use units::Gigabytes;
pub use update_vm::UpdateVm;
pub use user_data::UserData;
pub use vm::{Plan, Vm, VmAnswer, VmFeature, VmImage, VmList, VmStatus, Warning};
pub use vm_filter::VmFilter;
