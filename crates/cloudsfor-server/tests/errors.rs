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
