//! Answers that are kept in memory are never old, whoever changes what.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::num::NonZeroU32;

use cloudsfor_server::http::{ApiOptions, router};
use common::{EMAIL, TestCloud, example};
use serde_json::{Value, json};

/// Asks twice, the second time from memory, if nothing has changed.
async fn labels_of(cloud: &TestCloud, path: &str) -> Value {
    let [one, other] = [cloud.get(path).await, cloud.get(path).await];
    assert_eq!(
        (one.status, other.status),
        (200.try_into().unwrap(), one.status)
    );
    assert_eq!(one.body, other.body);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
    assert_eq!(
        one.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(one.header("content-type"), other.header("content-type"));
    one.json()["vm"]["labels"].clone()
}

#[tokio::test]
async fn every_change_is_seen_at_once() {
    let cloud = TestCloud::new().await;
    let id = cloud.running("one").await;
    let path = format!("/vms/{id}");
    assert_eq!(labels_of(&cloud, &path).await, json!({}));
    let labelled = cloud
        .call("PUT", &path, Some(json!({"labels": {"step": "two"}})))
        .await;
    assert_eq!(labelled.status, 200);
    assert_eq!(labels_of(&cloud, &path).await["step"], "two");
    // By another process.
    let other = TestCloud {
        router: router(cloud.other_process().await, &ApiOptions::default()),
        ..TestCloud::new().await
    };
    let labelled = other.call("PUT", &path, Some(json!({"labels": {"step": "three"}})));
    assert_eq!(labelled.await.status, 200);
    assert_eq!(labels_of(&cloud, &path).await["step"], "three");
    // By its worker.
    cloud.act(&id, json!({"type": "power_off"})).await;
    assert_eq!(cloud.vm(&id).await["locked"], true);
    cloud.pass(common::CREATE_TIME).await;
    assert_eq!(cloud.vm(&id).await["status"], "stopped");
    assert_eq!(cloud.call("DELETE", &path, None).await.status, 204);
    cloud.pass(common::CREATE_TIME).await;
    assert_eq!(cloud.get(&path).await.status, 404);
}

#[tokio::test]
async fn they_are_given_only_to_whom_they_were_given() {
    let cloud = TestCloud::new().await;
    let stranger = cloud.stranger().await;
    let path = format!("/vms/{}", cloud.created("one").await);
    labels_of(&cloud, &path).await;
    assert_eq!(stranger.call("GET", &path, None).await.status, 404);
    let mut wrong = common::request("GET", &path, None);
    let credentials = common::basic(EMAIL, "wrong").parse().unwrap();
    wrong.headers_mut().insert("authorization", credentials);
    assert_eq!(cloud.send(wrong).await.status, 401);
    let mut nobody = common::request("GET", &path, None);
    nobody.headers_mut().remove("authorization");
    assert_eq!(cloud.send(nobody).await.status, 401);
}

#[tokio::test]
async fn whoever_may_no_longer_ask_is_refused_at_once() {
    let cloud = TestCloud::new().await;
    let path = format!("/vms/{}", cloud.created("one").await);
    let other = cloud.other_process().await;
    labels_of(&cloud, &path).await;
    other.accounts().set_disabled(EMAIL, true).await.unwrap();
    assert_eq!(cloud.get(&path).await.status, 403);
    other.accounts().set_disabled(EMAIL, false).await.unwrap();
    labels_of(&cloud, &path).await;
    let password = Some("another-password".into());
    other
        .accounts()
        .set_password(EMAIL, "default", password)
        .await
        .unwrap();
    assert_eq!(cloud.get(&path).await.status, 401);
}

#[tokio::test]
async fn they_count_as_requests() {
    let cloud = TestCloud::new().await;
    let vm = cloud.create(example("one")).await.json();
    let path = format!("/vms/{}", vm["vm"]["id"].as_str().unwrap());
    let options = ApiOptions {
        requests_per_minute: NonZeroU32::new(3),
        keep_answers: true,
        ..ApiOptions::default()
    };
    let limited = TestCloud {
        router: router(cloud.cloud.clone(), &options),
        ..cloud
    };
    for left in ["2", "1", "0"] {
        let answer = limited.get(&path).await;
        assert_eq!(answer.header("ratelimit-remaining"), Some(left));
    }
    assert_eq!(limited.get(&path).await.status, 429);
}
