use async_trait::async_trait;
use cloudsfor_core::{Api, CallOptions, Client, Error, ErrorKind, MockApi, Page, Result, Vms};
use cloudsfor_types::{Vm, VmId};
use serde_json::json;

use crate::terminal::fake::Fake;
use crate::testing::{
    Ended, ID, OTHER_ID, a_full_vm, a_hostile_vm, a_vm, cut_off, only_vms, refused, run,
};

/// A cloud with two VMs, in which the deletion of `unwilling` fails.
fn cloud(unwilling: &'static str) -> MockApi {
    let mut api = MockApi::new();
    api.expect_get_vm().returning(|id, _| match id.as_str() {
        ID => Ok(a_vm(json!({}))),
        OTHER_ID => Ok(a_full_vm()),
        _ => Err(Error::new(
            ErrorKind::NotFound,
            "get_vm",
            "there is no such VM",
        )),
    });
    api.expect_list_vms()
        .returning(|_, _, _| Ok(Page::whole(vec![a_vm(json!({})), a_full_vm()])));
    api.expect_delete_vm().returning(move |id, _| {
        if id.as_str() == unwilling {
            Err(Error::new(
                ErrorKind::Protected,
                "delete_vm",
                "it is protected",
            ))
        } else {
            Ok(())
        }
    });
    api
}

/// A cloud in which a deletion is the test's failure.
fn untouchable() -> MockApi {
    let mut api = MockApi::new();
    api.expect_get_vm().returning(|id, _| match id.as_str() {
        ID => Ok(a_vm(json!({}))),
        _ => Err(Error::new(
            ErrorKind::NotFound,
            "get_vm",
            "there is no such VM",
        )),
    });
    api
}

fn delete(api: &dyn Api, args: &[&str], fake: Fake) -> Ended {
    let args: Vec<_> = ["vm", "delete"].iter().chain(args).copied().collect();
    run(api, &args, fake)
}

#[test]
fn a_person_is_shown_what_will_be_lost_and_asked() {
    let ended = delete(&cloud(""), &[ID, OTHER_ID], Fake::person(80).types("yes\n"));
    ended.golden("vm-delete/asked.txt");
}

#[test]
fn anything_but_a_yes_deletes_nothing() {
    for answer in ["", "n", "no", "yep", "example.com"] {
        let ended = delete(&untouchable(), &[ID], Fake::person(80).types(answer));
        assert_eq!(ended.exit.code(), 1);
        assert_eq!(ended.screen.out(), "");
        assert!(ended.screen.err().ends_with("Nothing was deleted.\n"));
    }
}

#[test]
fn without_a_terminal_nothing_is_done_unless_told_yes() {
    // The API expects no call at all.
    delete(&MockApi::new(), &[ID], Fake::default()).golden("vm-delete/no-terminal.txt");
    delete(&cloud(""), &[ID, "--yes"], Fake::default()).golden("vm-delete/yes.txt");
}

#[test]
fn one_that_is_not_found_saves_all() {
    let args = [ID, "id:gone", "--yes"];
    delete(&untouchable(), &args, Fake::default()).golden("vm-delete/not-found.txt");
}

#[test]
fn a_vm_named_twice_is_deleted_once() {
    let args = [
        ID,
        "id:9a33ef4fec394360a88e3c60b78b5dbc",
        "example.com",
        "-y",
    ];
    let ended = delete(&cloud(""), &args, Fake::default());
    assert_eq!(ended.screen.out().lines().count(), 1);
}

#[test]
fn a_partial_failure_says_what_became_of_each() {
    let args = [ID, OTHER_ID, "--yes"];
    delete(&cloud(ID), &args, Fake::default()).golden("vm-delete/partial.txt");
    let args = [ID, OTHER_ID, "--yes", "-o", "json"];
    delete(&cloud(ID), &args, Fake::default()).golden("vm-delete/partial-json.txt");
}

#[test]
fn a_failure_of_all_ends_with_its_own_code() {
    let ended = delete(&cloud(ID), &[ID, "--yes"], Fake::default());
    assert_eq!(ended.exit.code(), 5);
}

#[test]
fn ids_or_names_of_the_deleted_come_alone() {
    for (format, out) in [("id", ID), ("name", "example.com")] {
        let ended = delete(&cloud(""), &[ID, "-y", "-o", format], Fake::default());
        assert_eq!(ended.screen.out(), format!("{out}\n"));
    }
}

#[test]
fn an_ambiguous_name_deletes_nothing() {
    let mut api = MockApi::new();
    api.expect_list_vms().returning(|_, _, _| {
        let twin = a_vm(json!({"id": OTHER_ID}));
        Ok(Page::whole(vec![a_vm(json!({})), twin]))
    });
    let ended = delete(&api, &["example.com", "--yes"], Fake::default());
    assert_eq!(ended.exit.code(), 5);
    assert!(ended.screen.err().contains(OTHER_ID));
}

/// An API that finds VMs, and whose connection ends when one is to be deleted.
struct Forgetful(Client);

only_vms!(Forgetful);

#[async_trait]
impl Vms for Forgetful {
    async fn get_vm(&self, _: &VmId, _: &CallOptions) -> Result<Vm> {
        Ok(a_vm(json!({})))
    }

    async fn delete_vm(&self, id: &VmId, call: &CallOptions) -> Result<()> {
        self.0.delete_vm(id, call).await
    }
}

#[test]
fn a_lost_answer_is_not_taken_for_a_failure() {
    let api = Forgetful(cut_off());
    delete(&api, &[ID, "--yes"], Fake::default()).golden_but_why("vm-delete/unknown.txt");
}

#[test]
fn an_empty_argument_is_a_usage_error() {
    for args in [
        &["vm", "delete"][..],
        &["vm", "delete", ""],
        &["vm", "delete", ID, "", "-y"],
    ] {
        assert!(refused(args).starts_with("error:"));
    }
}

#[test]
fn a_hostile_name_cannot_forge_the_question() {
    let mut api = MockApi::new();
    api.expect_get_vm().returning(|_, _| Ok(a_hostile_vm()));
    let ended = delete(&api, &[ID], Fake::person(80).types("n"));
    assert!(
        !ended
            .screen
            .err()
            .contains(['\u{1b}', '\r', '\u{9b}', '\u{202e}'])
    );
}
