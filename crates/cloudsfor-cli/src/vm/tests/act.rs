//! The verbs that start an action.

use std::collections::VecDeque;

use async_trait::async_trait;
use cloudsfor_core::{
    CallOptions, Client, Error, ErrorKind, MockApi, Page, Result, TransportErrorKind, Vms,
};
use cloudsfor_types::{Action, FieldFault, Gigabytes, Vm, VmAction, VmId};
use serde_json::{Value, json};

use crate::golden;
use crate::terminal::fake::Fake;
use crate::testing::{
    ACTION_ID, Ended, ID, OTHER_ID, a_snapshot, a_vm, an_action, cut_off, refused, run,
};

/// A cloud that takes this action on the VM of the documents and no other.
fn taking(wanted: VmAction) -> MockApi {
    let mut api = MockApi::new();
    let status = match wanted {
        VmAction::PowerOn => "stopped",
        _ => "running",
    };
    api.expect_get_vm()
        .withf(|id, _| id.as_str() == ID)
        .returning(move |_, _| Ok(a_vm(json!({"status": status, "snapshot_ids": ["before"]}))));
    let accepted = an_action(json!({"type": wanted.action_type().as_str()}));
    api.expect_create_vm_action()
        .withf(move |id, request, _| id.as_str() == ID && *request == wanted)
        .once()
        .return_once(|_, _, _| Ok(accepted));
    api
}

/// The same, in which the action is found like this, one after the other, then
/// as at last.
fn going(wanted: VmAction, steps: Vec<Result<Action>>) -> MockApi {
    let mut api = taking(wanted);
    let mut steps = VecDeque::from(steps);
    api.expect_wait_action()
        .withf(|id, _, _| id.as_str() == ACTION_ID)
        .returning(move |_, _, _| {
            steps
                .pop_front()
                .unwrap_or_else(|| Ok(an_action(json!({}))))
        });
    api
}

fn completed() -> Vec<Result<Action>> {
    vec![
        Ok(an_action(json!({}))),
        Ok(an_action(
            json!({"status": "completed", "completed_at": "2015-01-17T16:59:00Z"}),
        )),
    ]
}

fn act(api: &MockApi, args: &str, fake: Fake) -> Ended {
    run(api, &args.split_whitespace().collect::<Vec<_>>(), fake)
}

fn reboot(steps: Vec<Result<Action>>, more: &str, fake: Fake) -> Ended {
    let args = format!("vm reboot {ID} {more}");
    act(&going(VmAction::Reboot, steps), &args, fake)
}

#[test]
fn every_verb_asks_for_its_action_waits_and_shows_the_vm() {
    let resize = |size, cpu, disk_size| VmAction::Resize {
        size,
        cpu,
        disk_size,
    };
    for (verb, wanted) in [
        ("start", VmAction::PowerOn),
        ("stop", VmAction::PowerOff),
        ("shutdown", VmAction::Shutdown),
        ("reboot", VmAction::Reboot),
        ("reset", VmAction::PowerCycle),
        ("enable-backups", VmAction::EnableBackups),
        ("disable-backups", VmAction::DisableBackups),
        ("resize --disk-size 20", resize(None, None, Some(20))),
        (
            "resize --size 0.5 --cpu 2",
            resize(Gigabytes::new(0.5), Some(2), None),
        ),
        (
            "restore --yes --image s1",
            VmAction::Restore { image: "s1".into() },
        ),
        (
            "rebuild -y --image fedora-19",
            VmAction::Rebuild {
                image: "fedora-19".into(),
            },
        ),
    ] {
        let args = format!("vm {verb} {ID} -o id");
        let ended = act(&going(wanted, completed()), &args, Fake::default());
        assert_eq!(ended.screen.out(), format!("{ID}\n"), "{verb}");
        assert_eq!(ended.exit.code(), 0);
    }
    let wanted = VmAction::Rename {
        name: "web.example.com".into(),
    };
    let args = format!("vm rename {ID} web.example.com");
    let ended = act(&going(wanted, completed()), &args, Fake::default());
    golden::check("vm-act/rename.txt", &ended.without_times());
}

#[test]
fn a_snapshot_is_shown_when_it_is_taken() {
    let taken = || VmAction::Snapshot {
        name: "nightly".into(),
    };
    let args = format!("vm snapshot {ID} --name nightly");
    let mut api = going(taken(), completed());
    api.expect_list_vm_snapshots().return_once(|_, _, _| {
        Ok(Page::whole(vec![
            a_snapshot(json!({"id": "before", "name": "nightly"})),
            a_snapshot(json!({"name": "nightly"})),
            a_snapshot(json!({"id": "later", "name": "another"})),
        ]))
    });
    let ended = act(&api, &args, Fake::default());
    golden::check("vm-act/snapshot.txt", &ended.without_times());

    let mut api = going(taken(), completed());
    let before = Page::whole(vec![a_snapshot(json!({"id": "before"}))]);
    api.expect_list_vm_snapshots()
        .return_once(|_, _, _| Ok(before));
    let ended = act(&api, &args, Fake::default());
    assert_eq!(ended.exit.code(), 3);
    assert!(ended.screen.err().contains("it is gone already"));
}

#[test]
fn a_script_gets_a_line_for_each_change_and_a_person_the_last() {
    let ended = reboot(completed(), "", Fake::default());
    golden::check("vm-act/wait.txt", &ended.without_times());
    let ended = reboot(completed(), "", Fake::person(80));
    golden::check("vm-act/wait-terminal.txt", &ended.without_times());
    let ended = reboot(completed(), "-q -o json", Fake::default().quiet());
    assert_eq!(ended.screen.err(), "");
    let vm: Value = serde_json::from_str(&ended.screen.out()).unwrap();
    assert_eq!(vm["id"], ID);
}

#[test]
fn without_waiting_the_action_is_shown() {
    let without_waiting = |more: &str| {
        let args = format!("vm reboot {ID} --no-wait {more}");
        act(&taking(VmAction::Reboot), &args, Fake::default())
    };
    without_waiting("").golden("vm-act/no-wait.txt");
    assert_eq!(
        without_waiting("-o id").screen.out(),
        format!("{ACTION_ID}\n")
    );
    let action: Value = serde_json::from_str(&without_waiting("-o json").screen.out()).unwrap();
    assert_eq!(action["action_id"], ACTION_ID);
}

#[test]
fn an_action_that_fails_is_an_error_that_says_why() {
    let errored = |error: Value| vec![Ok(an_action(json!({"status": "errored", "error": error})))];
    let why = json!("the hypervisor didn't answer");
    reboot(errored(why.clone()), "", Fake::default()).golden("vm-act/errored.txt");
    reboot(errored(why), "-o json -q", Fake::default().quiet()).golden("vm-act/errored-json.txt");
    let ended = reboot(errored(Value::Null), "", Fake::default());
    assert!(ended.screen.err().contains("the server doesn't say why"));
}

#[test]
fn when_the_time_is_up_the_command_that_waits_on_is_told() {
    let more = "--timeout 90s --email user@example.com";
    reboot(Vec::new(), more, Fake::default()).golden_but_why("vm-act/still-running.txt");
}

#[test]
fn an_interrupted_wait_says_what_goes_on() {
    let ended = reboot(Vec::new(), "", Fake::default().interrupts());
    assert_eq!(ended.exit.code(), 130);
    ended.golden("vm-act/interrupted.txt");
}

#[test]
fn an_error_that_does_not_pass_ends_the_wait_but_not_the_action() {
    let error = Error::new(ErrorKind::Unauthorized, "wait_action", "the server says no");
    reboot(vec![Err(error)], "", Fake::default()).golden("vm-act/wait-error.txt");
}

#[test]
fn an_action_without_an_id_is_waited_for_by_its_vm() {
    let mut api = MockApi::new();
    api.expect_get_vm().returning(|_, _| Ok(a_vm(json!({}))));
    api.expect_create_vm_action()
        .returning(|_, _, _| Ok(an_action(json!({"action_id": null}))));
    api.expect_wait_vm()
        .once()
        .return_once(|_, _, _| Ok(a_vm(json!({}))));
    let ended = act(&api, &format!("vm reboot {ID} -o id"), Fake::default());
    assert_eq!(ended.exit.code(), 0);
    let ended = act(&api, &format!("vm reboot {ID} --no-wait"), Fake::default());
    assert!(
        ended
            .screen
            .err()
            .ends_with(&format!("wait for it: cloudsfor vm wait {ID}\n"))
    );
}

#[test]
fn what_breaks_rules_is_not_sent() {
    for (args, name) in [
        ("resize --size 0.3 --cpu 0 --disk-size -1", "resize"),
        ("rename a_b", "rename"),
        ("snapshot --name", "snapshot"),
    ] {
        let args = format!("vm {args}");
        let mut args: Vec<_> = args.split_whitespace().collect();
        args.insert(2, ID);
        if name == "snapshot" {
            args.push("");
        }
        // The API expects no call at all.
        let ended = run(&MockApi::new(), &args, Fake::default());
        ended.golden(&format!("vm-act/invalid-{name}.txt"));
    }
}

#[test]
fn the_servers_faults_are_named_by_their_flags() {
    let mut api = MockApi::new();
    api.expect_get_vm().returning(|_, _| Ok(a_vm(json!({}))));
    api.expect_create_vm_action().returning(|_, _, _| {
        let fields = vec![FieldFault::new("disk_size", "must not shrink")];
        let kind = ErrorKind::Invalid { fields };
        Err(Error::new(
            kind,
            "create_vm_action",
            "the request is invalid",
        ))
    });
    let args = format!("vm resize {ID} --disk-size 1");
    act(&api, &args, Fake::default()).golden("vm-act/refused.txt");
}

#[test]
fn every_refusal_has_its_exit_code() {
    for (kind, code) in [
        (ErrorKind::Locked, 5),
        (ErrorKind::State, 5),
        (ErrorKind::NotFound, 3),
        (ErrorKind::Unauthorized, 4),
        (ErrorKind::Capacity, 6),
        (ErrorKind::Transport(TransportErrorKind::Connect), 7),
    ] {
        let mut api = MockApi::new();
        api.expect_get_vm().returning(|_, _| Ok(a_vm(json!({}))));
        api.expect_create_vm_action()
            .return_once(|_, _, _| Err(Error::new(kind, "create_vm_action", "no")));
        let ended = act(&api, &format!("vm reboot {ID}"), Fake::default());
        assert_eq!(ended.exit.code(), code);
        assert_eq!(ended.screen.out(), "");
    }
}

#[test]
fn what_is_in_the_state_already_is_done() {
    for (verb, status) in [
        ("start", "running"),
        ("stop", "stopped"),
        ("shutdown", "stopped"),
    ] {
        for (more, code) in [("", 0), ("--detailed-exit-code", 10)] {
            let mut api = MockApi::new();
            api.expect_get_vm()
                .returning(move |_, _| Ok(a_vm(json!({"status": status}))));
            api.expect_create_vm_action().never();
            let args = format!("vm {verb} {ID} -o id {more}");
            let ended = act(&api, &args, Fake::default());
            assert_eq!(
                (ended.exit.code(), ended.screen.out()),
                (code, format!("{ID}\n"))
            );
            assert!(ended.screen.err().contains(&format!("is {status} already")));
        }
    }
    // A VM on which something runs is the service's to judge.
    let mut api = MockApi::new();
    api.expect_get_vm()
        .returning(|_, _| Ok(a_vm(json!({"status": "stopped", "locked": true}))));
    api.expect_create_vm_action()
        .return_once(|_, _, _| Err(Error::new(ErrorKind::Locked, "create_vm_action", "no")));
    assert_eq!(
        act(&api, &format!("vm stop {ID}"), Fake::default())
            .exit
            .code(),
        5
    );
}

#[test]
fn advice_is_about_the_reason() {
    let advice = |status: &'static str, args: &str| {
        let mut api = MockApi::new();
        api.expect_get_vm()
            .returning(move |_, _| Ok(a_vm(json!({"status": status}))));
        api.expect_create_vm_action()
            .return_once(|_, _, _| Err(Error::new(ErrorKind::State, "create_vm_action", "no")));
        act(&api, args, Fake::default()).screen.err()
    };
    let shrink = advice("stopped", &format!("vm resize {ID} --disk-size 5"));
    assert!(shrink.contains("at least the 10 GB"), "{shrink}");
    let grow = advice("running", &format!("vm resize {ID} --size 2"));
    assert!(grow.contains("vm shutdown"), "{grow}");
    let reboot = advice("stopped", &format!("vm reboot {ID}"));
    assert!(reboot.contains("vm start"), "{reboot}");
}

#[test]
fn a_name_is_looked_up_and_an_ambiguous_one_starts_nothing() {
    let mut api = MockApi::new();
    api.expect_list_vms().returning(|_, _, _| {
        let twin = a_vm(json!({"id": OTHER_ID}));
        Ok(Page::whole(vec![a_vm(json!({})), twin]))
    });
    let ended = act(&api, "vm stop example.com", Fake::default());
    assert_eq!(ended.exit.code(), 5);
    assert!(ended.screen.err().contains(OTHER_ID));
}

/// An API that finds VMs, and whose connection ends, or that never answers, when
/// an action is to be started.
struct Forgetful(Option<Client>);

impl cloudsfor_core::Accounts for Forgetful {}
impl cloudsfor_core::Catalog for Forgetful {}
impl cloudsfor_core::Domains for Forgetful {}
impl cloudsfor_core::Events for Forgetful {}
impl cloudsfor_core::Keys for Forgetful {}
impl cloudsfor_core::Networks for Forgetful {}
impl cloudsfor_core::Snapshots for Forgetful {}

#[async_trait]
impl Vms for Forgetful {
    async fn get_vm(&self, _: &VmId, _: &CallOptions) -> Result<Vm> {
        Ok(a_vm(json!({})))
    }
}

#[async_trait]
impl cloudsfor_core::Actions for Forgetful {
    async fn create_vm_action(
        &self,
        id: &VmId,
        request: &VmAction,
        call: &CallOptions,
    ) -> Result<Action> {
        match &self.0 {
            Some(client) => client.create_vm_action(id, request, call).await,
            None => std::future::pending().await,
        }
    }
}

#[test]
fn a_lost_answer_is_not_taken_for_a_failure() {
    let lost = Forgetful(Some(cut_off()));
    let ended = run(&lost, &["vm", "reboot", ID], Fake::default());
    ended.golden_but_why("vm-act/unknown.txt");
    let silent = Forgetful(None);
    let ended = run(&silent, &["vm", "reboot", ID], Fake::default().interrupts());
    ended.golden("vm-act/interrupted-request.txt");
}

#[test]
fn what_lacks_something_is_a_usage_error() {
    for args in [
        &["vm", "start"][..],
        &["vm", "start", ""],
        &["vm", "resize", ID],
        &["vm", "resize", ID, "--cpu", "many"],
        &["vm", "rename", ID],
        &["vm", "snapshot", ID],
        &["vm", "restore", ID],
        &["vm", "rebuild", ID],
    ] {
        assert!(refused(args).starts_with("error:"), "{args:?}");
    }
}

#[test]
fn a_vm_in_the_wrong_state_is_told_how_to_leave_it() {
    let refusing = |status: &'static str| {
        let mut api = MockApi::new();
        api.expect_get_vm()
            .returning(move |_, _| Ok(a_vm(json!({"status": status}))));
        api.expect_create_vm_action().returning(move |_, _, _| {
            let message = format!("the VM is {status}");
            Err(Error::new(ErrorKind::State, "create_vm_action", message))
        });
        api
    };
    let resize = format!("--local vm resize {ID} --size 2");
    act(&refusing("running"), &resize, Fake::default()).golden("vm-act/resize-running.txt");
    let reboot = format!("vm reboot {ID}");
    act(&refusing("stopped"), &reboot, Fake::default()).golden("vm-act/reboot-stopped.txt");
}
