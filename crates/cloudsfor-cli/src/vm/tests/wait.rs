//! Waiting for a VM that was just created.

use std::collections::VecDeque;
use std::time::Duration;

use cloudsfor_core::{CreatedVm, Error, ErrorKind, MockApi, Page, Result};
use cloudsfor_types::{Action, Vm};
use serde_json::{Value, json};

use crate::terminal::fake::Fake;
use crate::testing::{Ended, ID, a_hostile_vm, a_new_vm, a_vm, an_action, only_vms, run};

const CREATE: &str = "vm create example.com --region moscow_01 --image fedora-19 \
                      --size 1 --cpu 1 --disk-size 10";

/// Creates a VM that is found like this, one after the other, then as at last.
fn wait(found: Vec<Result<Vm>>, more: &str, fake: Fake) -> Ended {
    let mut api = MockApi::new();
    api.expect_create_vm()
        .return_once(|_, _| Ok(CreatedVm::new(a_new_vm(), None, false)));
    let mut found = VecDeque::from(found);
    api.expect_wait_vm()
        .returning(move |_, _, _| found.pop_front().unwrap_or_else(|| Ok(a_new_vm())));
    let args = format!("{CREATE} {more}");
    run(&api, &args.split_whitespace().collect::<Vec<_>>(), fake)
}

fn preparing() -> Vm {
    a_vm(json!({"status": "preparing", "locked": true}))
}

fn steps() -> Vec<Result<Vm>> {
    vec![
        Ok(a_new_vm()),
        Ok(a_new_vm()),
        Ok(preparing()),
        Ok(a_vm(json!({}))),
    ]
}

#[test]
fn a_script_gets_a_line_for_each_change() {
    let ended = wait(steps(), "", Fake::default());
    crate::golden::check("vm-create/wait.txt", &ended.without_times());
    assert_eq!(ended.exit.code(), 0);
}

#[test]
fn a_person_is_left_with_the_last_line() {
    let ended = wait(steps(), "", Fake::person(80));
    crate::golden::check("vm-create/wait-terminal.txt", &ended.without_times());
}

#[test]
fn quiet_is_quiet() {
    let ended = wait(steps(), "-q -o json", Fake::default().quiet());
    assert_eq!(ended.screen.err(), "");
    let vm: Value = serde_json::from_str(&ended.screen.out()).unwrap();
    assert_eq!(vm["status"], "running");
}

/// A cloud whose only VM is `errored`, and what its actions say.
fn errored(actions: fn() -> Result<Vec<Action>>) -> MockApi {
    let mut api = MockApi::new();
    api.expect_create_vm()
        .returning(|_, _| Ok(CreatedVm::new(a_new_vm(), None, false)));
    let vm = || a_vm(json!({"status": "errored"}));
    api.expect_list_vms()
        .returning(move |_, _, _| Ok(Page::whole(vec![vm()])));
    api.expect_wait_vm().returning(move |_, _, _| Ok(vm()));
    api.expect_list_vm_actions()
        .times(1)
        .returning(move |_, _, _| actions().map(Page::whole));
    api
}

/// A creation that failed twice, before it was asked to do something else in vain.
fn told() -> Result<Vec<Action>> {
    let failed = |kind: &str, error: Option<&str>| {
        an_action(json!({"type": kind, "status": "errored", "error": error}))
    };
    Ok(vec![
        failed("create", Some("the first cause")),
        failed("rebuild", Some("moscow_01 has no room for 1 GB of memory")),
        failed("power_on", Some("it is errored")),
    ])
}

#[test]
fn a_creation_that_fails_is_an_error_that_says_why() {
    let create = |api: &MockApi, more: &str, fake| {
        let args = format!("{CREATE} {more}");
        run(api, &args.split_whitespace().collect::<Vec<_>>(), fake)
    };
    create(&errored(told), "", Fake::default()).golden("vm-create/errored.txt");
    let json = create(&errored(told), "-o json -q", Fake::default().quiet());
    json.golden("vm-create/errored-json.txt");
    // One that is there already is as useless, and so is one that was waited for.
    let ensured = create(&errored(told), "--ensure", Fake::default());
    ensured.golden("vm-create/errored-ensured.txt");
    let waited = run(&errored(told), &["vm", "wait", ID], Fake::default());
    waited.golden("vm-create/errored-waited.txt");
}

#[test]
fn a_cause_that_nobody_tells_is_left_out() {
    let refused = || Err(Error::new(ErrorKind::Forbidden, "list_vm_actions", "no"));
    for actions in [refused as fn() -> _, || Ok(Vec::new())] {
        let ended = run(&errored(actions), &["vm", "wait", ID], Fake::default());
        ended.golden("vm-create/errored-unexplained.txt");
    }
}

#[test]
fn when_the_time_is_up_the_command_that_shows_it_is_told() {
    let more = "--timeout 90s --email user@example.com";
    wait(Vec::new(), more, Fake::default()).golden_but_why("vm-create/still-running.txt");
}

#[test]
fn an_interrupted_wait_says_what_goes_on() {
    let ended = wait(vec![Ok(preparing())], "", Fake::default().interrupts());
    ended.golden("vm-create/interrupted.txt");
}

#[test]
fn an_interrupted_request_says_how_to_repeat_it() {
    let api = Slow;
    let args = format!("{CREATE} --idempotency-key k-1");
    let args: Vec<_> = args.split_whitespace().collect();
    let ended = run(&api, &args, Fake::default().interrupts());
    ended.golden("vm-create/interrupted-request.txt");
}

/// An API that doesn't answer.
struct Slow;

only_vms!(Slow);

#[async_trait::async_trait]
impl cloudsfor_core::Vms for Slow {
    async fn resume_create_vm(
        &self,
        _: &cloudsfor_types::CreateVm,
        _: &cloudsfor_core::IdempotencyKey,
        _: &cloudsfor_core::CallOptions,
    ) -> Result<CreatedVm> {
        std::future::pending().await
    }
}

#[test]
fn an_error_that_does_not_pass_ends_the_wait_but_not_the_creation() {
    for (kind, name) in [
        (ErrorKind::Unauthorized, "vm-create/wait-error.txt"),
        (ErrorKind::NotFound, "vm-create/wait-gone.txt"),
    ] {
        let error = Error::new(kind, "wait_vm", "the server says no");
        wait(vec![Err(error)], "", Fake::default()).golden(name);
    }
}

#[test]
fn an_error_that_passes_is_waited_out() {
    let kind = ErrorKind::Server {
        retry_after: Some(Duration::from_secs(3)),
    };
    let found = vec![
        Err(Error::new(kind, "wait_vm", "busy")),
        Ok(a_vm(json!({}))),
    ];
    assert_eq!(wait(found, "", Fake::default()).exit.code(), 0);
}

#[test]
fn progress_shows_nothing_that_acts_on_a_terminal() {
    for fake in [Fake::default(), Fake::person(80)] {
        let mut locked = a_hostile_vm();
        locked.locked = true;
        let ended = wait(vec![Ok(locked), Ok(a_hostile_vm())], "", fake);
        let all = ended.screen.both();
        assert!(
            !all.contains(|c: char| c != '\n' && c.is_control()),
            "{all:?}"
        );
    }
}
