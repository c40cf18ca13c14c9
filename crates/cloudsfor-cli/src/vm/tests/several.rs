//! Actions on several VMs, waiting for VMs, and what is asked before.

use cloudsfor_core::{Error, ErrorKind, MockApi};
use cloudsfor_types::{Action, VmAction};
use serde_json::json;

use crate::terminal::fake::Fake;
use crate::testing::{ACTION_ID, Ended, ID, OTHER_ID, a_vm, an_action, run};

/// The id of the action on this VM.
fn action_of(vm: &str) -> &'static str {
    match vm {
        ID => ACTION_ID,
        _ => "1d5c3b1a9f8e47d6a5b4c3d2e1f0a9b8",
    }
}

/// Two VMs, on which actions are started that end like this; on VMs in `refused`
/// none is.
fn cloud(refused: &'static str, ends_as: fn(&str) -> &'static str) -> MockApi {
    let mut api = MockApi::new();
    let vm = |id: &str| a_vm(json!({"id": id, "name": format!("vm-{}", &id[..2])}));
    api.expect_get_vm()
        .returning(move |id, _| Ok(vm(id.as_str())));
    api.expect_wait_vm()
        .returning(move |id, _, _| Ok(vm(id.as_str())));
    let action = |vm: &str| an_action(json!({"id": vm, "action_id": action_of(vm)}));
    api.expect_create_vm_action()
        .withf(|_, request, _| matches!(request, VmAction::Reboot | VmAction::Rebuild { .. }))
        .returning(move |id, _, _| match id.as_str() {
            id if id == refused => Err(Error::new(
                ErrorKind::State,
                "create_vm_action",
                "it is stopped",
            )),
            id => Ok(action(id)),
        });
    api.expect_wait_actions().returning(move |ids, _, _| {
        let ended = |vm: &str| -> Action {
            let status = ends_as(vm);
            an_action(json!({"id": vm, "action_id": action_of(vm), "status": status}))
        };
        let all = [ID, OTHER_ID].map(ended);
        let asked = |a: &Action| ids.iter().any(|id| Some(id) == a.action_id.as_ref());
        Ok(all.into_iter().filter(asked).collect())
    });
    api
}

fn reboot(api: &MockApi, more: &[&str], fake: Fake) -> Ended {
    let args = [&["vm", "reboot", ID, OTHER_ID, ID], more].concat();
    run(api, &args, fake)
}

#[test]
fn several_are_worked_on_and_shown_together() {
    let all_well = || cloud("", |_| "completed");
    reboot(&all_well(), &[], Fake::default()).golden("vm-several/done.txt");
    let ended = reboot(&all_well(), &["-o", "id"], Fake::person(80));
    assert_eq!(ended.screen.out(), format!("{ID}\n{OTHER_ID}\n"));
    let input = format!("{ID}\n{OTHER_ID}\n");
    let fake = Fake::default().with_input(input.as_bytes());
    let ended = run(&all_well(), &["vm", "reboot", "-", "-o", "id"], fake);
    assert_eq!(ended.screen.out(), input);
}

#[test]
fn some_that_fail_are_told_and_the_rest_is_done() {
    let refused = cloud(OTHER_ID, |_| "completed");
    reboot(&refused, &["-o", "id"], Fake::default()).golden("vm-several/refused.txt");
    let errored = cloud("", |vm| if vm == ID { "errored" } else { "completed" });
    reboot(&errored, &["-o", "id"], Fake::default()).golden("vm-several/errored.txt");
    let all_errored = cloud("", |_| "errored");
    assert_eq!(reboot(&all_errored, &[], Fake::default()).exit.code(), 1);
}

#[test]
fn without_waiting_all_actions_are_shown() {
    let ended = reboot(
        &cloud("", |_| "in-progress"),
        &["--no-wait"],
        Fake::default(),
    );
    ended.golden("vm-several/no-wait.txt");
}

#[test]
fn a_wait_that_does_not_end_says_how_to_go_on() {
    let going = || cloud("", |_| "in-progress");
    let interrupted = reboot(&going(), &[], Fake::default().interrupts_after(3));
    interrupted.golden("vm-several/interrupted.txt");
    let slow = reboot(&going(), &["--timeout", "5s"], Fake::default());
    slow.golden_but_why("vm-several/still-running.txt");
}

#[test]
fn what_is_on_a_disk_is_lost_only_after_a_yes() {
    let rebuild = |more: &[&str], fake| {
        let args = [
            &["vm", "rebuild", ID, OTHER_ID, "--image", "fedora-19"],
            more,
        ]
        .concat();
        run(&cloud("", |_| "completed"), &args, fake)
    };
    rebuild(&["-o", "id"], Fake::person(80).types("y")).golden("vm-several/rebuild-asked.txt");
    let no = rebuild(&[], Fake::person(80).types(""));
    assert_eq!((no.exit.code(), no.screen.out()), (1, String::new()));
    rebuild(&[], Fake::default()).golden("vm-several/rebuild-no-terminal.txt");
    let yes = rebuild(&["--yes", "-o", "id"], Fake::default());
    assert_eq!(yes.exit.code(), 0);
}

/// `vm wait` for a VM that is found so.
fn wait(vm: serde_json::Value, more: &[&str], fake: Fake) -> Ended {
    let mut api = MockApi::new();
    api.expect_wait_vm()
        .returning(move |_, _, _| Ok(a_vm(vm.clone())));
    run(
        &api,
        &[&["vm", "wait", ID, "-o", "id"], more].concat(),
        fake,
    )
}

#[test]
fn a_vm_is_waited_for_until_nothing_runs_on_it() {
    let locked = json!({"locked": true});
    assert_eq!(
        wait(json!({}), &[], Fake::default()).screen.out(),
        format!("{ID}\n")
    );
    let running = ["--wait-for", "running"];
    assert_eq!(wait(json!({}), &running, Fake::default()).exit.code(), 0);
    let more = [&running[..], &["--timeout", "90s"]].concat();
    wait(locked.clone(), &more, Fake::default()).golden_but_why("vm-wait/still-running.txt");
    wait(locked, &more, Fake::default().interrupts_after(3)).golden("vm-wait/interrupted.txt");
}

#[test]
fn what_can_never_be_reached_is_not_waited_for() {
    let stopped = json!({"status": "stopped"});
    wait(stopped, &["--wait-for", "running"], Fake::default()).golden("vm-wait/stopped.txt");
    let simulated = json!({"features": ["simulated"]});
    wait(simulated, &["--wait-for", "ssh"], Fake::default()).golden("vm-wait/simulated.txt");
}

#[test]
fn ssh_is_told_where_to_go() {
    let ssh = |vm: serde_json::Value, more: &[&str]| {
        let mut api = MockApi::new();
        api.expect_get_vm()
            .returning(move |_, _| Ok(a_vm(vm.clone())));
        run(
            &api,
            &[&["vm", "ssh", ID, "--dry-run"], more].concat(),
            Fake::default(),
        )
    };
    let shown = ssh(
        json!({}),
        &["-i", "my key", "-p", "2222", "--", "uptime", "-p"],
    );
    assert_eq!(
        shown.screen.out(),
        format!(
            "ssh -o StrictHostKeyChecking=accept-new -o HostKeyAlias={ID} -l root -i 'my key' \
             -p 2222 -- 100.64.0.2 uptime -p\n"
        )
    );
    for vm in [
        json!({"status": "stopped"}),
        json!({"networks": {}}),
        json!({"features": ["simulated"]}),
    ] {
        assert_eq!(ssh(vm, &[]).exit.code(), 5);
    }
}
