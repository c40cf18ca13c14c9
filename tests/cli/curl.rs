//! The documented curl lines, run by the real curl, with only the scheme, host,
//! credentials and id changed.

use std::path::Path;
use std::process::Command;

use cloudsfor_tests::binary::{Ended, run};
use cloudsfor_tests::served::Served;
use serde_json::{Value, json};

/// The credentials that the documents use are those of the tests' account.
const DOCUMENTED_ID: &str = "9a33ef4fec394360a88e3c60b78b5dbc";

/// What curl got.
struct Answer {
    status: u16,
    content_type: String,
    body: String,
}

/// Runs the published line of this operation, with changes to its text.
fn documented(operation: &str, service: &Served, changes: &[(&str, &str)]) -> Answer {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/documented");
    let mut line = std::fs::read_to_string(folder.join(format!("{operation}.curl.txt"))).unwrap();
    let base = service.endpoint.strip_suffix("/api/v1").unwrap();
    let host = ("https://cloudsfor.com", base);
    for (from, to) in [&[host], changes].concat() {
        assert!(line.contains(from), "{line} has no {from}");
        line = line.replace(from, to);
    }
    // Not changes to the request: how curl tells what it got.
    let line = format!(
        "{} --noproxy '*' --silent --show-error --max-time 30 --write-out '\\n%{{http_code}} %{{content_type}}'",
        line.trim()
    );
    let Ended { stdout, .. } = run(Command::new("sh").args(["-c", &line])).ok();
    let (body, told) = stdout.rsplit_once('\n').unwrap();
    let (status, content_type) = told.split_once(' ').unwrap();
    Answer {
        status: status.parse().unwrap(),
        content_type: content_type.to_owned(),
        body: body.to_owned(),
    }
}

fn json_of(answer: &Answer) -> Value {
    assert_eq!(answer.content_type, "application/json; charset=utf-8");
    serde_json::from_str(&answer.body).unwrap()
}

#[test]
fn the_documented_lines_work() {
    let dir = tempfile::tempdir().unwrap();
    let service = Served::start(&dir.path().join("data"));

    // Without the two attributes that are required and that it lacks.
    let refused = documented("create", &service, &[]);
    let error = json_of(&refused);
    assert_eq!(
        (refused.status, &error["id"]),
        (422, &json!("unprocessable_entity"))
    );
    let fields: Vec<_> = error["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| &field["name"])
        .collect();
    assert_eq!(fields, ["cpu", "disk_size"]);

    let created = documented(
        "create",
        &service,
        &[("\"size\":1", "\"size\":1,\"cpu\":1,\"disk_size\":10")],
    );
    assert_eq!(created.status, 202);
    let vm = &json_of(&created)["vm"];
    assert_eq!(
        (&vm["status"], &vm["locked"]),
        (&json!("new"), &json!(true))
    );
    let id = vm["id"].as_str().unwrap();

    let listed = documented("list", &service, &[]);
    assert_eq!(listed.status, 200);
    assert_eq!(json_of(&listed)["vms"][0]["id"], *id);

    let retrieved = documented("retrieve", &service, &[(DOCUMENTED_ID, id)]);
    assert_eq!(retrieved.status, 200);
    assert_eq!(json_of(&retrieved)["vm"]["name"], "example.com");

    let deleted = documented("delete", &service, &[(DOCUMENTED_ID, id)]);
    assert_eq!((deleted.status, deleted.body.as_str()), (204, ""));
    assert_eq!(deleted.content_type, "application/octet-stream");

    let unauthorized = documented("list", &service, &[(":password", ":wrong")]);
    assert_eq!(unauthorized.status, 401);
}
