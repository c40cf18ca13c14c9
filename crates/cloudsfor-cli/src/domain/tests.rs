//! Each verb as its user meets it: what it asks of the API, and its screens.

use cloudsfor_core::{Error, ErrorKind, MockApi, Page};
use cloudsfor_types::{Domain, DomainRecord, RecordSpec, RecordType};
use serde_json::{Value, json};

use crate::terminal::fake::Fake;
use crate::testing::{Ended, cut_off, refused, run};

fn a_domain(name: &str) -> Domain {
    let domain = json!({"name": name, "ttl": 1800, "zone_file": "$ORIGIN example.com.\n"});
    serde_json::from_value(domain).unwrap()
}

fn a_record(id: u64) -> DomainRecord {
    let record = json!({"id": id, "type": "MX", "name": "@", "data": "mail", "priority": 10,
                        "port": null, "weight": null});
    serde_json::from_value(record).unwrap()
}

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "an_operation", "the server says no")
}

fn command_as(api: &MockApi, args: &[&str], fake: Fake) -> Ended {
    let args: Vec<_> = ["domain"].iter().chain(args).copied().collect();
    run(api, &args, fake)
}

fn command(api: &MockApi, args: &[&str]) -> Ended {
    command_as(api, args, Fake::default())
}

/// A cloud with every domain but `gone.com`, of which none may be deleted.
fn untouchable() -> MockApi {
    let mut api = MockApi::new();
    api.expect_get_domain().returning(|name, _| match name {
        "gone.com" => Err(error(ErrorKind::NotFound)),
        name => Ok(a_domain(name)),
    });
    api
}

#[test]
fn domains_are_listed_and_shown() {
    let list = |domains| {
        let mut api = MockApi::new();
        api.expect_list_domains()
            .return_once(|_, _| Ok(Page::whole(domains)));
        command(&api, &["list"])
    };
    list(vec![a_domain("example.com")]).golden("domain-list/pipe.txt");
    list(Vec::new()).golden("domain-list/empty.txt");
    command(&untouchable(), &["get", "example.com"]).golden("domain-get/pipe.txt");
    assert_eq!(command(&untouchable(), &["get", "gone.com"]).exit.code(), 3);
    let shown = command(&untouchable(), &["get", "example.com", "-o", "json"]);
    let domain: Value = serde_json::from_str(&shown.screen.out()).unwrap();
    assert_eq!(domain["zone_file"], "$ORIGIN example.com.\n");
}

#[test]
fn a_domain_is_created() {
    for (more, ip) in [
        (&[][..], None),
        (&["--ip-address", "192.0.2.1"], Some("192.0.2.1")),
    ] {
        let mut api = MockApi::new();
        api.expect_create_domain()
            .withf(move |request, _| {
                request.name == "example.com"
                    && request.ip_address == ip.map(|ip| ip.parse().unwrap())
            })
            .once()
            .return_once(|_, _| Ok(a_domain("example.com")));
        let args: Vec<_> = ["create", "example.com"]
            .iter()
            .chain(more)
            .copied()
            .collect();
        assert_eq!(command(&api, &args).exit.code(), 0);
    }
    let wrong = ["create", "com", "--ip-address", "::1"];
    command(&MockApi::new(), &wrong).golden("domain-create/invalid.txt");
    let ended = run(&cut_off(), &["domain", "create", "a.com"], Fake::default());
    ended.golden_but_why("domain-create/unknown.txt");
}

#[test]
fn domains_are_deleted_when_confirmed() {
    let mut api = untouchable();
    api.expect_delete_domain().returning(|_, _| Ok(()));
    let both = ["delete", "example.com", "example.org"];
    let ended = command_as(&api, &both, Fake::person(80).types("y"));
    ended.golden("domain-delete/asked.txt");
    let ended = command(&api, &["delete", "example.com", "--yes"]);
    ended.golden("domain-delete/yes.txt");

    let ended = command_as(&untouchable(), &both, Fake::person(80).types("no"));
    assert_eq!(ended.exit.code(), 1);
    assert_eq!(command(&MockApi::new(), &both).exit.code(), 2);
    let slip = ["delete", "example.com", "gone.com", "-y"];
    assert_eq!(command(&untouchable(), &slip).exit.code(), 3);
}

#[test]
fn records_are_listed_and_shown() {
    let list = |records, fake| {
        let mut api = MockApi::new();
        api.expect_list_records()
            .withf(|domain, _, _| domain == "example.com")
            .return_once(|_, _, _| Ok(Page::whole(records)));
        command_as(&api, &["record", "list", "example.com"], fake)
    };
    let two = || vec![a_record(7), a_record(12)];
    list(two(), Fake::default()).golden("domain-record-list/pipe.txt");
    list(two(), Fake::person(40)).golden("domain-record-list/40-columns.txt");
    list(Vec::new(), Fake::default()).golden("domain-record-list/empty.txt");

    let mut api = MockApi::new();
    api.expect_get_record().returning(|_, id, _| match id {
        7 => Ok(a_record(7)),
        _ => Err(error(ErrorKind::NotFound)),
    });
    let get = |id| command(&api, &["record", "get", "example.com", id]);
    get("7").golden("domain-record-get/pipe.txt");
    get("8").golden("domain-record-get/not-found.txt");
}

#[test]
fn a_record_is_created() {
    let mut api = MockApi::new();
    let wanted = RecordSpec {
        r#type: RecordType::Srv,
        name: "_sip._tcp".into(),
        data: "sip".into(),
        priority: Some(0),
        port: Some(5060),
        weight: Some(1),
    };
    api.expect_create_record()
        .withf(move |domain, request, _| domain == "example.com" && *request == wanted)
        .once()
        .return_once(|_, _, _| Ok(a_record(7)));
    let create = |more: &str| {
        let args = format!("record create example.com {more}");
        command(&api, &args.split_whitespace().collect::<Vec<_>>())
    };
    let srv = "--type SRV --name _sip._tcp --data sip --priority 0 --port 5060 --weight 1";
    assert_eq!(create(srv).exit.code(), 0);
    create("--type A --data 192.0.2 --port 1").golden("domain-record-create/invalid.txt");
    let args = [
        "domain",
        "record",
        "create",
        "a.com",
        "--type",
        "A",
        "--name",
        "@",
        "--data",
        "192.0.2.1",
    ];
    run(&cut_off(), &args, Fake::default()).golden_but_why("domain-record-create/unknown.txt");
}

#[test]
fn an_update_keeps_what_it_does_not_name() {
    let update = |more: &str, wanted: RecordSpec| {
        let mut api = MockApi::new();
        api.expect_get_record()
            .returning(|_, id, _| Ok(a_record(id)));
        api.expect_update_record()
            .withf(move |_, id, request, _| *id == 7 && *request == wanted)
            .once()
            .return_once(|_, _, _, _| Ok(a_record(7)));
        let args = format!("record update example.com 7 {more}");
        let ended = command(&api, &args.split_whitespace().collect::<Vec<_>>());
        assert_eq!(ended.exit.code(), 0);
    };
    let record = |kind, data: &str, priority| RecordSpec {
        r#type: kind,
        name: "@".into(),
        data: data.into(),
        priority,
        port: None,
        weight: None,
    };
    update("--priority 20", record(RecordType::Mx, "mail", Some(20)));
    update("--data mx", record(RecordType::Mx, "mx", Some(10)));
    update("--type NS --data ns1", record(RecordType::Ns, "ns1", None));
}

#[test]
fn records_are_deleted_after_all_are_found() {
    let mut api = MockApi::new();
    api.expect_get_record().returning(|_, id, _| match id {
        9 => Err(error(ErrorKind::NotFound)),
        id => Ok(a_record(id)),
    });
    api.expect_delete_record().returning(|_, id, _| match id {
        7 => Ok(()),
        _ => Err(error(ErrorKind::Forbidden)),
    });
    let delete = |ids: &[&str]| {
        let args: Vec<_> = ["record", "delete", "example.com"]
            .iter()
            .chain(ids)
            .copied()
            .collect();
        command(&api, &args)
    };
    assert_eq!(delete(&["7", "7"]).exit.code(), 0);
    delete(&["7", "8"]).golden("domain-record-delete/partial.txt");
    let slip = delete(&["7", "9"]);
    assert_eq!((slip.exit.code(), slip.screen.out()), (3, String::new()));
}

#[test]
fn what_is_no_domain_or_record_is_a_usage_error() {
    for args in [
        &["domain", "get", ""][..],
        &["domain", "get", ".."],
        &["domain", "delete", "a/b", "-y"],
        &["domain", "record", "list"],
        &["domain", "record", "create", "example.com"],
        &["domain", "record", "update", "example.com", "7"],
        &["domain", "record", "delete", "example.com"],
    ] {
        assert!(refused(args).starts_with("error:"));
    }
}
