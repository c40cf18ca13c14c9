//! Actions: the table of what is allowed when, waiting, and what remains.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::time::Duration;

use common::{CREATE_TIME, TestCloud};
use serde_json::{Value, json};

const ALL: [&str; 12] = [
    "power_on",
    "power_off",
    "shutdown",
    "reboot",
    "power_cycle",
    "resize",
    "snapshot",
    "restore",
    "rebuild",
    "rename",
    "enable_backups",
    "disable_backups",
];

fn body(kind: &str, snapshot: &str) -> Value {
    match kind {
        "resize" => json!({"type": kind, "cpu": 2}),
        "snapshot" => json!({"type": kind, "name": "before the upgrade"}),
        "restore" => json!({"type": kind, "image": snapshot}),
        "rebuild" => json!({"type": kind, "image": "debian-13"}),
        "rename" => json!({"type": kind, "name": "renamed.example.com"}),
        kind => json!({"type": kind}),
    }
}

/// A running VM with a snapshot.
async fn with_snapshot(cloud: &TestCloud) -> (String, String) {
    let vm = cloud.running("example.com").await;
    cloud.done(&vm, body("snapshot", "")).await;
    let snapshot = cloud.vm(&vm).await["snapshot_ids"][0]
        .as_str()
        .unwrap()
        .to_owned();
    (vm, snapshot)
}

#[tokio::test]
async fn an_action_is_allowed_in_the_states_of_the_table_and_no_other() {
    let cloud = TestCloud::new().await;
    for (status, allowed) in [
        ("running", &ALL[1..]),
        (
            "stopped",
            &[
                "power_on",
                "resize",
                "snapshot",
                "restore",
                "rebuild",
                "rename",
                "enable_backups",
                "disable_backups",
            ],
        ),
    ] {
        for kind in ALL {
            let (vm, snapshot) = with_snapshot(&cloud).await;
            if status == "stopped" {
                cloud.done(&vm, json!({"type": "power_off"})).await;
            }
            // Memory and processors change only in a stopped VM.
            let allowed = allowed.contains(&kind) && (status, kind) != ("running", "resize");
            let path = format!("/vms/{vm}/actions");
            let answer = cloud.call("POST", &path, Some(body(kind, &snapshot))).await;
            if allowed {
                assert_eq!(
                    answer.status,
                    201,
                    "{kind} while {status}: {}",
                    answer.json()
                );
                assert_eq!(cloud.vm(&vm).await["locked"], true);
                cloud.pass(CREATE_TIME).await;
                let ends_as = match kind {
                    "power_on" => "running",
                    "power_off" | "shutdown" => "stopped",
                    _ => status,
                };
                let vm = cloud.vm(&vm).await;
                assert_eq!(
                    (&vm["status"], &vm["locked"]),
                    (&json!(ends_as), &json!(false)),
                    "{kind}"
                );
            } else {
                let error = answer.json();
                assert_eq!(
                    (answer.status.as_u16(), &error["reason"]),
                    (422, &json!("state")),
                    "{kind} while {status}"
                );
                assert_eq!(cloud.vm(&vm).await["locked"], false);
            }
            cloud.call("DELETE", &format!("/vms/{vm}"), None).await;
        }
    }
}

#[tokio::test]
async fn a_creation_is_an_action_and_an_action_has_two_ids() {
    let cloud = TestCloud::new().await;
    let created = cloud.create(common::example("example.com")).await;
    let action_id = created.header("x-action-id").unwrap().to_owned();
    let vm = created.json()["vm"]["id"].as_str().unwrap().to_owned();
    let action = cloud.get(&format!("/actions/{action_id}")).await.json()["action"].clone();
    assert_eq!(
        action,
        json!({"id": vm, "action_id": action_id, "status": "in-progress", "type": "create",
            "started_at": "2015-01-14T16:36:31Z", "completed_at": null, "resource_type": "vm",
            "region": "moscow_01"})
    );
    cloud.pass(CREATE_TIME).await;
    let action = cloud
        .get(&format!("/vms/{vm}/actions/{action_id}"))
        .await
        .json()["action"]
        .clone();
    assert_eq!(
        (&action["status"], &action["completed_at"]),
        (&json!("completed"), &json!("2015-01-14T16:36:34Z"))
    );

    let reboot = cloud.act(&vm, json!({"type": "reboot"})).await;
    let listed = cloud.get(&format!("/vms/{vm}/actions")).await.json();
    assert_eq!(listed["meta"]["total"], 2);
    assert_eq!(listed["actions"][1]["action_id"], reboot["action_id"]);
    assert_eq!(
        cloud.get("/actions").await.json()["actions"],
        listed["actions"]
    );
    let page = cloud.get("/actions?per_page=1").await.json();
    assert_eq!(page["actions"][0]["action_id"], json!(action_id));
    assert!(
        page["links"]["pages"]["next"]
            .as_str()
            .unwrap()
            .contains("cursor=")
    );
}

#[tokio::test]
async fn a_locked_vm_refuses_actions_and_a_deletion_ends_them() {
    let cloud = TestCloud::new().await;
    let vm = cloud.running("example.com").await;
    let running = cloud.act(&vm, json!({"type": "reboot"})).await;
    let path = format!("/vms/{vm}/actions");
    let refused = cloud
        .call("POST", &path, Some(json!({"type": "power_off"})))
        .await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["reason"]),
        (422, &json!("locked"))
    );
    assert_eq!(
        cloud
            .call("DELETE", &format!("/vms/{vm}"), None)
            .await
            .status,
        204
    );
    let action = running["action_id"].as_str().unwrap();
    let action = cloud.get(&format!("/actions/{action}")).await.json()["action"].clone();
    assert_eq!(action["status"], "errored");
    assert!(action["error"].as_str().unwrap().contains("deleted"));
    assert_eq!(cloud.get(&path).await.status, 404);
}

#[tokio::test]
async fn sizes_change_and_a_disk_never_shrinks() {
    let cloud = TestCloud::new().await;
    let vm = cloud.running("example.com").await;
    cloud
        .done(&vm, json!({"type": "resize", "disk_size": 20}))
        .await;
    let path = format!("/vms/{vm}/actions");
    let shrink = cloud
        .call(
            "POST",
            &path,
            Some(json!({"type": "resize", "disk_size": 19})),
        )
        .await;
    assert_eq!(
        (shrink.status.as_u16(), &shrink.json()["reason"]),
        (422, &json!("state"))
    );
    cloud.done(&vm, json!({"type": "shutdown"})).await;
    cloud
        .done(
            &vm,
            json!({"type": "resize", "size": 2.5, "cpu": 4, "disk_size": 30}),
        )
        .await;
    let vm = cloud.vm(&vm).await;
    assert_eq!(
        (&vm["memory"], &vm["vcpus"], &vm["disk"]),
        (&json!(2.5), &json!(4), &json!(30))
    );
}

#[tokio::test]
async fn a_rebuild_and_a_rename_change_what_the_vm_is() {
    let cloud = TestCloud::new().await;
    let (vm, snapshot) = with_snapshot(&cloud).await;
    cloud
        .done(&vm, json!({"type": "rebuild", "image": "debian-13"}))
        .await;
    assert_eq!(cloud.vm(&vm).await["image"]["distro"], "debian-13");
    cloud
        .done(&vm, json!({"type": "rebuild", "image": snapshot}))
        .await;
    let image = cloud.vm(&vm).await["image"].clone();
    assert_eq!(
        (&image["distro"], &image["name"]),
        (&json!(snapshot), &json!("before the upgrade"))
    );
    cloud
        .done(&vm, json!({"type": "rename", "name": "other.example.com"}))
        .await;
    assert_eq!(cloud.vm(&vm).await["name"], "other.example.com");

    let path = format!("/vms/{vm}/actions");
    for (body, fault) in [
        (json!({"type": "rebuild", "image": "plan-9"}), "image"),
        (json!({"type": "restore", "image": "debian-13"}), "image"),
        (json!({"type": "rename", "name": "a_b"}), "name"),
        (json!({"type": "explode"}), "type"),
        (json!({"type": "reboot", "force": true}), "force"),
        (json!({}), "type"),
    ] {
        assert_eq!(
            cloud.call("POST", &path, Some(body)).await.faults(),
            [fault]
        );
    }
    // It is offered: what is wrong is another thing.
    let public = json!({"type": "restore", "image": "debian-13"});
    let refused = cloud.call("POST", &path, Some(public)).await.json();
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("no snapshot or backup"), "{message}");
}

#[tokio::test]
async fn waiting_ends_when_an_action_ends() {
    let cloud = TestCloud::new().await;
    let worker = cloud.cloud.start_worker();
    let (one, other) = (cloud.running("a").await, cloud.running("b").await);
    let slow = cloud
        .act(&one, json!({"type": "rebuild", "image": "fedora-19"}))
        .await;
    let quick = cloud.act(&other, json!({"type": "reboot"})).await;
    let id = |action: &Value| action["action_id"].as_str().unwrap().to_owned();
    let both = format!("/actions?ids={},{}&wait=30", id(&slow), id(&quick));
    let passing = async { cloud.clock.advance(CREATE_TIME / 3) };
    let (any, ()) = tokio::join!(cloud.get(&both), passing);
    let ended: Vec<_> = any.json()["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["status"].clone())
        .collect();
    assert_eq!(ended, ["in-progress", "completed"]);
    let path = format!("/actions/{}?wait=30", id(&slow));
    let passing = async { cloud.clock.advance(CREATE_TIME) };
    let (slow, ()) = tokio::join!(cloud.get(&path), passing);
    assert_eq!(slow.json()["action"]["status"], "completed");

    let unknown = format!("/actions?ids={},unknown", id(&quick));
    assert_eq!(cloud.get(&unknown).await.status, 404);
    let many = vec!["x"; 101].join(",");
    for (query, fault) in [
        ("ids=", "ids"),
        (&*format!("ids={many}"), "ids"),
        ("ids=a&wait=31", "wait"),
        ("wait=1", "wait"),
    ] {
        assert_eq!(
            cloud.get(&format!("/actions?{query}")).await.faults(),
            [fault]
        );
    }
    cloud.cloud.begin_close();
    worker.await.unwrap();
}

#[tokio::test]
async fn a_key_starts_one_action() {
    let cloud = TestCloud::new().await;
    let vm = cloud.running("example.com").await;
    let send = async || {
        let path = format!("/vms/{vm}/actions");
        let mut request = common::request("POST", &path, Some("{\"type\":\"reboot\"}"));
        request
            .headers_mut()
            .insert("idempotency-key", "once".parse().unwrap());
        cloud.send(request).await
    };
    let first = send().await;
    cloud.pass(CREATE_TIME).await;
    let again = send().await;
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(cloud.vm(&vm).await["locked"], false);
}

#[tokio::test]
async fn backups_are_made_and_the_oldest_go() {
    let cloud = TestCloud::new().await;
    let mut body = common::example("example.com");
    body["backups"] = json!(true);
    let vm = cloud.create(body).await.json()["vm"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    cloud.pass(CREATE_TIME).await;
    let day = Duration::from_secs(24 * 60 * 60);
    let mut all = Vec::new();
    for _ in 0..9 {
        cloud.pass(day).await;
        cloud.pass(CREATE_TIME).await;
        let made = cloud.vm(&vm).await["backup_ids"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        all.push(made);
    }
    assert_eq!(cloud.vm(&vm).await["backup_ids"], json!(all[2..]));
    let backups = cloud.get(&format!("/vms/{vm}/backups")).await.json();
    assert_eq!(
        (&backups["meta"]["total"], &backups["backups"][0]["id"]),
        (&json!(7), &all[2])
    );
    // Each is an image; it is no snapshot.
    cloud
        .done(&vm, json!({"type": "restore", "image": all[8]}))
        .await;
    assert_eq!(cloud.get("/snapshots").await.json()["snapshots"], json!([]));
    // Users see no action of it.
    assert_eq!(cloud.get("/actions").await.json()["meta"]["total"], 2);

    cloud.done(&vm, json!({"type": "disable_backups"})).await;
    cloud.pass(2 * day).await;
    let vm_now = cloud.vm(&vm).await;
    assert_eq!(
        (&vm_now["backup_ids"], &vm_now["locked"]),
        (&json!(all[2..]), &json!(false))
    );
    assert_eq!(vm_now["features"], json!(["simulated"]));
    cloud.done(&vm, json!({"type": "enable_backups"})).await;
    assert_eq!(
        cloud.vm(&vm).await["features"],
        json!(["backups", "simulated"])
    );
}
