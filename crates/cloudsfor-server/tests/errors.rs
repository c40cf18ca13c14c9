//! Bad requests: each is a clear answer, and nothing half-made remains.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use axum::body::Body;
use common::{EMAIL, TestCloud, basic, example, request};
use http::Request;
use serde_json::{Value, json};

/// Every error has this form, whatever went wrong.
#[track_caller]
fn check_form(answer: &common::Answer) -> Value {
    let json = answer.json();
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(json["request_id"].as_str(), answer.header("x-request-id"));
    assert_eq!(answer.header("idempotency-key-retention"), Some("86400"));
    assert!(!json["message"].as_str().unwrap().is_empty());
    json
}

#[tokio::test]
async fn without_right_credentials_every_operation_is_refused() {
    let cloud = TestCloud::new().await;
    let right = basic(EMAIL, common::PASSWORD);
    for operation in cloudsfor_types::operations::OPERATIONS {
        let path = operation
            .path
            .replace("{id}", "9a33ef4fec394360a88e3c60b78b5dbc");
        for header in [
            None,
            Some(basic(EMAIL, "wrong")),
            Some(basic("other@example.com", "password")),
            Some("Bearer x".into()),
            Some(right.replace("Basic", "Digest")),
        ] {
            let mut builder = Request::builder()
                .method(operation.method.as_str())
                .uri(format!("/api/v1{path}"));
            if let Some(header) = &header {
                builder = builder.header("authorization", header);
            }
            let answer = cloud.send(builder.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, 401, "{} {header:?}", operation.name);
            assert!(
                answer
                    .header("www-authenticate")
                    .unwrap()
                    .starts_with("Basic")
            );
            assert_eq!(check_form(&answer)["id"], "unauthorized");
        }
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_object_are_refused() {
    let cloud = TestCloud::new().await;
    for malformed in [
        "",
        " ",
        "{",
        "{\"name\":1,\"name\":2}",
        "nonsense",
        "{}{}",
        "\u{feff}{}",
    ] {
        let answer = cloud.send(request("POST", "/vms", Some(malformed))).await;
        assert_eq!(answer.status, 400, "{malformed:?}");
        assert_eq!(check_form(&answer)["id"], "bad_request");
    }
    for other in ["[]", "7", "\"x\"", "null"] {
        let answer = cloud.send(request("POST", "/vms", Some(other))).await;
        assert_eq!(answer.faults(), ["body"], "{other}");
    }
    assert_eq!(cloud.get("/vms").await.json()["vms"], json!([]));
}

#[tokio::test]
async fn every_fault_of_a_body_is_named() {
    let cloud = TestCloud::new().await;
    let answer = cloud.create(json!({})).await;
    check_form(&answer);
    assert_eq!(
        answer.faults(),
        ["cpu", "disk_size", "image", "name", "region", "size"]
    );
    let wrong = json!({"name": "-", "region": 1, "image": "", "size": "1", "cpu": 0.5, "disk_size": -1,
        "ssh_key": [1], "backups": 1, "plan": "free"});
    assert_eq!(
        cloud.create(wrong).await.faults(),
        [
            "backups",
            "cpu",
            "disk_size",
            "image",
            "name",
            "plan",
            "region",
            "size",
            "ssh_key"
        ]
    );
    for (field, values) in [
        (
            "name",
            vec![
                json!(""),
                json!("a b"),
                json!("a_b"),
                json!("a."),
                json!("x".repeat(300)),
                json!("\u{1b}[31mred"),
                json!("9a33ef4fec394360a88e3c60b78b5dbc"),
                json!(null),
            ],
        ),
        (
            "size",
            vec![
                json!(0),
                json!(-1),
                json!(0.3),
                json!(1024.25),
                json!(1e300),
                json!("1"),
            ],
        ),
        (
            "cpu",
            vec![
                json!(0),
                json!(-1),
                json!(1.5),
                json!(129),
                json!(1e300),
                json!(u64::MAX),
            ],
        ),
        (
            "disk_size",
            vec![json!(0), json!(-1), json!(1.5), json!(65537), json!(1e300)],
        ),
        ("region", vec![json!("atlantis"), json!("")]),
        ("image", vec![json!("plan-9"), json!("../etc/passwd")]),
        ("user_data", vec![json!("x".repeat(70_000)), json!(1)]),
        (
            "labels",
            vec![json!({"a": 1}), json!(["a"]), json!({"": "x"})],
        ),
    ] {
        for value in values {
            let mut body = example("example.com");
            body[field] = value.clone();
            assert_eq!(
                cloud.create(body).await.faults(),
                [field],
                "{field} = {value}"
            );
        }
    }
    let mut body = example("example.com");
    body["ssh_keys"] = json!([7]);
    assert_eq!(cloud.create(body).await.faults(), ["ssh_keys[0]"]);
    // Also those that only the service can find.
    let wrong = json!({"name": "a_b", "region": "mars", "image": "nope", "size": 1, "cpu": 0, "disk_size": 1,
        "ssh_keys": [7]});
    assert_eq!(
        cloud.create(wrong).await.faults(),
        ["cpu", "image", "name", "region", "ssh_keys[0]"]
    );
    let huge = example("a")
        .to_string()
        .replace("\"cpu\":1", "\"cpu\":1e400");
    assert_eq!(
        cloud
            .send(request("POST", "/vms", Some(&huge)))
            .await
            .faults(),
        ["cpu"]
    );
    let many = "label=a=b&".repeat(1000);
    assert_eq!(cloud.get(&format!("/vms?{many}")).await.faults(), ["label"]);
    assert_eq!(cloud.get("/vms").await.json()["vms"], json!([]));
}

#[tokio::test]
async fn the_documented_curl_line_names_the_two_fields_it_lacks() {
    let cloud = TestCloud::new().await;
    let body = json!({"name":"example.com","region":"moscow_01","size":1,"image":"fedora-19",
        "ssh_keys":null,"backups":false,"ipv6":false,"user_data":null,"private_networking":null});
    assert_eq!(cloud.create(body).await.faults(), ["cpu", "disk_size"]);
}

#[tokio::test]
async fn a_body_must_be_declared_as_json() {
    let cloud = TestCloud::new().await;
    let body = example("example.com").to_string();
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/json; charset=utf-16"),
    ] {
        let mut request = request("POST", "/vms", Some(&body));
        request.headers_mut().remove("content-type");
        if let Some(content_type) = content_type {
            request
                .headers_mut()
                .insert("content-type", content_type.parse().unwrap());
        }
        let answer = cloud.send(request).await;
        assert_eq!(answer.status, 415, "{content_type:?}");
        assert_eq!(check_form(&answer)["id"], "unsupported_media_type");
    }
    // A type without a body, as the documents send it, is never an error.
    let mut get = request("GET", "/vms", None);
    get.headers_mut()
        .insert("content-type", "application/json".parse().unwrap());
    assert_eq!(cloud.send(get).await.status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let cloud = TestCloud::new().await;
    let mut body = example("example.com");
    body["user_data"] = json!("x".repeat(cloudsfor_server::http::BODY_LIMIT));
    let answer = cloud.create(body).await;
    assert_eq!(answer.status, 413);
    assert_eq!(check_form(&answer)["id"], "payload_too_large");
}

#[tokio::test]
async fn unknown_ids_and_paths_are_not_found() {
    let cloud = TestCloud::new().await;
    for path in [
        "/vms/9a33ef4fec394360a88e3c60b78b5dbc",
        "/vms/x",
        "/vms/..%2f..%2fetc",
        "/vms/%ff",
        "/vms/a%2Fb",
        "/vms/",
        "/vms/x/y",
        "/nothing",
        "",
        "/vms/x/snapshots",
    ] {
        let answer = cloud.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(check_form(&answer)["id"], "not_found");
    }
    let outside = Request::builder().uri("/").body(Body::empty()).unwrap();
    assert_eq!(cloud.send(outside).await.status, 404);
}

#[tokio::test]
async fn another_method_names_those_there_are() {
    let cloud = TestCloud::new().await;
    for (method, path, allowed) in [
        ("PUT", "/vms", ["GET", "POST"]),
        ("PATCH", "/vms/x", ["GET", "DELETE"]),
    ] {
        let answer = cloud.call(method, path, None).await;
        assert_eq!(answer.status, 405);
        assert_eq!(check_form(&answer)["id"], "method_not_allowed");
        let allow = answer.header("allow").unwrap();
        for method in allowed {
            assert!(allow.contains(method), "{allow}");
        }
    }
}

#[tokio::test]
async fn another_accounts_things_are_not_found() {
    // Everything that has an id, made by one account and asked for by another.
    let cloud = TestCloud::new().await;
    let vm = cloud.running("example.com").await;
    cloud
        .done(&vm, json!({"type": "snapshot", "name": "s"}))
        .await;
    let snapshot = cloud.vm(&vm).await["snapshot_ids"][0]
        .as_str()
        .unwrap()
        .to_owned();
    let action = cloud.get("/actions").await.json()["actions"][0]["action_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let network = cloud
        .call("POST", "/networks", Some(json!({"name": "n"})))
        .await
        .json()["network"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    cloud
        .call(
            "POST",
            &format!("/networks/{network}/vms"),
            Some(json!({"vm_id": vm})),
        )
        .await;
    cloud
        .call(
            "POST",
            "/domains",
            Some(json!({"name": "example.com", "ip_address": "192.0.2.1"})),
        )
        .await;
    let records = cloud.get("/domains/example.com/records").await.json();
    let own = records["domain_records"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["data"] == "192.0.2.1")
        .unwrap();
    let record = own["id"].to_string();
    let public_key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGm+KR/T2v3cKqATkQ+0ILNiuxsc09H5ngf1HwMJcTEB";
    let key = cloud
        .call(
            "POST",
            "/keys",
            Some(json!({"name": "k", "public_key": public_key})),
        )
        .await
        .json()["ssh_key"]["id"]
        .to_string();

    let stranger = cloud.stranger().await;
    let mut asked = 0;
    for operation in cloudsfor_types::operations::OPERATIONS {
        let path = operation
            .path
            .replace("{id}", &vm)
            .replace("{snapshot_id}", &snapshot)
            .replace("{action_id}", &action)
            .replace("{network_id}", &network)
            .replace("{name}", "example.com")
            .replace("{record_id}", &record)
            .replace("{key}", &key);
        assert!(
            !path.contains('{'),
            "this test doesn't know an id of {path}"
        );
        let body = match operation.name {
            "update_vm" => Some(json!({})),
            "create_vm_action" => Some(json!({"type": "reboot"})),
            "update_key" => Some(json!({"name": "mine"})),
            "join_network" => Some(json!({"vm_id": vm})),
            "create_record" | "update_record" => {
                Some(json!({"type": "A", "name": "x", "data": "192.0.2.9"}))
            }
            _ => None,
        };
        if operation.path.contains('{') {
            let answer = stranger.call(operation.method.as_str(), &path, body).await;
            assert_eq!(answer.status, 404, "{} {path}", operation.name);
            check_form(&answer);
            asked += 1;
        } else if operation.method.as_str() == "GET"
            && ![
                "get_account",
                "list_regions",
                "list_distros",
                "watch_events",
            ]
            .contains(&operation.name)
        {
            let answer = stranger.call("GET", &path, None).await;
            assert_eq!(answer.json()["meta"]["total"], 0, "{path}");
            asked += 1;
        }
    }
    assert!(asked > 25);
    // A snapshot of another account is no image, and its domain can't be built upon.
    let mut body = example("x");
    body["image"] = json!(snapshot);
    assert_eq!(stranger.create(body).await.faults(), ["image"]);
    for name in ["example.com", "www.example.com"] {
        let answer = stranger
            .call("POST", "/domains", Some(json!({"name": name})))
            .await;
        assert_eq!(answer.status, 409, "{name}");
    }
    // All is as it was.
    assert_eq!(cloud.vm(&vm).await["locked"], false);
    assert_eq!(
        cloud.get("/domains/example.com/records").await.json(),
        records
    );
}

#[tokio::test]
async fn health_and_the_description_need_no_credentials() {
    let cloud = TestCloud::new().await;
    for (path, contains) in [
        ("/healthz", "ok"),
        ("/readyz", "ready"),
        ("/api/v1/openapi.json", "\"openapi\": \"3.1.0\""),
        ("/api/v1/openapi.json?version=3.0", "\"openapi\": \"3.0.3\""),
        ("/api/v1/docs", "<title>CloudsFor API</title>"),
    ] {
        let answer = cloud
            .send(Request::get(path).body(Body::empty()).unwrap())
            .await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            String::from_utf8_lossy(&answer.body).contains(contains),
            "{path}"
        );
    }
    let other = Request::get("/api/v1/openapi.json?version=2.0");
    let answer = cloud.send(other.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 422);
    // No path near it is open.
    for path in [
        "/api/v1/openapi.json/",
        "/api/v1/OPENAPI.json",
        "/api/v1/vms",
    ] {
        let answer = cloud
            .send(Request::get(path).body(Body::empty()).unwrap())
            .await;
        assert_eq!(answer.status, 401, "{path}");
    }
    cloud.cloud.close().await;
    let answer = cloud
        .send(Request::get("/readyz").body(Body::empty()).unwrap())
        .await;
    assert_eq!(answer.status, 503);
}

#[tokio::test]
async fn lists_are_compressed_where_that_is_asked_for_and_things_are_not() {
    let cloud = TestCloud::new().await;
    let ask = async |path: &str| {
        let mut request = request("GET", path, None);
        let accepted = "gzip, deflate".parse().unwrap();
        request.headers_mut().insert("accept-encoding", accepted);
        cloud.send(request).await
    };
    let short = ask("/vms").await;
    assert_eq!(short.header("content-encoding"), None);
    for name in ["a", "b", "c", "d"] {
        cloud.create(example(name)).await;
    }
    let long = ask("/vms").await;
    assert_eq!(long.header("content-encoding"), Some("gzip"));
    assert_eq!(long.header("vary"), Some("accept-encoding"));
    assert_eq!(cloud.get("/vms").await.header("content-encoding"), None);
    let listed = cloud.get("/vms").await.json();
    let id = listed["vms"][0]["id"].as_str().unwrap();
    assert_eq!(
        ask(&format!("/vms/{id}")).await.header("content-encoding"),
        None
    );
}
