//! Each verb as its user meets it: what it asks of the API, and its screens.

use cloudsfor_core::{Error, ErrorKind, KeySelector, MockApi, Page};
use cloudsfor_types::SshKey;
use serde_json::{Value, json};

use crate::terminal::fake::Fake;
use crate::testing::{cut_off, refused, run};

const FINGERPRINT: &str = "SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDEMdOYWlsyMa2zvUU";
const PUBLIC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me@example.com";

fn a_key(id: u64) -> SshKey {
    let key = json!({"id": id, "name": "laptop", "fingerprint": FINGERPRINT, "public_key": PUBLIC});
    serde_json::from_value(key).unwrap()
}

fn no_such_key() -> Error {
    Error::new(ErrorKind::NotFound, "get_key", "there is no such key")
}

/// A cloud with the key 7, by its id or its fingerprint.
fn cloud() -> MockApi {
    let mut api = MockApi::new();
    api.expect_get_key().returning(|key, _| match key.as_str() {
        "7" | FINGERPRINT => Ok(a_key(7)),
        "8" => Ok(a_key(8)),
        _ => Err(no_such_key()),
    });
    api
}

#[test]
fn keys_are_listed() {
    let list = |keys, args: &[&str]| {
        let mut api = MockApi::new();
        api.expect_list_keys()
            .return_once(|_, _| Ok(Page::whole(keys)));
        let args: Vec<_> = ["key", "list"].iter().chain(args).copied().collect();
        run(&api, &args, Fake::default())
    };
    list(vec![a_key(7), a_key(12)], &[]).golden("key-list/pipe.txt");
    list(Vec::new(), &[]).golden("key-list/empty.txt");
    assert_eq!(list(vec![a_key(7)], &["-o", "id"]).screen.out(), "7\n");
    let shown = list(vec![a_key(7)], &["-o", "json"]).screen.out();
    let keys: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(keys[0]["id"], 7);
}

#[test]
fn a_key_is_found_by_its_id_or_fingerprint() {
    run(&cloud(), &["key", "get", "7"], Fake::default()).golden("key-get/pipe.txt");
    let ended = run(
        &cloud(),
        &["key", "get", FINGERPRINT, "-o", "id"],
        Fake::default(),
    );
    assert_eq!(ended.screen.out(), "7\n");
    run(&cloud(), &["key", "get", "9"], Fake::default()).golden("key-get/not-found.txt");
}

#[test]
fn a_key_is_added_from_a_file() {
    let mut api = MockApi::new();
    api.expect_create_key()
        .withf(|request, _| request.name == "laptop" && request.public_key.trim_end() == PUBLIC)
        .returning(|_, _| Ok(a_key(7)));
    let args = ["key", "create", "laptop", "--file", "-", "-o", "id"];
    let input = format!("{PUBLIC}\n");
    let ended = run(&api, &args, Fake::default().with_input(input.as_bytes()));
    assert_eq!(ended.screen.out(), "7\n");
}

#[test]
fn what_is_no_public_key_is_not_sent() {
    // The API expects no call at all.
    let create = |input: &[u8], more: &[&str]| {
        let args = ["key", "create", "a", "--file", "-"];
        let args: Vec<_> = args.iter().chain(more).copied().collect();
        run(&MockApi::new(), &args, Fake::default().with_input(input))
    };
    let private = b"-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n";
    let ended = create(private, &[]);
    assert!(!ended.screen.both().contains("c2VjcmV0"));
    ended.golden("key-create/private.txt");
    create(b"", &[]).golden("key-create/invalid.txt");
    create(b"\xff", &[]).golden("key-create/binary.txt");
    assert_eq!(create(b"", &["--password-stdin"]).exit.code(), 2);
    let args = ["key", "create", "a", "--file", "/nowhere/id.pub"];
    assert_eq!(run(&MockApi::new(), &args, Fake::default()).exit.code(), 2);
}

#[test]
fn a_key_that_is_there_is_a_conflict_and_a_lost_answer_leaves_doubt() {
    let mut api = MockApi::new();
    api.expect_create_key()
        .return_once(|_, _| Err(Error::new(ErrorKind::Conflict, "create_key", "it is there")));
    let args = ["key", "create", "laptop", "--file", "-"];
    let fake = || Fake::default().with_input(PUBLIC.as_bytes());
    run(&api, &args, fake()).golden("key-create/conflict.txt");
    run(&cut_off(), &args, fake()).golden_but_why("key-create/unknown.txt");
}

#[test]
fn a_key_is_renamed() {
    let mut api = MockApi::new();
    api.expect_update_key()
        .withf(|key, request, _| *key == KeySelector::from(7) && request.name == "desk")
        .once()
        .return_once(|_, _, _| Ok(a_key(7)));
    let ended = run(&api, &["key", "rename", "7", "desk"], Fake::default());
    assert_eq!(ended.exit.code(), 0);
    run(&api, &["key", "rename", "7", " "], Fake::default()).golden("key-rename/invalid.txt");
}

#[test]
fn keys_are_deleted_after_all_are_found() {
    let mut api = cloud();
    api.expect_delete_key()
        .returning(|key, _| match key.as_str() {
            "7" => Ok(()),
            _ => Err(no_such_key()),
        });
    let delete = |keys: &[&str]| {
        let args: Vec<_> = ["key", "delete"].iter().chain(keys).copied().collect();
        run(&api, &args, Fake::default())
    };
    delete(&["7", FINGERPRINT]).golden("key-delete/done.txt");
    delete(&["7", "8"]).golden("key-delete/partial.txt");
    let slip = delete(&["7", "9"]);
    assert_eq!((slip.exit.code(), slip.screen.out()), (3, String::new()));
}

#[test]
fn what_is_no_key_is_a_usage_error() {
    for args in [
        &["key", "get"][..],
        &["key", "get", ""],
        &["key", "create", "a"],
        &["key", "rename", "7"],
        &["key", "delete"],
    ] {
        assert!(refused(args).starts_with("error:"));
    }
}
