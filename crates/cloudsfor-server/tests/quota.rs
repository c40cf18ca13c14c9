//! Limits of an account's snapshots and backups.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::time::Duration;

use cloudsfor_server::cloud::SnapshotLimits;
use cloudsfor_server::store::limits::Limits;
use common::{Answer, CREATE_TIME, EMAIL, TestCloud, example};
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

/// Lowers a limit, as the operator does.
async fn limit(cloud: &TestCloud, limits: Limits) {
    cloud
        .cloud
        .accounts()
        .set_limits(EMAIL, limits)
        .await
        .unwrap();
}

/// What the account has and may have of a kind.
async fn numbers(cloud: &TestCloud, kind: &str) -> (Value, Value) {
    let account = cloud.get("/account").await.json()["account"].clone();
    (
        account["used"][kind].clone(),
        account["limits"][kind].clone(),
    )
}

#[tokio::test]
async fn the_defaults_are_told() {
    let cloud = TestCloud::new().await;
    let account = cloud.get("/account").await.json()["account"].clone();
    let limits = json!({"vms": 100, "keys": 200, "networks": 100, "domains": 200,
        "records_per_domain": 1000, "snapshots": 100, "snapshot_gigabytes": 1000,
        "backup_gigabytes": 1000});
    assert_eq!(account["limits"], limits);
    let used = json!({"vms": 0, "keys": 0, "networks": 0, "domains": 0, "records_per_domain": 0,
        "snapshots": 0, "snapshot_gigabytes": 0, "backup_gigabytes": 0});
    assert_eq!(account["used"], used);
}

/// What makes the request for one more.
type Make<'a> = &'a dyn Fn(u32) -> Value;

/// Each kind at its default bound, and lowered: what there is stays, and one that is
/// deleted makes no room before there is some.
#[tokio::test]
async fn an_account_has_so_many_keys_networks_domains_and_records() {
    let cloud = TestCloud::new().await;
    let domain = json!({"name": "records.example"});
    assert_eq!(
        cloud.call("POST", "/domains", Some(domain)).await.status,
        201
    );
    let key = |number: u32| {
        let point = format!("{number:064x}");
        let bytes: Vec<u8> = (0..32)
            .map(|at| u8::from_str_radix(&point[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
        blob.extend(bytes);
        use base64::Engine;
        let data = base64::engine::general_purpose::STANDARD.encode(blob);
        json!({"name": format!("k{number}"), "public_key": format!("ssh-ed25519 {data}")})
    };
    let network = |number: u32| json!({"name": format!("n{number}")});
    let domain = |number: u32| json!({"name": format!("d{number}.example")});
    let record =
        |number: u32| json!({"type": "A", "name": format!("r{number}"), "data": "192.0.2.1"});
    let kinds: [(&str, &str, u64, Make<'_>); 4] = [
        ("keys", "/keys", 200, &key),
        ("networks", "/networks", 100, &network),
        (
            "records_per_domain",
            "/domains/records.example/records",
            1000,
            &record,
        ),
        ("domains", "/domains", 200, &domain),
    ];
    for (kind, path, most, make) in kinds {
        let has = numbers(&cloud, kind).await.0.as_u64().unwrap();
        for number in has..most {
            let answer = cloud.call("POST", path, Some(make(number as u32))).await;
            assert_eq!(answer.status, 201, "{}", answer.json());
        }
        assert_eq!(numbers(&cloud, kind).await, (json!(most), json!(most)));
        let beyond = cloud.call("POST", path, Some(make(5000))).await;
        expect_quota(&beyond, &format!("`{kind}`"));
        let lower = Some(most - 1);
        limit(
            &cloud,
            Limits {
                keys: lower.filter(|_| kind == "keys"),
                networks: lower.filter(|_| kind == "networks"),
                domains: lower.filter(|_| kind == "domains"),
                records_per_domain: lower.filter(|_| kind == "records_per_domain"),
                ..Limits::default()
            },
        )
        .await;
        assert_eq!(numbers(&cloud, kind).await, (json!(most), json!(most - 1)));
        let list = cloud.get(path).await.json();
        let list = list
            .as_object()
            .unwrap()
            .values()
            .find_map(|v| v.as_array())
            .unwrap()
            .clone();
        for (item, fits) in list.iter().rev().zip([false, true]) {
            let id = if kind == "domains" {
                &item["name"]
            } else {
                &item["id"]
            };
            let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
            let deleted = cloud.call("DELETE", &format!("{path}/{id}"), None).await;
            assert_eq!(deleted.status, 204);
            let again = cloud.call("POST", path, Some(make(6000))).await;
            assert_eq!(again.status == 201, fits, "{kind}");
        }
    }
}

#[tokio::test]
async fn the_operator_sets_the_limits_of_snapshots_for_an_account() {
    let cloud = TestCloud::new().await;
    limit(
        &cloud,
        Limits {
            snapshots: Some(1),
            snapshot_gigabytes: Some(50.0),
            backup_gigabytes: Some(7.0),
            ..Limits::default()
        },
    )
    .await;
    let vm = cloud.running("a").await;
    cloud.done(&vm, snapshot(0).unwrap()).await;
    expect_quota(&begin(&cloud, &vm, 1).await, "`snapshots`");
    assert_eq!(numbers(&cloud, "snapshots").await, (json!(1), json!(1)));
    assert_eq!(numbers(&cloud, "snapshot_gigabytes").await.1, json!(50));
    assert_eq!(numbers(&cloud, "backup_gigabytes").await.1, json!(7));
}
