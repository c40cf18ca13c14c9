//! Each verb as its user meets it: what it asks of the API, and its screens.

use cloudsfor_core::{Error, ErrorKind, MockApi, Page, PageRequest};
use cloudsfor_types::Action;
use serde_json::{Value, json};

use crate::terminal::fake::Fake;
use crate::testing::{ACTION_ID, Ended, ID, OTHER_ID, a_vm, an_action, refused, run};

fn two() -> Vec<Action> {
    vec![
        an_action(json!({"status": "completed", "completed_at": "2015-01-17T16:59:00Z"})),
        an_action(
            json!({"action_id": OTHER_ID, "type": "snapshot", "status": "errored",
                         "error": "the disk is full"}),
        ),
    ]
}

fn list(actions: Vec<Action>, args: &[&str], fake: Fake) -> Ended {
    let mut api = MockApi::new();
    api.expect_list_actions()
        .once()
        .return_once(|_, _| Ok(Page::whole(actions)));
    let args: Vec<_> = ["action", "list"].iter().chain(args).copied().collect();
    run(&api, &args, fake)
}

#[test]
fn actions_are_a_table() {
    list(two(), &[], Fake::default()).golden("action-list/pipe.txt");
    list(two(), &[], Fake::person(80)).golden("action-list/80-columns.txt");
    list(Vec::new(), &[], Fake::default()).golden("action-list/empty.txt");
}

#[test]
fn actions_are_json_or_ids() {
    let ended = list(two(), &["-o", "json"], Fake::default());
    let actions: Value = serde_json::from_str(&ended.screen.out()).unwrap();
    assert_eq!(actions[1]["error"], "the disk is full");
    let ended = list(two(), &["-o", "id"], Fake::default());
    assert_eq!(ended.screen.out(), format!("{ACTION_ID}\n{OTHER_ID}\n"));
}

#[test]
fn all_pages_are_followed_and_a_circle_is_an_error() {
    let paging = |last: bool| {
        let mut api = MockApi::new();
        api.expect_list_actions().returning(move |page, _| {
            let is_second = matches!(page, PageRequest::Next(_));
            let next = (!is_second || !last).then(|| "/2".parse().unwrap());
            Ok(Page::new(vec![an_action(json!({}))], None, next))
        });
        run(&api, &["action", "list", "-o", "id"], Fake::default())
    };
    assert_eq!(paging(true).screen.out().lines().count(), 2);
    let endless = paging(false);
    assert_eq!(
        (endless.exit.code(), endless.screen.out()),
        (7, String::new())
    );
}

#[test]
fn the_actions_of_one_vm_are_listed() {
    let of_a_vm = |actions: Vec<Action>| {
        let mut api = MockApi::new();
        api.expect_list_vms()
            .returning(|_, _, _| Ok(Page::whole(vec![a_vm(json!({}))])));
        api.expect_list_vm_actions()
            .withf(|id, _, _| id.as_str() == ID)
            .return_once(|_, _, _| Ok(Page::whole(actions)));
        run(&api, &["action", "list", "example.com"], Fake::default())
    };
    assert_eq!(of_a_vm(two()).screen.out().lines().count(), 3);
    of_a_vm(Vec::new()).golden("action-list/none-of-vm.txt");

    let mut api = MockApi::new();
    api.expect_list_vm_actions()
        .return_once(|_, _, _| Err(Error::new(ErrorKind::NotFound, "list_vm_actions", "none")));
    let ended = run(&api, &["action", "list", ID], Fake::default());
    ended.golden("action-list/not-found.txt");
}

#[test]
fn an_action_is_shown() {
    let get = |args: &[&str], fake| {
        let mut api = MockApi::new();
        api.expect_get_action()
            .withf(|id, _| id.as_str() == ACTION_ID)
            .return_once(|_, _| Ok(an_action(json!({}))));
        let args: Vec<_> = ["action", "get", ACTION_ID]
            .iter()
            .chain(args)
            .copied()
            .collect();
        run(&api, &args, fake)
    };
    get(&[], Fake::person(80)).golden("action-get/terminal.txt");
    get(&["-o", "json"], Fake::default()).golden("action-get/json.txt");

    let mut api = MockApi::new();
    api.expect_get_action()
        .return_once(|_, _| Err(Error::new(ErrorKind::NotFound, "get_action", "none")));
    let ended = run(&api, &["action", "get", "7"], Fake::default());
    ended.golden("action-get/not-found.txt");
}

/// Waits for two actions, which are found to be these.
fn wait(found: Vec<Action>, more: &[&str], fake: Fake) -> Ended {
    let mut api = MockApi::new();
    api.expect_wait_actions().returning(move |ids, _, _| {
        let asked = |action: &&Action| ids.iter().any(|id| Some(id) == action.action_id.as_ref());
        Ok(found.iter().filter(asked).cloned().collect())
    });
    let args = ["action", "wait", ACTION_ID, OTHER_ID, ACTION_ID];
    let args: Vec<_> = args.iter().chain(more).copied().collect();
    run(&api, &args, fake)
}

#[test]
fn a_wait_ends_with_what_became_of_each() {
    let completed = |id: &str| an_action(json!({"action_id": id, "status": "completed"}));
    let errored = |id: &str| an_action(json!({"action_id": id, "status": "errored"}));
    let both = vec![completed(OTHER_ID), completed(ACTION_ID)];
    wait(both.clone(), &[], Fake::default()).golden("action-wait/done.txt");
    wait(both, &[], Fake::person(120)).golden("action-wait/terminal.txt");
    let one_failed = vec![completed(ACTION_ID), errored(OTHER_ID)];
    assert_eq!(wait(one_failed, &[], Fake::default()).exit.code(), 9);
    let all_failed = vec![errored(ACTION_ID), errored(OTHER_ID)];
    assert_eq!(wait(all_failed, &[], Fake::default()).exit.code(), 1);
}

#[test]
fn a_wait_that_does_not_end_says_how_to_go_on() {
    let running = || vec![an_action(json!({}))];
    let more = ["--timeout", "90s"];
    wait(running(), &more, Fake::default()).golden_but_why("action-wait/still-running.txt");
    wait(running(), &[], Fake::default().interrupts()).golden("action-wait/interrupted.txt");
}

#[test]
fn an_unknown_action_is_an_error() {
    let mut api = MockApi::new();
    api.expect_wait_actions()
        .return_once(|_, _, _| Err(Error::new(ErrorKind::NotFound, "wait_actions", "none")));
    let ended = run(&api, &["action", "wait", "7"], Fake::default());
    ended.golden("action-wait/not-found.txt");
    for args in [
        &["action", "wait"][..],
        &["action", "wait", ""],
        &["action", "get", "id:"],
    ] {
        assert!(refused(args).starts_with("error:"));
    }
}
