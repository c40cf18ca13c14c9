use cloudsfor_core::{Error, ErrorKind, MockApi, Page};
use cloudsfor_types::Vm;
use serde_json::{Value, json};

use crate::terminal::fake::Fake;
use crate::testing::{Ended, ID, OTHER_ID, a_full_vm, a_hostile_vm, a_vm, refused, run};

fn get(vm: Vm, args: &[&str], fake: Fake) -> Ended {
    let mut api = MockApi::new();
    api.expect_get_vm()
        .withf(|id, _| id.as_str() == ID)
        .once()
        .return_once(|_, _| Ok(vm));
    let args: Vec<_> = ["vm", "get", ID].iter().chain(args).copied().collect();
    run(&api, &args, fake)
}

#[test]
fn details_are_aligned() {
    get(a_vm(json!({})), &[], Fake::default()).golden("vm-get/pipe.txt");
    get(a_full_vm(), &[], Fake::person(80)).golden("vm-get/terminal.txt");
    get(a_hostile_vm(), &[], Fake::default()).golden("vm-get/hostile.txt");
}

#[test]
fn what_the_documents_leave_out_is_shown_as_missing() {
    let bare = json!({"id": ID, "name": "example.com", "memory": 1, "vcpus": "1", "disk": "10",
                      "status": "hibernated", "created_at": "2015-01-14T16:36:31+0300"});
    let bare = serde_json::from_value(bare).unwrap();
    get(bare, &[], Fake::person(80)).golden("vm-get/bare.txt");
}

#[test]
fn json_is_the_servers_own_object() {
    get(a_vm(json!({})), &["-o", "json"], Fake::default()).golden("vm-get/json.txt");
    get(a_vm(json!({})), &["-o", "id"], Fake::default()).golden("vm-get/id.txt");
}

fn get_by_name(vms: Vec<Vm>, selector: &str, args: &[&str]) -> Ended {
    let mut api = MockApi::new();
    api.expect_list_vms()
        .withf(|filter, _, _| filter.name.as_deref() == Some("example.com"))
        .return_once(|_, _, _| Ok(Page::whole(vms)));
    let args: Vec<_> = ["vm", "get", selector]
        .iter()
        .chain(args)
        .copied()
        .collect();
    run(&api, &args, Fake::person(120))
}

#[test]
fn a_name_is_looked_up() {
    for selector in ["example.com", "name:example.com"] {
        let ended = get_by_name(vec![a_vm(json!({}))], selector, &["-o", "id"]);
        assert_eq!(ended.screen.out(), format!("{ID}\n"));
    }
}

#[test]
fn an_unknown_name_is_not_found() {
    get_by_name(Vec::new(), "example.com", &[]).golden_but_why("vm-get/not-found.txt");
}

#[test]
fn an_ambiguous_name_is_refused_with_its_candidates() {
    let vms = vec![
        a_vm(json!({})),
        a_vm(
            json!({"id": OTHER_ID, "created_at": "2015-01-17T16:59:00Z", "status": "stopped",
                    "region": "moscow_02"}),
        ),
    ];
    get_by_name(vms.clone(), "example.com", &[]).golden_but_why("vm-get/ambiguous.txt");

    let ended = get_by_name(vms, "example.com", &["-o", "json"]);
    let error: Value = serde_json::from_str(&ended.screen.err()).unwrap();
    assert_eq!(error["error"]["exit_code"], 5);
    assert_eq!(error["error"]["candidates"][1]["id"], OTHER_ID);
}

#[test]
fn an_unknown_id_is_not_found() {
    let mut api = MockApi::new();
    api.expect_get_vm()
        .withf(|id, _| id.as_str() == "7")
        .returning(|_, _| Err(Error::new(ErrorKind::NotFound, "get_vm", "no such VM")));
    let ended = run(&api, &["vm", "get", "id:7"], Fake::default());
    ended.golden("vm-get/unknown-id.txt");
}

#[test]
fn what_selects_nothing_is_a_usage_error() {
    for selector in ["", " ", "id:", "name:", "..", "a/b", "id:../account", "a b"] {
        let message = refused(&["vm", "get", selector]);
        assert!(message.contains("neither a VM's id nor"), "{message}");
    }
}
