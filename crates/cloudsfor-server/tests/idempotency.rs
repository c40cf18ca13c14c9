//! One key, one VM.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::time::Duration;

use axum::body::Body;
use common::{TestCloud, example, request};
use http::Request;
use serde_json::json;

fn keyed(key: &str, name: &str) -> Request<Body> {
    let mut request = request("POST", "/vms", Some(&example(name).to_string()));
    request
        .headers_mut()
        .insert("idempotency-key", key.parse().unwrap());
    request
}

#[tokio::test]
async fn a_repeated_request_is_answered_from_the_record() {
    let cloud = TestCloud::new().await;
    let first = cloud.send(keyed("key-1", "example.com")).await;
    assert_eq!(first.status, 202);
    assert_eq!(first.header("idempotent-replayed"), None);
    let id = first.json()["vm"]["id"].as_str().unwrap().to_owned();

    cloud.pass(common::CREATE_TIME).await;
    cloud.call("DELETE", &format!("/vms/{id}"), None).await;
    // Another process, after the VM is gone.
    let elsewhere = TestCloud {
        router: cloudsfor_server::http::router(
            cloud.other_process().await,
            &cloudsfor_server::http::ApiOptions::default(),
        ),
        cloud: cloud.cloud.clone(),
        clock: cloud.clock.clone(),
        dir: tempfile::tempdir().unwrap(),
    };
    for cloud in [&cloud, &elsewhere] {
        let again = cloud.send(keyed("key-1", "example.com")).await;
        assert_eq!(again.status, 202);
        assert_eq!(again.body, first.body);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.header("x-action-id"), first.header("x-action-id"));
    }
    assert_eq!(cloud.get("/vms").await.json()["vms"], json!([]));
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let cloud = TestCloud::new().await;
    cloud.send(keyed("key-1", "example.com")).await;
    let other = cloud.send(keyed("key-1", "other.com")).await;
    assert_eq!(
        (other.status.as_u16(), &other.json()["reason"]),
        (422, &json!("key_reused"))
    );
    // Also one that would be refused for itself.
    let invalid = cloud.send(keyed("key-1", "a_b")).await;
    assert_eq!(invalid.json()["reason"], "key_reused");
    assert_eq!(cloud.send(keyed("key-2", "other.com")).await.status, 202);
    assert_eq!(cloud.get("/vms").await.json()["meta"]["total"], 2);
}

#[tokio::test]
async fn many_at_once_under_one_key_make_one_vm() {
    let cloud = TestCloud::new().await;
    let sent: Vec<_> = (0..8)
        .map(|_| {
            let router = cloud.router.clone();
            tokio::spawn(async move {
                tower::ServiceExt::oneshot(router, keyed("key-1", "example.com"))
                    .await
                    .unwrap()
                    .status()
            })
        })
        .collect();
    for request in sent {
        assert_eq!(request.await.unwrap(), 202);
    }
    assert_eq!(cloud.get("/vms").await.json()["meta"]["total"], 1);
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let cloud = TestCloud::with_limit(1).await;
    let blocking = cloud.created("blocking").await;
    assert_eq!(cloud.send(keyed("key-1", "example.com")).await.status, 422);
    cloud
        .call("DELETE", &format!("/vms/{blocking}"), None)
        .await;
    assert_eq!(cloud.send(keyed("key-1", "example.com")).await.status, 202);
}

#[tokio::test]
async fn after_a_day_a_key_is_forgotten() {
    let cloud = TestCloud::new().await;
    cloud.send(keyed("key-1", "example.com")).await;
    cloud.clock.advance(Duration::from_secs(24 * 60 * 60 + 1));
    let anew = cloud.send(keyed("key-1", "other.com")).await;
    assert_eq!(anew.status, 202);
    assert_eq!(anew.header("idempotent-replayed"), None);
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let cloud = TestCloud::new().await;
    for bad in ["", "a b", "x".repeat(256).as_str()] {
        let answer = cloud.send(keyed(bad, "example.com")).await;
        assert_eq!(answer.faults(), ["Idempotency-Key"], "{bad:?}");
    }
    let mut twice = keyed("key-1", "example.com");
    twice
        .headers_mut()
        .append("idempotency-key", "key-2".parse().unwrap());
    assert_eq!(cloud.send(twice).await.faults(), ["Idempotency-Key"]);
    let mut binary = keyed("key-1", "example.com");
    binary.headers_mut().insert(
        "idempotency-key",
        http::HeaderValue::from_bytes(b"\xff").unwrap(),
    );
    assert_eq!(cloud.send(binary).await.faults(), ["Idempotency-Key"]);
    assert_eq!(cloud.get("/vms").await.json()["vms"], json!([]));
}
