use std::sync::{Arc, Mutex};

use cloudsfor_core::{CreatedVm, Error, ErrorKind, IdempotencyKey, MockApi};
use cloudsfor_types::{CreateVm, FieldFault, Plan, UserData, VmSpec};
use serde_json::{Value, json};

use crate::terminal::fake::Fake;
use crate::testing::{Ended, ID, a_new_vm, a_vm, cut_off, refused, run};

const REQUIRED: &str = "vm create example.com --region moscow_01 --image fedora-19 \
                        --size 1 --cpu 1 --disk-size 10";

fn args(more: &str) -> Vec<String> {
    let all = format!("{REQUIRED} {more}");
    all.split_whitespace().map(str::to_owned).collect()
}

fn create(api: &dyn cloudsfor_core::Api, more: &str, fake: Fake) -> Ended {
    let args = args(more);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    run(api, &args, fake)
}

/// A cloud that accepts one VM, and what it was asked for.
fn accepting() -> (MockApi, Arc<Mutex<Option<CreateVm>>>) {
    let asked = Arc::new(Mutex::new(None));
    let mut api = MockApi::new();
    let kept = asked.clone();
    api.expect_create_vm().once().returning(move |request, _| {
        *kept.lock().unwrap() = Some(request.clone());
        Ok(CreatedVm::new(a_new_vm(), None, false))
    });
    (api, asked)
}

fn refusing(kind: ErrorKind, message: &'static str) -> MockApi {
    let mut api = MockApi::new();
    api.expect_create_vm()
        .return_once(move |_, _| Err(Error::new(kind, "create_vm", message)));
    api
}

#[test]
fn the_flags_become_the_request() {
    let (api, asked) = accepting();
    create(&api, "--no-wait", Fake::default());
    let plain = CreateVm::new(VmSpec {
        name: "example.com".into(),
        region: "moscow_01".into(),
        image: "fedora-19".into(),
        size: 1.into(),
        cpu: 1,
        disk_size: 10,
    });
    assert_eq!(asked.lock().unwrap().take(), Some(plain.clone()));

    let (api, asked) = accepting();
    let all = "--plan dynamic --ssh-key 1 --ssh-key 22 --backups --ipv6 --user-data - \
               --private-networking --label role=web --label tier= --protected --unique-name";
    let fake = Fake::default().with_input(b"#cloud-config\n");
    create(&api, &format!("--no-wait {all}"), fake);
    let full = plain
        .with_plan(Plan::Dynamic)
        .with_ssh_keys([1, 22])
        .with_backups(true)
        .with_ipv6(true)
        .with_user_data("#cloud-config\n")
        .with_private_networking(true)
        .with_label("role", "web")
        .with_label("tier", "")
        .with_protected(true)
        .with_unique_name(true);
    assert_eq!(asked.lock().unwrap().take(), Some(full));
}

#[test]
fn tariffs_have_two_names() {
    for (name, plan) in [
        ("static", Plan::Fixed),
        ("PLAN_ID_FIX", Plan::Fixed),
        ("dynamic", Plan::Dynamic),
        ("PLAN_ID_STD", Plan::Dynamic),
    ] {
        let (api, asked) = accepting();
        create(&api, &format!("--no-wait --plan {name}"), Fake::default());
        assert_eq!(asked.lock().unwrap().take().unwrap().plan, Some(plan));
    }
    assert!(refused_with("--plan free").contains("--plan"));
}

#[test]
fn without_waiting_the_vm_is_shown_as_accepted() {
    let shown = |more, fake| create(&accepting().0, &format!("--no-wait {more}"), fake);
    shown("", Fake::default()).golden("vm-create/no-wait.txt");
    shown("-o json", Fake::default()).golden("vm-create/no-wait-json.txt");
    shown("--endpoint http://h:1", Fake::default()).golden("vm-create/no-wait-endpoint.txt");
    shown("-o id", Fake::default().quiet()).golden("vm-create/no-wait-quiet.txt");
}

#[test]
fn a_key_that_was_used_before_shows_its_vm() {
    let mut api = MockApi::new();
    let key = IdempotencyKey::new("k-1").unwrap();
    api.expect_resume_create_vm()
        .withf(move |_, given, _| *given == key)
        .return_once(|_, _, _| Ok(CreatedVm::new(a_new_vm(), None, true)));
    let ended = create(&api, "--no-wait --idempotency-key k-1", Fake::default());
    ended.golden("vm-create/replayed.txt");
}

#[test]
fn every_fault_is_named_by_its_flag_before_anything_is_sent() {
    let args = "vm create a_b --region x --image \u{7} --size 0.3 --cpu 1.5 --disk-size -1";
    let mut args: Vec<_> = args.split(' ').collect();
    args.extend(["--label", "k=a\nb"]);
    let api = MockApi::new();
    run(&api, &args, Fake::default()).golden("vm-create/faults.txt");
    args.extend(["-o", "json"]);
    let ended = run(&api, &args, Fake::default());
    let error: Value = serde_json::from_str(&ended.screen.err()).unwrap();
    assert_eq!(error["error"]["exit_code"], 2);
    assert_eq!(error["error"]["faults"].as_array().unwrap().len(), 6);
}

#[test]
fn a_label_that_is_given_twice_is_refused() {
    let ended = create(&MockApi::new(), "--label a=1 --label a=2", Fake::default());
    assert_eq!(ended.exit.code(), 2);
    assert!(
        ended
            .screen
            .err()
            .contains("--label must have each key once")
    );
}

#[test]
fn the_servers_faults_are_named_by_flags_too() {
    let fields = vec![
        FieldFault::new("region", "must be one of moscow_01, moscow_02"),
        FieldFault::new("ssh_keys[1]", "is no key of this account"),
    ];
    let api = refusing(ErrorKind::Invalid { fields }, "the request breaks rules");
    create(&api, "", Fake::default()).golden("vm-create/invalid.txt");
}

#[test]
fn user_data_must_be_readable_and_not_the_password() {
    for (more, input, why) in [
        ("--user-data /nonexistent/file", &b""[..], "No such file"),
        ("--user-data - --password-stdin", b"x", "holds the password"),
    ] {
        let ended = create(&MockApi::new(), more, Fake::default().with_input(input));
        assert_eq!(ended.exit.code(), 2);
        assert!(ended.screen.err().contains(why), "{}", ended.screen.err());
    }
    let long = vec![b'x'; 70_000];
    let ended = create(
        &MockApi::new(),
        "--user-data -",
        Fake::default().with_input(&long),
    );
    let err = ended.screen.err();
    assert!(
        err.contains("--user-data must be at most 65536 bytes long, not 70000"),
        "{err}"
    );
}

#[test]
fn user_data_that_are_no_text_go_in_base64_and_warnings_are_told() {
    let mut api = MockApi::new();
    let gzip = vec![0x1f, 0x8b, 0xff];
    let sent = gzip.clone();
    api.expect_create_vm()
        .withf(move |request, _| {
            let data = request.user_data.as_ref().map(UserData::as_bytes);
            data == Some(&sent) && request.strict
        })
        .return_once(|_, _| {
            let warning = json!({"field": "user_data", "message": "is odd: look at it"});
            let warning = serde_json::from_value(warning).unwrap();
            Ok(CreatedVm::new(a_new_vm(), None, false).with_warnings(vec![warning]))
        });
    let ended = create(
        &api,
        "--user-data - --strict --no-wait",
        Fake::default().with_input(&gzip),
    );
    assert_eq!(ended.exit.code(), 0);
    let err = ended.screen.err();
    assert!(
        err.contains("warning: --user-data is odd: look at it"),
        "{err}"
    );
}

#[test]
fn refusals_have_their_exit_codes() {
    for (kind, code) in [
        (ErrorKind::Quota, 6),
        (ErrorKind::Conflict, 5),
        (ErrorKind::Unauthorized, 4),
        (ErrorKind::KeyReused, 5),
    ] {
        let ended = create(&refusing(kind, "no"), "", Fake::default());
        assert_eq!(ended.exit.code(), code);
        assert!(
            ended
                .screen
                .err()
                .starts_with("error: the VM example.com was not created\n")
        );
    }
}

#[test]
fn an_unknown_outcome_says_how_to_repeat_safely() {
    let api = cut_off();
    create(&api, "--idempotency-key k-1", Fake::default()).golden_but_why("vm-create/unknown.txt");

    let ended = create(&api, "-o json", Fake::default());
    let error: Value = serde_json::from_str(&ended.screen.err()).unwrap();
    let key = error["error"]["idempotency_key"].as_str().unwrap();
    assert!(error["error"]["next"][0].as_str().unwrap().contains(key));
}

#[test]
fn an_ambiguous_outcome_lists_what_it_may_be() {
    let kind = ErrorKind::Ambiguous {
        key: IdempotencyKey::new("k-1").unwrap(),
        candidates: vec![a_vm(json!({}))],
    };
    let mut api = MockApi::new();
    let error = Error::new(kind, "create_vm", "the server doesn't honour keys");
    api.expect_resume_create_vm()
        .return_once(move |_, _, _| Err(error));
    create(&api, "--idempotency-key k-1", Fake::default()).golden("vm-create/ambiguous.txt");
}

fn refused_with(more: &str) -> String {
    let args = args(more);
    refused(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn what_is_no_value_at_all_is_a_usage_error() {
    for (more, flag) in [
        ("--idempotency-key é", "--idempotency-key"),
        ("--timeout 0s", "--timeout"),
        ("--timeout soon", "--timeout"),
        ("--ssh-key=", "--ssh-key"),
        ("--label role", "--label"),
    ] {
        assert!(refused_with(more).contains(flag), "{more}");
    }
    let sizes = "vm create a --region r --image i --size big --cpu 1 --disk-size 1";
    assert!(refused(&sizes.split(' ').collect::<Vec<_>>()).contains("must be a number"));
    assert!(refused(&["vm", "create", "a"]).contains("--disk-size"));
}

#[test]
fn a_key_is_named_by_its_name_too() {
    let (mut api, sent) = accepting();
    api.expect_list_keys().returning(|_, _| {
        let key = |id: u64, name: &str| {
            let key = json!({"id": id, "name": name, "fingerprint": "f", "public_key": "k"});
            serde_json::from_value(key).unwrap()
        };
        Ok(cloudsfor_core::Page::whole(vec![
            key(8, "laptop"),
            key(9, "desk"),
        ]))
    });
    let ended = create(
        &api,
        "--ssh-key desk --ssh-key 7 --no-wait -q",
        Fake::default(),
    );
    assert_eq!(ended.exit.code(), 0, "{}", ended.screen.err());
    assert_eq!(sent.lock().unwrap().as_ref().unwrap().ssh_keys, [9, 7]);
    let unknown = create(&api, "--ssh-key none", Fake::default());
    assert_eq!(unknown.exit.code(), 3);
}

#[test]
fn the_created_vm_can_be_named_alone() {
    let (mut api, _) = accepting();
    api.expect_wait_vm()
        .returning(|_, _, _| Ok(a_vm(json!({}))));
    let ended = create(&api, "-o id", Fake::default());
    assert_eq!(ended.screen.out(), format!("{ID}\n"));
}
