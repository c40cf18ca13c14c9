use cloudsfor_core::{Error, ErrorKind, MockApi, Page};
use cloudsfor_types::Snapshot;
use serde_json::json;

use crate::terminal::fake::Fake;
use crate::testing::{Ended, ID, a_snapshot, a_vm, run};

fn snapshots(snapshots: Vec<Snapshot>, args: &[&str], fake: Fake) -> Ended {
    let mut api = MockApi::new();
    api.expect_list_vm_snapshots()
        .withf(|id, _, _| id.as_str() == ID)
        .once()
        .return_once(|_, _, _| Ok(Page::whole(snapshots)));
    let args: Vec<_> = ["vm", "snapshots", ID]
        .iter()
        .chain(args)
        .copied()
        .collect();
    run(&api, &args, fake)
}

fn two() -> Vec<Snapshot> {
    let bare = json!({"id": "0000000000000000000000000000000a"});
    vec![a_snapshot(json!({})), serde_json::from_value(bare).unwrap()]
}

#[test]
fn snapshots_are_a_table() {
    snapshots(two(), &[], Fake::default()).golden("vm-snapshots/pipe.txt");
    snapshots(two(), &[], Fake::person(80)).golden("vm-snapshots/80-columns.txt");
    snapshots(Vec::new(), &[], Fake::default()).golden("vm-snapshots/empty.txt");
}

#[test]
fn snapshots_are_json_ids_or_names() {
    snapshots(two(), &["-o", "json"], Fake::default()).golden("vm-snapshots/json.txt");
    snapshots(two(), &["-o", "id"], Fake::default()).golden("vm-snapshots/id.txt");
    snapshots(two(), &["-o", "name"], Fake::default()).golden("vm-snapshots/name.txt");
}

#[test]
fn a_vm_is_found_by_its_name() {
    let mut api = MockApi::new();
    api.expect_list_vms()
        .return_once(|_, _, _| Ok(Page::whole(vec![a_vm(json!({}))])));
    api.expect_list_vm_snapshots()
        .withf(|id, _, _| id.as_str() == ID)
        .return_once(|_, _, _| Ok(Page::whole(Vec::new())));
    let ended = run(&api, &["vm", "snapshots", "Example.com"], Fake::default());
    assert_eq!(ended.exit.code(), 0);
}

#[test]
fn an_error_names_the_vm() {
    let mut api = MockApi::new();
    api.expect_list_vm_snapshots()
        .returning(|_, _, _| Err(Error::new(ErrorKind::NotFound, "list_vm_snapshots", "none")));
    run(&api, &["vm", "snapshots", ID], Fake::default()).golden("vm-snapshots/not-found.txt");
}
