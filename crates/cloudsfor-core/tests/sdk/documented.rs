//! The published examples, with the JSON made valid.

use cloudsfor_core::types::{Plan, VmFilter, VmStatus};
use cloudsfor_core::{CallOptions, PageRequest, Vms};

use crate::canned::Canned;
use crate::samples::{ID, VM, id, request};

const RUNNING: &str = r#"{"id":"9a33ef4fec394360a88e3c60b78b5dbc","name":"example.com",
    "memory":1,"vcpus":1,"disk":10,"locked":true,"status":"running",
    "created_at":"2015-01-14T16:36:31Z","features":[],"backup_ids":[],"snapshot_ids":[]}"#;

const STOPPED: &str = r#"{"id":"fcaa52bf0f1d4157a71912e1a70f1bd2","name":"example2.com",
    "memory":2,"vcpus":4,"disk":30,"locked":true,"status":"stopped",
    "created_at":"2015-01-14T16:36:31Z","features":[],"backup_ids":[],"snapshot_ids":[]}"#;

#[tokio::test]
async fn the_list_decodes() {
    let body = format!(r#"{{"vms":[{RUNNING},{STOPPED}],"links":{{}}}}"#);
    let client = Canned::new(200, &body).client();
    let (filter, call) = (VmFilter::default(), CallOptions::default());
    let page = client
        .list_vms(&filter, &PageRequest::Whole, &call)
        .await
        .unwrap();
    let shown: Vec<_> = page
        .items
        .iter()
        .map(|vm| {
            (
                vm.name.as_str(),
                vm.memory.get(),
                vm.vcpus,
                vm.disk,
                &vm.status,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("example.com", 1.0, 1, 10, &VmStatus::Running),
            ("example2.com", 2.0, 4, 30, &VmStatus::Stopped),
        ]
    );
    assert_eq!((page.total, page.next), (None, None));
}

#[tokio::test]
async fn the_creation_decodes() {
    let client = Canned::new(202, VM).client();
    let created = client
        .create_vm(&request(), &CallOptions::default())
        .await
        .unwrap();
    assert_eq!(created.vm.status, VmStatus::New);
    assert_eq!(created.vm.plan, Some(Plan::Fixed));
    assert!(created.vm.locked);
}

#[tokio::test]
async fn a_vm_decodes() {
    let body = format!(r#"{{"vm":{RUNNING},"links":{{}}}}"#);
    let client = Canned::new(200, &body).client();
    let vm = client.get_vm(&id(), &CallOptions::default()).await.unwrap();
    assert_eq!(vm.id.as_str(), ID);
    assert_eq!(vm.created_at.to_string(), "2015-01-14T16:36:31Z");
}

#[tokio::test]
async fn both_shapes_of_a_snapshot_decode() {
    let image = r#"{"id":"a1","name":"daily","distro":"fedora-19","region":"moscow_01"}"#;
    let body = format!(r#"{{"snapshots":[{image},{RUNNING}]}}"#);
    let server = Canned::new(200, &body);
    let snapshots = server
        .client()
        .list_vm_snapshots(&id(), &PageRequest::Whole, &CallOptions::default())
        .await;
    let snapshots = snapshots.unwrap().items;
    assert_eq!(snapshots[0].region.as_ref().unwrap().name, "moscow_01");
    assert_eq!(snapshots[1].status, Some(VmStatus::Running));
    let path = format!("/api/v1/vms/{ID}/snapshots");
    assert_eq!(server.sent().uri().path(), path);
}
