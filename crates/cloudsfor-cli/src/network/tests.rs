//! Each verb as its user meets it: what it asks of the API, and its screens.

use cloudsfor_core::{Error, ErrorKind, MockApi, Page};
use cloudsfor_types::Network;
use serde_json::json;

use crate::terminal::fake::Fake;
use crate::testing::{Ended, ID, OTHER_ID, a_vm, cut_off, refused, run};

fn a_network(id: &str) -> Network {
    let network =
        json!({"id": id, "name": "back end", "parent_id": null, "tag": 17, "size": 65536});
    serde_json::from_value(network).unwrap()
}

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "an_operation", "the server says no")
}

fn command(api: &MockApi, args: &[&str]) -> Ended {
    let args: Vec<_> = ["network"].iter().chain(args).copied().collect();
    run(api, &args, Fake::default())
}

#[test]
fn networks_are_listed_and_shown() {
    let list = |networks| {
        let mut api = MockApi::new();
        api.expect_list_networks()
            .return_once(|_, _| Ok(Page::whole(networks)));
        command(&api, &["list"])
    };
    list(vec![a_network(OTHER_ID)]).golden("network-list/pipe.txt");
    list(Vec::new()).golden("network-list/empty.txt");

    let mut api = MockApi::new();
    api.expect_get_network()
        .returning(|id, _| match id.as_str() {
            OTHER_ID => Ok(a_network(OTHER_ID)),
            _ => Err(error(ErrorKind::NotFound)),
        });
    command(&api, &["get", OTHER_ID]).golden("network-get/pipe.txt");
    assert_eq!(command(&api, &["get", "id:7"]).exit.code(), 3);
}

#[test]
fn a_network_is_made() {
    let mut api = MockApi::new();
    api.expect_create_network()
        .withf(|request, _| request.name == "back end")
        .once()
        .return_once(|_, _| Ok(a_network(OTHER_ID)));
    let ended = command(&api, &["create", "back end", "-o", "id"]);
    assert_eq!(ended.screen.out(), format!("{OTHER_ID}\n"));
    command(&api, &["create", ""]).golden("network-create/invalid.txt");
    let ended = run(&cut_off(), &["network", "create", "a"], Fake::default());
    ended.golden_but_why("network-create/unknown.txt");
}

#[test]
fn a_network_with_vms_in_it_is_not_deleted() {
    let mut api = MockApi::new();
    api.expect_get_network()
        .returning(|id, _| Ok(a_network(id.as_str())));
    api.expect_delete_network()
        .returning(|id, _| match id.as_str() {
            ID => Err(error(ErrorKind::Conflict)),
            _ => Ok(()),
        });
    assert_eq!(command(&api, &["delete", OTHER_ID]).exit.code(), 0);
    assert_eq!(command(&api, &["delete", ID]).exit.code(), 5);
    command(&api, &["delete", ID, OTHER_ID]).golden("network-delete/partial.txt");
}

#[test]
fn a_vm_joins_and_leaves() {
    let mut api = MockApi::new();
    api.expect_list_vms()
        .returning(|_, _, _| Ok(Page::whole(vec![a_vm(json!({}))])));
    api.expect_join_network()
        .withf(|id, vm, _| id.as_str() == OTHER_ID && vm.as_str() == ID)
        .return_once(|_, _, _| Ok(a_network(OTHER_ID)));
    api.expect_leave_network()
        .withf(|id, vm, _| id.as_str() == OTHER_ID && vm.as_str() == ID)
        .return_once(|_, _, _| Ok(()));
    let joined = command(&api, &["join", OTHER_ID, "example.com", "-o", "name"]);
    assert_eq!(joined.screen.out(), "back end\n");
    command(&api, &["leave", OTHER_ID, "example.com"]).golden("network-leave/done.txt");
    assert_eq!(command(&api, &["join", OTHER_ID, "other"]).exit.code(), 3);
}

#[test]
fn errors_name_the_vm_and_the_network() {
    let mut api = MockApi::new();
    api.expect_join_network()
        .returning(|_, _, _| Err(error(ErrorKind::Locked)));
    api.expect_leave_network()
        .returning(|_, _, _| Err(error(ErrorKind::NotFound)));
    command(&api, &["join", OTHER_ID, ID]).golden("network-join/locked.txt");
    command(&api, &["leave", OTHER_ID, ID]).golden("network-leave/not-found.txt");
    for args in [
        &["network", "join", ID][..],
        &["network", "delete"],
        &["network", "get", ""],
        &["network", "create"],
    ] {
        assert!(refused(args).starts_with("error:"));
    }
}
