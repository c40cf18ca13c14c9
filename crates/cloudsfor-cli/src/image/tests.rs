use cloudsfor_core::{Error, ErrorKind, MockApi, Page};
use cloudsfor_types::Distro;
use serde_json::json;

use crate::terminal::fake::Fake;
use crate::testing::{Ended, run};

fn list(args: &[&str], fake: Fake) -> Ended {
    let images: Vec<Distro> = serde_json::from_value(json!([
        {"id": "7", "name": "fedora-19", "description": "Fedora 19 x64", "image_type": "template"},
        {"id": 8, "name": "CentOS-6.6-x86_64-minimal.iso", "image_type": "iso"},
        {"id": "9", "name": "bare"},
    ]))
    .unwrap();
    let mut api = MockApi::new();
    api.expect_list_distros()
        .once()
        .return_once(|_, _| Ok(Page::whole(images)));
    let args: Vec<_> = ["image", "list"].iter().chain(args).copied().collect();
    run(&api, &args, fake)
}

#[test]
fn images_are_a_table_ids_or_names() {
    list(&[], Fake::default()).golden("image-list/pipe.txt");
    list(&[], Fake::person(60)).golden("image-list/60-columns.txt");
    let out = |format| list(&["-o", format], Fake::default()).screen.out();
    assert_eq!(out("id"), "7\n8\n9\n");
    assert_eq!(
        out("name"),
        "fedora-19\nCentOS-6.6-x86_64-minimal.iso\nbare\n"
    );
}

#[test]
fn an_error_has_its_exit_code() {
    let mut api = MockApi::new();
    let kind = ErrorKind::Server { retry_after: None };
    api.expect_list_distros()
        .return_once(|_, _| Err(Error::new(kind, "list_distros", "busy")));
    let ended = run(&api, &["image", "list"], Fake::default());
    assert_eq!(ended.exit.code(), 7);
}
