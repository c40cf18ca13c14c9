//! What the other side says, and what is asked of it.

use cloudsfor_core::types::{CreateVm, VmId, VmSpec};

pub(crate) const ID: &str = "9a33ef4fec394360a88e3c60b78b5dbc";

/// The documented VM, as an answer.
pub(crate) const VM: &str = r#"{"vm":{"id":"9a33ef4fec394360a88e3c60b78b5dbc","name":"example.com",
    "memory":1,"vcpus":1,"disk":10,"locked":true,"status":"new","plan":"PLAN_ID_FIX",
    "created_at":"2015-01-14T16:36:31Z","features":[],"backup_ids":[],"snapshot_ids":[]},
    "links":{}}"#;

pub(crate) fn id() -> VmId {
    ID.parse().unwrap()
}

/// The documented create request.
pub(crate) fn request() -> CreateVm {
    CreateVm::new(VmSpec {
        name: "example.com".into(),
        region: "moscow_01".into(),
        image: "fedora-19".into(),
        size: 1.into(),
        cpu: 1,
        disk_size: 10,
    })
}
