//! Limits of an account's snapshots and backups.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::time::Duration;

use cloudsfor_server::cloud::SnapshotLimits;
use common::{Answer, CREATE_TIME, TestCloud, example};
use serde_json::{Value, json};

fn snapshot(name: usize) -> Option<Value> {
    Some(json!({"type": "snapshot", "name": name.to_string()}))
}

async fn begin(cloud: &TestCloud, vm: &str, name: usize) -> Answer {
    let actions = format!("/vms/{vm}/actions");
    cloud.call("POST", &actions, snapshot(name)).await
}

#[track_caller]
fn expect_quota(answer: &Answer, limit: &str) {
    let error = answer.json();
    assert_eq!(
        (answer.status.as_u16(), &error["reason"]),
        (422, &"quota".into())
    );
    assert!(
        error["message"].as_str().unwrap().contains(limit),
        "{error}"
    );
}

#[tokio::test]
async fn an_account_has_100_snapshots_at_most_those_under_way_among_them() {
    let cloud = TestCloud::new().await;
    let (first, second) = (cloud.running("a").await, cloud.running("b").await);
    for number in 0..99 {
        let snapshot = snapshot(number).unwrap();
        cloud.done(&first, snapshot).await;
    }
    assert_eq!(begin(&cloud, &first, 99).await.status, 201);
    expect_quota(&begin(&cloud, &second, 100).await, "`snapshots`");
    // The VM that was refused is free for other work.
    assert_eq!(cloud.vm(&second).await["locked"], false);
    cloud.pass(CREATE_TIME).await;
    expect_quota(&begin(&cloud, &second, 100).await, "`snapshots`");
    let list = cloud.get("/snapshots").await.json();
    let id = list["snapshots"][0]["id"].as_str().unwrap();
    let deleted = cloud
        .call("DELETE", &format!("/snapshots/{id}"), None)
        .await;
    assert_eq!(deleted.status, 204);
    assert_eq!(begin(&cloud, &second, 100).await.status, 201);
}

#[tokio::test]
async fn the_space_of_snapshots_is_bounded_and_that_of_backups_costs_the_oldest() {
    let limits = SnapshotLimits {
        gigabytes: Some(2.0),
        backup_gigabytes: Some(3.0),
        ..SnapshotLimits::default()
    };
    let cloud = TestCloud::with_snapshot_limits(limits).await;
    let mut body = example("a");
    body["backups"] = json!(true);
    let vm = cloud.create(body).await.json()["vm"]["id"].clone();
    let vm = vm.as_str().unwrap().to_owned();
    cloud.pass(CREATE_TIME).await;
    let other = cloud.running("b").await;
    // Each takes 1 GB.
    cloud.done(&vm, snapshot(0).unwrap()).await;
    assert_eq!(begin(&cloud, &vm, 1).await.status, 201);
    expect_quota(&begin(&cloud, &other, 2).await, "`snapshot_gigabytes`");

    for _ in 0..5 {
        cloud.pass(Duration::from_secs(24 * 60 * 60)).await;
        cloud.pass(CREATE_TIME).await;
    }
    let backups = cloud.get(&format!("/vms/{vm}/backups")).await.json();
    assert_eq!(backups["meta"]["total"], 3, "{backups}");
    let shown = cloud.vm(&vm).await;
    assert_eq!(shown["backup_ids"].as_array().unwrap().len(), 3);
}

#[test]
fn the_usual_limit_is_ten_times_the_disk_and_never_small() {
    assert_eq!(SnapshotLimits::usual(0), 1000.0);
    assert_eq!(SnapshotLimits::usual(100), 1000.0);
    assert_eq!(SnapshotLimits::usual(500), 5000.0);
}
