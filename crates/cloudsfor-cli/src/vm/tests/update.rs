use cloudsfor_core::{Error, ErrorKind, MockApi};
use cloudsfor_types::UpdateVm;
use serde_json::json;

use crate::terminal::fake::Fake;
use crate::testing::{Ended, ID, a_vm, refused, run};

/// Updates the VM by these arguments, which must ask for this.
fn update(args: &[&str], wanted: UpdateVm) -> Ended {
    let mut api = MockApi::new();
    api.expect_update_vm()
        .withf(move |id, request, _| id.as_str() == ID && *request == wanted)
        .once()
        .return_once(|_, _, _| Ok(a_vm(json!({"labels": {"a": "b"}, "protected": true}))));
    let args: Vec<_> = ["vm", "update", ID].iter().chain(args).copied().collect();
    run(&api, &args, Fake::default())
}

fn labels<const N: usize>(labels: [(&str, &str); N]) -> UpdateVm {
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
    UpdateVm::default().with_labels(labels.into())
}

#[test]
fn only_what_is_named_is_changed() {
    update(&["--protect"], UpdateVm::default().with_protected(true)).golden("vm-update/done.txt");
    for (args, wanted) in [
        (
            &["--unprotect"][..],
            UpdateVm::default().with_protected(false),
        ),
        (&["--no-labels"], labels([])),
        (
            &["--label", "a=b", "--label", "c="],
            labels([("a", "b"), ("c", "")]),
        ),
        (
            &["--label", "a=b", "--protect"],
            labels([("a", "b")]).with_protected(true),
        ),
    ] {
        assert_eq!(update(args, wanted).exit.code(), 0, "{args:?}");
    }
}

#[test]
fn what_contradicts_itself_or_changes_nothing_is_a_usage_error() {
    for args in [
        &["vm", "update", ID][..],
        &["vm", "update", "--protect"],
        &["vm", "update", ID, "--protect", "--unprotect"],
        &["vm", "update", ID, "--no-labels", "--label", "a=b"],
        &["vm", "update", ID, "--label", "a"],
    ] {
        assert!(refused(args).starts_with("error:"), "{args:?}");
    }
}

#[test]
fn labels_that_break_rules_are_not_sent() {
    // The API expects no call at all.
    let args = ["vm", "update", ID, "--label", "a=b", "--label", "a=c"];
    run(&MockApi::new(), &args, Fake::default()).golden("vm-update/invalid.txt");
}

#[test]
fn an_error_names_the_vm() {
    let mut api = MockApi::new();
    api.expect_update_vm()
        .return_once(|_, _, _| Err(Error::new(ErrorKind::NotFound, "update_vm", "no such VM")));
    let args = ["vm", "update", ID, "--protect"];
    run(&api, &args, Fake::default()).golden("vm-update/not-found.txt");
}
