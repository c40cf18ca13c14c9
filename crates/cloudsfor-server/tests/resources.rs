//! Everything that is not a VM or an action on one.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use axum::body::Body;
use common::{CREATE_TIME, EMAIL, PASSWORD, TestCloud, basic, example};
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

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

async fn records(cloud: &TestCloud, domain: &str) -> Vec<(String, String, String)> {
    let records = cloud
        .get(&format!("/domains/{domain}/records"))
        .await
        .json();
    let text = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
    let records = records["domain_records"].as_array().unwrap().iter();
    let mut found: Vec<_> = records
        .map(|r| (text(r, "type"), text(r, "name"), text(r, "data")))
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn domains_have_records_of_their_own() {
    let cloud = TestCloud::new().await;
    let add = async |body: Value| cloud.call("POST", "/domains", Some(body)).await;
    let added = add(json!({"name": "Example.com", "ip_address": "192.0.2.1"})).await;
    assert_eq!(added.status, 201, "{}", added.json());
    let domain = added.json()["domain"].clone();
    assert_eq!(
        (&domain["name"], &domain["ttl"]),
        (&json!("Example.com"), &json!(1800))
    );
    assert!(
        domain["zone_file"]
            .as_str()
            .unwrap()
            .contains("@ IN A 192.0.2.1")
    );
    assert_eq!(add(json!({"name": "example.COM"})).await.status, 409);
    for bad in [
        json!({}),
        json!({"name": "com"}),
        json!({"name": "a_b.com"}),
        json!({"name": "a.com."}),
    ] {
        assert_eq!(add(bad).await.faults(), ["name"]);
    }
    assert_eq!(
        add(json!({"name": "a.org", "ip_address": "::1"}))
            .await
            .faults(),
        ["ip_address"]
    );

    let path = "/domains/example.com/records";
    let record = async |body: Value| cloud.call("POST", path, Some(body)).await;
    let mx = record(json!({"type": "MX", "name": "@", "data": "mail", "priority": 10})).await;
    assert_eq!(mx.status, 201);
    let mx = mx.json()["domain_record"].clone();
    let id = mx["id"].as_u64().unwrap();
    assert_eq!(
        mx,
        json!({"id": id, "type": "MX", "name": "@", "data": "mail", "priority": 10, "port": null, "weight": null})
    );
    let zone = cloud.get("/domains/example.com").await.json()["domain"]["zone_file"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(zone.contains("@ IN MX 10 mail\n"), "{zone}");
    assert_eq!(
        record(json!({"type": "CNAME", "name": "@", "data": "x"}))
            .await
            .status,
        409
    );
    assert_eq!(
        record(json!({"type": "MX", "name": "@", "data": "mail", "priority": 5}))
            .await
            .status,
        409
    );
    assert_eq!(
        record(json!({"type": "A", "name": "x", "data": "y"}))
            .await
            .faults(),
        ["data"]
    );
    let path = format!("{path}/{id}");
    let changed = cloud
        .call(
            "PUT",
            &path,
            Some(json!({"type": "MX", "name": "@", "data": "mail2", "priority": 20})),
        )
        .await;
    assert_eq!(
        (
            changed.status.as_u16(),
            &changed.json()["domain_record"]["data"]
        ),
        (200, &json!("mail2"))
    );
    assert_eq!(
        cloud.get(&path).await.json()["domain_record"]["priority"],
        20
    );
    assert_eq!(cloud.call("DELETE", &path, None).await.status, 204);
    assert_eq!(cloud.get(&path).await.status, 404);
    assert_eq!(
        cloud
            .call("DELETE", "/domains/EXAMPLE.com", None)
            .await
            .status,
        204
    );
    assert_eq!(cloud.get("/domains").await.json()["domains"], json!([]));
}

#[tokio::test]
async fn the_records_of_a_vm_follow_it() {
    let cloud = TestCloud::new().await;
    let vm = cloud.running("www.example.com").await;
    cloud
        .call("POST", "/domains", Some(json!({"name": "example.com"})))
        .await;
    let a = |name: &str| ("A".to_owned(), name.to_owned(), "100.64.0.2".to_owned());
    let ptr = |name: &str| {
        (
            "PTR".to_owned(),
            "2.0.64.100.in-addr.arpa.".to_owned(),
            name.to_owned(),
        )
    };
    assert_eq!(
        records(&cloud, "example.com").await,
        [a("www"), ptr("www.example.com.")]
    );
    let domain = cloud.get("/domains/example.com").await.json()["domain"].clone();
    let zone = domain["zone_file"].as_str().unwrap();
    assert!(
        zone.contains("www IN A 100.64.0.2") && !zone.contains("PTR"),
        "{zone}"
    );

    cloud
        .done(&vm, json!({"type": "rename", "name": "example.com"}))
        .await;
    assert_eq!(
        records(&cloud, "example.com").await,
        [a("@"), ptr("example.com.")]
    );
    let listed = cloud.get("/domains/example.com/records").await.json();
    let id = listed["domain_records"][0]["id"].as_u64().unwrap();
    let path = format!("/domains/example.com/records/{id}");
    assert_eq!(cloud.call("DELETE", &path, None).await.status, 403);
    let body = json!({"type": "A", "name": "@", "data": "192.0.2.1"});
    assert_eq!(cloud.call("PUT", &path, Some(body)).await.status, 403);

    // The nearest domain has them.
    cloud
        .done(&vm, json!({"type": "rename", "name": "a.sub.example.com"}))
        .await;
    cloud
        .call("POST", "/domains", Some(json!({"name": "sub.example.com"})))
        .await;
    assert_eq!(records(&cloud, "example.com").await, []);
    assert_eq!(
        records(&cloud, "sub.example.com").await,
        [a("a"), ptr("a.sub.example.com.")]
    );
    cloud.call("DELETE", "/domains/sub.example.com", None).await;
    assert_eq!(
        records(&cloud, "example.com").await,
        [a("a.sub"), ptr("a.sub.example.com.")]
    );
    cloud
        .done(&vm, json!({"type": "rename", "name": "notexample.com"}))
        .await;
    assert_eq!(records(&cloud, "example.com").await, []);
    cloud
        .done(&vm, json!({"type": "rename", "name": "x.example.com"}))
        .await;
    cloud.call("DELETE", &format!("/vms/{vm}"), None).await;
    assert_eq!(records(&cloud, "example.com").await, []);
}

/// What comes of a stream of events until it has so many blocks.
async fn blocks(cloud: &TestCloud, last_event_id: Option<&str>, number: usize) -> Vec<String> {
    let mut request =
        Request::get("/api/v1/events").header("authorization", basic(EMAIL, PASSWORD));
    if let Some(id) = last_event_id {
        request = request.header("last-event-id", id);
    }
    let response = cloud
        .router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(
        response.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    let mut body = response.into_body();
    let mut text = String::new();
    while text.matches("\n\n").count() < number {
        let frame = body.frame().await.unwrap().unwrap();
        text.push_str(&String::from_utf8_lossy(&frame.into_data().unwrap()));
    }
    text.split_terminator("\n\n").map(str::to_owned).collect()
}

#[tokio::test]
async fn events_are_resumed_where_they_were_cut() {
    let cloud = TestCloud::new().await;
    let start = blocks(&cloud, None, 1).await;
    let cursor = start[0].strip_prefix("id: ").unwrap();
    let vm = cloud.running("example.com").await;
    cloud.call("DELETE", &format!("/vms/{vm}"), None).await;
    let all = blocks(&cloud, Some(cursor), 6).await;
    let all: Vec<_> = all.iter().filter(|block| !block.starts_with(':')).collect();
    let kinds: Vec<_> = all
        .iter()
        .map(|block| block.lines().next().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "event: action",
            "event: vm",
            "event: action",
            "event: vm",
            "event: vm"
        ]
    );
    let data = |block: &str| -> Value {
        let line = block
            .lines()
            .find_map(|line| line.strip_prefix("data: "))
            .unwrap();
        serde_json::from_str(line).unwrap()
    };
    assert_eq!(data(all[0])["action"]["type"], "create");
    assert_eq!(data(all[1])["vm"]["status"], "new");
    assert_eq!(data(all[2])["action"]["status"], "completed");
    assert_eq!(data(all[3])["vm"]["status"], "running");
    assert_eq!(data(all[4]), json!({"vm": {"id": vm}, "deleted": true}));
    let third = all[2]
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .unwrap();
    let rest = blocks(&cloud, Some(third), 3).await;
    assert_eq!(&rest[rest.len() - 2..], [all[3].clone(), all[4].clone()]);
    for unknown in ["999999", "-5", "x"] {
        assert!(
            blocks(&cloud, Some(unknown), 1).await[0].starts_with("event: reset"),
            "{unknown}"
        );
    }
}
