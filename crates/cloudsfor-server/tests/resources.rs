//! The account, what is offered, keys, snapshots, networks, labels.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use common::{CREATE_TIME, EMAIL, TestCloud, example};
use serde_json::{Value, json};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGm+KR/T2v3cKqATkQ+0ILNiuxsc09H5ngf1HwMJcTEB user@example.com";
const FINGERPRINT: &str = "SHA256:nGtXYdhVELk/9ntcdxKsRvm31+3rZkAP7kkieR50uL4";
const MD5: &str = "5d:8e:9e:4f:4b:12:f3:bb:8b:4e:99:29:ec:04:a3:62";

#[tokio::test]
async fn the_account_the_regions_and_the_distros_are_told() {
    let cloud = TestCloud::with_limit(7).await;
    let account = cloud.get("/account").await.json()["account"].clone();
    assert_eq!(
        (&account["email"], &account["vm_limit"]),
        (&json!(EMAIL), &json!(7))
    );
    assert_eq!(account["uuid"].as_str().unwrap().len(), 32);
    let regions = cloud.get("/regions").await.json();
    let names: Vec<_> = regions["regions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["name"])
        .collect();
    assert_eq!(names, ["moscow_01", "moscow_02", "moscow_03"]);
    assert_eq!(regions["meta"]["total"], 3);
    assert!(regions["regions"][0]["coordinates"]["lat"].is_number());
    let distros = cloud.get("/distros").await.json();
    for (name, kind) in [
        ("fedora-19", "template"),
        ("windows-server-2008-r2-dc-en", "template"),
        ("CentOS-6.6-x86_64-minimal.iso", "iso"),
    ] {
        let found = distros["distros"]
            .as_array()
            .unwrap()
            .iter()
            .find(|d| d["name"] == name)
            .unwrap();
        assert_eq!(found["image_type"], kind);
    }
    let page = cloud.get("/regions?per_page=2&page=2").await.json();
    assert_eq!(
        (&page["regions"][0]["name"], &page["meta"]["total"]),
        (&json!("moscow_03"), &json!(3))
    );
}

#[tokio::test]
async fn a_key_is_checked_fingerprinted_and_there_once() {
    let cloud = TestCloud::new().await;
    let add = async |name: &str, key: &str| {
        cloud
            .call(
                "POST",
                "/keys",
                Some(json!({"name": name, "public_key": key})),
            )
            .await
    };
    let added = add("laptop", KEY).await;
    assert_eq!(added.status, 201, "{}", added.json());
    let key = added.json()["ssh_key"].clone();
    assert_eq!(key["fingerprint"], FINGERPRINT);
    let id = key["id"].as_u64().unwrap();
    let again = add("same", &KEY.replace("user@example.com", "")).await;
    assert_eq!(
        (again.status.as_u16(), &again.json()["id"]),
        (409, &json!("conflict"))
    );
    for bad in ["ssh-ed25519 AAAA", "nonsense", "ssh-rsa !!!!", ""] {
        assert_eq!(add("bad", bad).await.faults(), ["public_key"], "{bad}");
    }
    assert_eq!(add("", KEY).await.faults(), ["name"]);

    let escaped = FINGERPRINT.replace('/', "%2F");
    for path in [
        format!("/keys/{MD5}"),
        format!("/keys/MD5:{MD5}"),
        format!("/keys/{id}"),
        format!("/keys/{FINGERPRINT}"),
        format!("/keys/{escaped}"),
    ] {
        assert_eq!(cloud.get(&path).await.json()["ssh_key"], key, "{path}");
    }
    let renamed = cloud
        .call("PUT", &format!("/keys/{id}"), Some(json!({"name": "desk"})))
        .await;
    assert_eq!(
        (renamed.status.as_u16(), &renamed.json()["ssh_key"]["name"]),
        (200, &json!("desk"))
    );
    let listed = cloud.get("/keys").await.json();
    assert_eq!(
        (&listed["ssh_keys"][0]["name"], &listed["meta"]["total"]),
        (&json!("desk"), &json!(1))
    );

    let mut vm = example("example.com");
    vm["ssh_keys"] = json!([id]);
    assert_eq!(cloud.create(vm.clone()).await.status, 202);
    assert_eq!(
        cloud
            .call("DELETE", &format!("/keys/{id}"), None)
            .await
            .status,
        204
    );
    assert_eq!(cloud.get(&format!("/keys/{id}")).await.status, 404);
    assert_eq!(cloud.create(vm).await.faults(), ["ssh_keys[0]"]);
}

#[tokio::test]
async fn a_snapshot_outlives_its_vm_and_is_an_image() {
    let cloud = TestCloud::new().await;
    let vm = cloud.running("example.com").await;
    let action = cloud
        .done(&vm, json!({"type": "snapshot", "name": "before"}))
        .await;
    let snapshots = cloud.get(&format!("/vms/{vm}/snapshots")).await.json();
    let snapshot = snapshots["snapshots"][0].clone();
    let id = snapshot["id"].as_str().unwrap();
    assert_eq!(cloud.vm(&vm).await["snapshot_ids"], json!([id]));
    assert_eq!(
        snapshot,
        json!({"id": id, "name": "before", "vm_id": vm, "created_at": action["completed_at"],
            "distro": "fedora-19", "region": snapshot["region"], "size_gigabytes": 1, "memory": 1,
            "vcpus": 1, "disk": 10, "locked": false, "status": "running", "backup_ids": [],
            "snapshot_ids": [], "features": [], "networks": {}})
    );
    assert_eq!(snapshot["region"]["name"], "moscow_01");
    cloud.call("DELETE", &format!("/vms/{vm}"), None).await;
    assert_eq!(
        cloud.get("/snapshots").await.json()["snapshots"],
        json!([snapshot])
    );
    assert_eq!(
        cloud.get(&format!("/snapshots/{id}")).await.json()["snapshot"],
        snapshot
    );

    let mut from_it = example("copy.example.com");
    from_it["image"] = json!(id);
    let mut too_small = from_it.clone();
    too_small["disk_size"] = json!(9);
    assert_eq!(cloud.create(too_small).await.faults(), ["disk_size"]);
    let copy = cloud.create(from_it).await.json()["vm"].clone();
    assert_eq!(
        (&copy["image"]["distro"], &copy["image"]["name"]),
        (&json!(id), &json!("before"))
    );
    assert_eq!(
        cloud
            .call("DELETE", &format!("/snapshots/{id}"), None)
            .await
            .status,
        204
    );
    assert_eq!(
        cloud
            .call("DELETE", &format!("/snapshots/{id}"), None)
            .await
            .status,
        404
    );
    // A VM made from it is none the worse.
    cloud.pass(CREATE_TIME).await;
    let copy = cloud.vm(copy["id"].as_str().unwrap()).await;
    assert_eq!(
        (&copy["status"], &copy["image"]["name"]),
        (&json!("running"), &json!("before"))
    );
}

#[tokio::test]
async fn a_snapshot_is_deleted_by_its_vm_too() {
    let cloud = TestCloud::new().await;
    let (vm, other) = (cloud.running("a").await, cloud.running("b").await);
    cloud
        .done(&vm, json!({"type": "snapshot", "name": "s"}))
        .await;
    let id = cloud.vm(&vm).await["snapshot_ids"][0]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        cloud
            .call("DELETE", &format!("/vms/{other}/snapshots/{id}"), None)
            .await
            .status,
        404
    );
    assert_eq!(
        cloud
            .call("DELETE", &format!("/vms/{vm}/snapshots/{id}"), None)
            .await
            .status,
        204
    );
    assert_eq!(cloud.vm(&vm).await["snapshot_ids"], json!([]));
}

#[tokio::test]
async fn vms_join_and_leave_networks() {
    let cloud = TestCloud::new().await;
    let made = cloud
        .call("POST", "/networks", Some(json!({"name": "backend"})))
        .await;
    assert_eq!(made.status, 201, "{}", made.json());
    let network = made.json()["network"].clone();
    let id = network["id"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    let vm = cloud.running("a").await;
    let members = format!("/networks/{id}/vms");
    let joined = cloud
        .call("POST", &members, Some(json!({"vm_id": vm})))
        .await;
    assert_eq!(
        (joined.status.as_u16(), &joined.json()["network"]),
        (201, &network)
    );
    let seen = cloud.vm(&vm).await;
    assert_eq!(seen["features"], json!(["private_networking", "simulated"]));
    assert_eq!(seen["networks"]["v4"][1]["type"], "private");
    let again = cloud
        .call("POST", &members, Some(json!({"vm_id": vm})))
        .await;
    assert_eq!(again.status, 409);
    assert_eq!(
        cloud
            .call("DELETE", &format!("/networks/{id}"), None)
            .await
            .status,
        409
    );
    for (body, status) in [
        (json!({"vm_id": "unknown"}), 404),
        (json!({"vm_id": ""}), 422),
        (json!({}), 422),
    ] {
        assert_eq!(
            cloud.call("POST", &members, Some(body)).await.status,
            status
        );
    }

    // The default network, made for whoever only asks for private networking.
    let mut body = example("b");
    body["private_networking"] = json!(true);
    let second = cloud.create(body).await.json()["vm"].clone();
    let networks = cloud.get("/networks").await.json();
    assert_eq!(
        (&networks["meta"]["total"], &networks["networks"][1]["name"]),
        (&json!(2), &json!("default"))
    );
    let default = networks["networks"][1]["id"].as_str().unwrap();
    let subnet = |vm: &Value, n: usize| {
        vm["networks"]["v4"][n]["ip_address"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_ne!(
        subnet(&cloud.vm(&vm).await, 1)[..5],
        subnet(&second, 1)[..5]
    );
    cloud
        .call(
            "POST",
            &format!("/networks/{default}/vms"),
            Some(json!({"vm_id": vm})),
        )
        .await;
    assert_eq!(
        cloud.vm(&vm).await["networks"]["v4"]
            .as_array()
            .unwrap()
            .len(),
        3
    );

    assert_eq!(
        cloud
            .call("DELETE", &format!("{members}/{vm}"), None)
            .await
            .status,
        204
    );
    assert_eq!(
        cloud
            .call("DELETE", &format!("{members}/{vm}"), None)
            .await
            .status,
        404
    );
    assert_eq!(
        cloud
            .call("DELETE", &format!("/networks/{id}"), None)
            .await
            .status,
        204
    );
    assert_eq!(cloud.get(&format!("/networks/{id}")).await.status, 404);
    // A deleted VM is in no network.
    cloud.call("DELETE", &format!("/vms/{vm}"), None).await;
    cloud
        .call(
            "DELETE",
            &format!("/vms/{}", second["id"].as_str().unwrap()),
            None,
        )
        .await;
    assert_eq!(
        cloud
            .call("DELETE", &format!("/networks/{default}"), None)
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn labels_and_protection_change() {
    let cloud = TestCloud::new().await;
    let vm = cloud.created("example.com").await;
    let path = format!("/vms/{vm}");
    let put = async |body: Value| cloud.call("PUT", &path, Some(body)).await;
    let answer = put(json!({"labels": {"role": "web"}, "protected": true})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        (
            &answer.json()["vm"]["labels"],
            &answer.json()["vm"]["protected"]
        ),
        (&json!({"role": "web"}), &json!(true))
    );
    assert_eq!(cloud.call("DELETE", &path, None).await.status, 422);
    assert_eq!(
        put(json!({"protected": false})).await.json()["vm"]["labels"],
        json!({"role": "web"})
    );
    assert_eq!(
        put(json!({"labels": {}})).await.json()["vm"]["labels"],
        json!({})
    );
    assert_eq!(
        put(json!({"name": "x", "labels": 1})).await.faults(),
        ["labels", "name"]
    );
    assert_eq!(cloud.call("DELETE", &path, None).await.status, 204);
    assert_eq!(put(json!({})).await.status, 404);
}
