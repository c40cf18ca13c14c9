//! Each verb as its user meets it: what it asks of the API, and its screens.

use cloudsfor_core::{Error, ErrorKind, MockApi, Page};
use serde_json::json;

use crate::terminal::fake::Fake;
use crate::testing::{Ended, ID, OTHER_ID, a_snapshot, refused, run};

const SNAPSHOT_ID: &str = "5e7d1c9b3a8f4e60b2d4c6a8e0f19375";

fn not_found() -> Error {
    Error::new(
        ErrorKind::NotFound,
        "get_snapshot",
        "there is no such snapshot",
    )
}

/// A cloud with two snapshots, of which nothing may be deleted.
fn untouchable() -> MockApi {
    let mut api = MockApi::new();
    api.expect_get_snapshot()
        .returning(|id, _| match id.as_str() {
            SNAPSHOT_ID => Ok(a_snapshot(json!({}))),
            // A documented snapshot has no more than an id.
            OTHER_ID => Ok(serde_json::from_value(json!({"id": OTHER_ID})).unwrap()),
            _ => Err(not_found()),
        });
    api
}

/// The same, in which the deletion of `unwilling` fails.
fn cloud(unwilling: &'static str) -> MockApi {
    let mut api = untouchable();
    api.expect_delete_snapshot().returning(move |id, _| {
        if id.as_str() == unwilling {
            Err(not_found())
        } else {
            Ok(())
        }
    });
    api
}

fn delete(api: &MockApi, args: &[&str], fake: Fake) -> Ended {
    let args: Vec<_> = ["snapshot", "delete"].iter().chain(args).copied().collect();
    run(api, &args, fake)
}

#[test]
fn all_snapshots_or_those_of_a_vm_are_listed() {
    let all = |snapshots| {
        let mut api = MockApi::new();
        api.expect_list_snapshots()
            .return_once(|_, _| Ok(Page::whole(snapshots)));
        run(&api, &["snapshot", "list"], Fake::default())
    };
    all(vec![a_snapshot(json!({}))]).golden("snapshot-list/pipe.txt");
    all(Vec::new()).golden("snapshot-list/empty.txt");

    let mut api = MockApi::new();
    api.expect_list_vm_snapshots()
        .withf(|id, _, _| id.as_str() == ID)
        .return_once(|_, _, _| Ok(Page::whole(vec![a_snapshot(json!({}))])));
    let ended = run(&api, &["snapshot", "list", ID, "-o", "id"], Fake::default());
    assert_eq!(ended.screen.out(), format!("{SNAPSHOT_ID}\n"));
}

#[test]
fn a_snapshot_is_shown() {
    let get = |id: &str, fake| run(&untouchable(), &["snapshot", "get", id], fake);
    get(SNAPSHOT_ID, Fake::person(80)).golden("snapshot-get/terminal.txt");
    get(OTHER_ID, Fake::default()).golden("snapshot-get/bare.txt");
    get("id:7", Fake::default()).golden("snapshot-get/not-found.txt");
}

#[test]
fn a_person_is_shown_what_will_be_lost_and_asked() {
    let both = [SNAPSHOT_ID, OTHER_ID];
    delete(&cloud(""), &both, Fake::person(80).types("y")).golden("snapshot-delete/asked.txt");
    let ended = delete(&untouchable(), &both, Fake::person(80).types("no"));
    assert_eq!((ended.exit.code(), ended.screen.out()), (1, String::new()));
}

#[test]
fn without_a_terminal_nothing_is_done_unless_told_yes() {
    // The API expects no call at all.
    let ended = delete(&MockApi::new(), &[SNAPSHOT_ID], Fake::default());
    ended.golden("snapshot-delete/no-terminal.txt");
    let ended = delete(
        &cloud(""),
        &[SNAPSHOT_ID, SNAPSHOT_ID, "-y"],
        Fake::default(),
    );
    ended.golden("snapshot-delete/yes.txt");
}

#[test]
fn one_that_is_not_found_saves_all_and_one_that_fails_does_not() {
    let ended = delete(
        &untouchable(),
        &[SNAPSHOT_ID, "id:7", "--yes"],
        Fake::default(),
    );
    assert_eq!((ended.exit.code(), ended.screen.out()), (3, String::new()));
    let ended = delete(
        &cloud(OTHER_ID),
        &[OTHER_ID, SNAPSHOT_ID, "--yes"],
        Fake::default(),
    );
    ended.golden("snapshot-delete/partial.txt");
}

#[test]
fn what_is_no_id_is_a_usage_error() {
    for args in [
        &["snapshot", "get"][..],
        &["snapshot", "get", ""],
        &["snapshot", "delete"],
        &["snapshot", "delete", "id:", "-y"],
    ] {
        assert!(refused(args).starts_with("error:"));
    }
}
