use cloudsfor_core::{Error, ErrorKind, MockApi, Page, PageRequest};
use cloudsfor_types::{FieldFault, Vm, VmFilter, VmStatus};
use serde_json::{Value, json};

use crate::terminal::fake::Fake;
use crate::testing::{Ended, a_full_vm, a_hostile_vm, a_vm, offer_region, refused, run};

fn list(vms: Vec<Vm>, args: &[&str], fake: Fake) -> Ended {
    let mut api = MockApi::new();
    offer_region(&mut api, "moscow_02");
    api.expect_list_vms()
        .once()
        .return_once(|_, _, _| Ok(Page::whole(vms)));
    let args: Vec<_> = ["vm", "list"].iter().chain(args).copied().collect();
    run(&api, &args, fake)
}

fn two() -> Vec<Vm> {
    vec![a_vm(json!({})), a_full_vm()]
}

#[test]
fn a_pipe_gets_plain_columns_and_exact_times() {
    list(two(), &[], Fake::default()).golden("vm-list/pipe.txt");
}

#[test]
fn a_terminal_gets_ages_and_what_fits() {
    list(two(), &[], Fake::person(160)).golden("vm-list/wide.txt");
    list(two(), &[], Fake::person(120)).golden("vm-list/120-columns.txt");
    list(two(), &[], Fake::person(80)).golden("vm-list/80-columns.txt");
    list(two(), &[], Fake::person(40)).golden("vm-list/40-columns.txt");
    list(two(), &[], Fake::person(80).quiet()).golden("vm-list/80-columns-quiet.txt");
}

#[test]
fn only_words_for_states_have_a_colour() {
    list(two(), &[], Fake::person(160).with_colour()).golden("vm-list/colour.txt");
}

#[test]
fn json_is_the_servers_own_objects() {
    let ended = list(
        vec![a_vm(json!({"rack": {"row": 7}}))],
        &["-o", "json"],
        Fake::default(),
    );
    let shown: Value = serde_json::from_str(&ended.screen.out()).unwrap();
    assert_eq!(shown[0]["rack"]["row"], 7);
    ended.golden("vm-list/json.txt");
    list(Vec::new(), &["-o", "json"], Fake::default()).golden("vm-list/json-empty.txt");
}

#[test]
fn ids_and_names_come_alone() {
    list(two(), &["-o", "id"], Fake::default()).golden("vm-list/id.txt");
    list(two(), &["--output=name"], Fake::default()).golden("vm-list/name.txt");
}

#[test]
fn an_empty_list_keeps_its_headers_and_says_what_to_do() {
    list(Vec::new(), &[], Fake::default()).golden("vm-list/empty.txt");
    list(Vec::new(), &["--region", "moscow_02"], Fake::default()).golden("vm-list/no-match.txt");
    list(Vec::new(), &["-q"], Fake::default().quiet()).golden("vm-list/empty-quiet.txt");
}

#[test]
fn what_a_hostile_server_sends_is_harmless() {
    for format in ["table", "json", "id", "name"] {
        for fake in [Fake::default(), Fake::person(200)] {
            let ended = list(vec![a_hostile_vm()], &["-o", format], fake);
            let all = ended.screen.both();
            assert!(
                !all.contains(|c: char| c != '\n' && c.is_control()),
                "{all:?}"
            );
            assert!(!all.contains('\u{202e}'), "{all:?}");
        }
    }
    list(vec![a_hostile_vm()], &[], Fake::default()).golden("vm-list/hostile.txt");
}

#[test]
fn the_server_filters() {
    let mut api = MockApi::new();
    offer_region(&mut api, "moscow_02");
    let filter = VmFilter::default()
        .with_name("a.b")
        .with_label("k", "v")
        .with_label("l", "")
        .with_status(VmStatus::Running)
        .with_region("moscow_02");
    api.expect_list_vms()
        .withf(move |asked, page, _| *asked == filter && *page == PageRequest::Whole)
        .once()
        .returning(|_, _, _| Ok(Page::whole(vec![a_vm(json!({}))])));
    let args = "vm list --name a.b --label k=v --label l= --status running --region moscow_02";
    let args: Vec<_> = args.split(' ').collect();
    assert_eq!(run(&api, &args, Fake::default()).exit.code(), 0);
}

#[test]
fn a_region_that_is_not_offered_is_a_usage_error() {
    for region in [
        &["--region", "nowhere"][..],
        &["--filter", "region=nowhere"],
    ] {
        let mut api = MockApi::new();
        offer_region(&mut api, "moscow_02");
        api.expect_list_vms()
            .once()
            .return_once(|_, _, _| Ok(Page::whole(Vec::new())));
        let args: Vec<_> = ["vm", "list"].iter().chain(region).copied().collect();
        let ended = run(&api, &args, Fake::default());
        assert_eq!(ended.exit.code(), 2);
        assert!(ended.screen.both().contains("moscow_02"));
    }
}

#[test]
fn pages_are_followed() {
    let mut api = MockApi::new();
    api.expect_list_vms().times(2).returning(|_, page, _| {
        Ok(match page {
            PageRequest::Whole => Page::new(
                vec![a_vm(json!({}))],
                Some(2),
                Some("/api/v1/vms?cursor=x".parse().unwrap()),
            ),
            _ => Page::new(vec![a_full_vm()], Some(2), None),
        })
    });
    let ended = run(&api, &["vm", "list", "-o", "id"], Fake::default());
    assert_eq!(ended.screen.out().lines().count(), 2);
}

#[test]
fn an_empty_filter_is_a_usage_error() {
    for flag in ["--name", "--status", "--region", "--label"] {
        let message = refused(&["vm", "list", flag, ""]);
        assert!(message.contains(flag), "{message}");
    }
}

fn failing(kind: ErrorKind, message: &'static str, args: &[&str]) -> Ended {
    let mut api = MockApi::new();
    api.expect_list_vms()
        .return_once(move |_, _, _| Err(Error::new(kind, "list_vms", message)));
    let args: Vec<_> = ["vm", "list"].iter().chain(args).copied().collect();
    run(&api, &args, Fake::default())
}

#[test]
fn errors_say_what_why_and_what_next() {
    let unauthorized = || {
        failing(
            ErrorKind::Unauthorized,
            "wrong e-mail or password\n\u{1b}[2J",
            &[],
        )
    };
    unauthorized().golden("vm-list/unauthorized.txt");
    let kind = ErrorKind::Invalid {
        fields: vec![FieldFault::new("status", "must be one word")],
    };
    failing(
        kind.clone(),
        "the request breaks rules",
        &["--status", "a b"],
    )
    .golden("vm-list/invalid.txt");
    failing(
        kind,
        "the request breaks rules",
        &["--status", "a b", "-o", "json"],
    )
    .golden("vm-list/invalid-json.txt");
}

#[test]
fn errors_are_coloured_on_terminals_only() {
    let mut api = MockApi::new();
    api.expect_list_vms()
        .returning(|_, _, _| Err(Error::new(ErrorKind::Forbidden, "list_vms", "no")));
    let ended = run(&api, &["vm", "list"], Fake::person(80).with_colour());
    assert!(
        ended
            .screen
            .err()
            .starts_with("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m the"),
        "{:?}",
        ended.screen.err()
    );
}

#[test]
fn a_big_list_is_whole() {
    let ended = list(vec![a_full_vm(); 20_000], &[], Fake::default());
    assert_eq!(ended.screen.out().lines().count(), 20_001);
}

#[test]
fn the_time_limit_goes_with_every_call() {
    let mut api = MockApi::new();
    api.expect_list_vms()
        .withf(|_, _, call| call.timeout.is_some_and(|limit| limit.as_secs() <= 90))
        .returning(|_, _, _| Ok(Page::whole(Vec::new())));
    let ended = run(
        &api,
        &["vm", "list", "--request-timeout", "90s"],
        Fake::default(),
    );
    assert_eq!(ended.exit.code(), 0);
}
