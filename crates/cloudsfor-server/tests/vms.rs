//! The five documented operations, as the contract has them.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::time::Duration;

use common::{CREATE_TIME, TestCloud, example};
use serde_json::{Value, json};

#[tokio::test]
async fn a_vm_is_new_and_locked_then_runs() {
    let cloud = TestCloud::new().await;
    let answer = cloud.create(example("example.com")).await;
    assert_eq!(answer.status, 202);
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(answer.header("x-action-id").unwrap().len(), 32);
    let body = answer.json();
    assert_eq!(body["links"], json!({}));
    let vm = &body["vm"];
    let id = vm["id"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    assert_eq!(
        *vm,
        json!({
            "id": id, "name": "example.com", "memory": 1, "vcpus": 1, "disk": 10,
            "locked": true, "status": "new", "plan": "PLAN_ID_FIX",
            "created_at": "2015-01-14T16:36:31Z", "features": ["simulated"],
            "backup_ids": [], "snapshot_ids": [],
            "image": {"id": vm["image"]["id"], "distro": "fedora-19", "name": "Fedora 19"},
            "region": {"name": "moscow_01", "country": "Russia",
                "coordinates": {"lat": 55.7558, "lng": 37.6173},
                "description": "Moscow, first site"},
            "networks": {"v4": [{"ip_address": "100.64.0.2", "netmask": "255.192.0.0",
                "gateway": "100.64.0.1", "type": "public"}]},
            "labels": {}, "protected": false, "ssh_key_ids": [], "user_data_sha256": null,
        })
    );

    cloud.pass(CREATE_TIME - Duration::from_millis(1)).await;
    assert_eq!(cloud.get(&format!("/vms/{id}")).await.json()["vm"], *vm);
    cloud.pass(Duration::from_millis(1)).await;
    let answer = cloud.get(&format!("/vms/{id}")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["vm"]["status"], "running");
    assert_eq!(answer.json()["vm"]["locked"], false);
}

#[tokio::test]
async fn everything_asked_for_is_there() {
    let cloud = TestCloud::new().await;
    let answer = cloud
        .create(json!({"name": "Web-1.Example.com", "region": "moscow_02", "size": 0.5, "cpu": 128,
            "disk_size": 65536, "image": "CentOS-6.6-x86_64-minimal.iso", "plan": "PLAN_ID_STD",
            "backups": true, "ipv6": true, "private_networking": true, "user_data": "#cloud-config\n",
            "labels": {"role": "web"}, "protected": true}))
        .await;
    assert_eq!(answer.status, 202, "{}", answer.json());
    let vm = &answer.json()["vm"];
    assert_eq!(vm["name"], "Web-1.Example.com");
    assert_eq!(vm["memory"], 0.5);
    assert_eq!(vm["plan"], "PLAN_ID_STD");
    assert_eq!(
        vm["features"],
        json!(["backups", "ipv6", "private_networking", "simulated"])
    );
    assert_eq!(vm["networks"]["v4"][1]["type"], "private");
    assert!(
        vm["networks"]["v6"][0]["ip_address"]
            .as_str()
            .unwrap()
            .contains(':')
    );
    assert_eq!(vm["labels"], json!({"role": "web"}));
    assert_eq!(vm["protected"], true);

    let path = format!("/vms/{}", vm["id"].as_str().unwrap());
    let refused = cloud.call("DELETE", &path, None).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["reason"]),
        (422, &json!("protected"))
    );
}

#[tokio::test]
async fn deleting_works_in_every_state_and_once() {
    let cloud = TestCloud::with_limit(1).await;
    for wait in [Duration::ZERO, CREATE_TIME] {
        let id = cloud.created("example.com").await;
        let path = format!("/vms/{id}");
        cloud.pass(wait).await;
        let answer = cloud.call("DELETE", &path, None).await;
        assert_eq!(answer.status, 204);
        assert_eq!(
            answer.header("content-type"),
            Some("application/octet-stream")
        );
        assert!(answer.body.is_empty());
        for (method, path) in [
            ("DELETE", path.clone()),
            ("GET", path.clone()),
            ("GET", format!("{path}/snapshots")),
        ] {
            let again = cloud.call(method, &path, None).await;
            assert_eq!(
                (again.status.as_u16(), &again.json()["id"]),
                (404, &json!("not_found"))
            );
        }
        assert_eq!(cloud.get("/vms").await.json()["vms"], json!([]));
        // What the creation still had to do does not bring it back.
        cloud.pass(CREATE_TIME).await;
        assert_eq!(cloud.get(&path).await.status, 404);
    }
}

#[tokio::test]
async fn an_address_is_free_when_its_machine_is_gone_and_not_given_out_at_once() {
    let cloud = TestCloud::new().await;
    let first = cloud.created("a").await;
    cloud.call("DELETE", &format!("/vms/{first}"), None).await;
    cloud.cloud.settle().await.unwrap();
    let second = cloud.create(example("b")).await.json();
    assert_eq!(
        second["vm"]["networks"]["v4"][0]["ip_address"],
        "100.64.0.3"
    );
}

#[tokio::test]
async fn a_vm_has_no_snapshots_at_first() {
    let cloud = TestCloud::new().await;
    let id = cloud.created("example.com").await;
    let answer = cloud.get(&format!("/vms/{id}/snapshots")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({"snapshots": [], "meta": {"total": 0}})
    );
}

#[tokio::test]
async fn the_quota_is_never_exceeded_by_many_at_once() {
    let cloud = TestCloud::with_limit(3).await;
    let creates = (0..12).map(|n| {
        let router = cloud.router.clone();
        let request = common::request(
            "POST",
            "/vms",
            Some(&example(&format!("vm{n}")).to_string()),
        );
        tokio::spawn(async move {
            tower::ServiceExt::oneshot(router, request)
                .await
                .unwrap()
                .status()
        })
    });
    let mut statuses = Vec::new();
    for create in creates.collect::<Vec<_>>() {
        statuses.push(create.await.unwrap().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [[202; 3].as_slice(), &[422; 9]].concat());
    assert_eq!(cloud.get("/vms").await.json()["meta"]["total"], 3);
    let refused = cloud.create(example("one-more")).await;
    assert_eq!(refused.json()["reason"], "quota");
}

#[tokio::test]
async fn a_unique_name_is_taken_once() {
    let cloud = TestCloud::new().await;
    let holder = cloud.created("Example.com").await;
    let mut body = example("example.COM");
    body["unique_name"] = json!(true);
    let refused = cloud.create(body).await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["id"], "conflict");
    assert_eq!(refused.json()["vm_id"], json!(holder));
    assert!(
        refused.json()["message"]
            .as_str()
            .unwrap()
            .contains(&holder)
    );
    // Without it, names need not be unique.
    cloud.created("example.com").await;
}

#[tokio::test]
async fn a_list_is_filtered_by_the_server() {
    let cloud = TestCloud::new().await;
    let mut web = example("web");
    web["labels"] = json!({"role": "web", "a=b": "c"});
    assert_eq!(cloud.create(web).await.faults(), ["labels"]);
    let mut web = example("web");
    web["labels"] = json!({"role": "web", "tier": "1"});
    web["region"] = json!("moscow_02");
    assert_eq!(cloud.create(web).await.status, 202);
    cloud.pass(CREATE_TIME).await;
    cloud.created("db").await;
    for (query, names) in [
        ("", vec!["web", "db"]),
        ("?name=WEB", vec!["web"]),
        ("?name=we", vec![]),
        ("?label=role%3Dweb", vec!["web"]),
        ("?label=role=web&label=tier=1", vec!["web"]),
        ("?label=role=web&label=tier=2", vec![]),
        ("?status=new", vec!["db"]),
        ("?status=running&region=moscow_02", vec!["web"]),
        ("?region=moscow_03", vec![]),
    ] {
        let answer = cloud.get(&format!("/vms{query}")).await.json();
        let found: Vec<_> = answer["vms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|vm| vm["name"].as_str().unwrap())
            .collect();
        assert_eq!(found, names, "{query}");
        assert_eq!(answer["meta"]["total"], names.len(), "{query}");
        assert_eq!(answer["links"], json!({}));
    }
    for (query, fault) in [
        ("?nmae=web", "nmae"),
        ("?status=runing", "status"),
        ("?label=x", "label"),
        ("?name=a&name=b", "name"),
    ] {
        assert_eq!(
            cloud.get(&format!("/vms{query}")).await.faults(),
            [fault],
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_page_neither_skips_nor_repeats() {
    let cloud = TestCloud::new().await;
    let mut ids = Vec::new();
    for n in 0..7 {
        ids.push(cloud.created(&format!("vm{n}")).await);
        cloud.clock.advance(Duration::from_millis(400));
    }
    let page = cloud.get("/vms?per_page=3").await.json();
    assert_eq!(page["vms"].as_array().unwrap().len(), 3);
    assert_eq!(page["meta"]["total"], 7);
    let links = &page["links"]["pages"];
    assert_eq!(
        links["first"],
        "http://cloud.test/api/v1/vms?page=1&per_page=3"
    );
    assert_eq!(
        links["last"],
        "http://cloud.test/api/v1/vms?page=3&per_page=3"
    );
    assert_eq!(links["prev"], json!(null));

    // A VM of the first page is deleted before the second is read.
    cloud
        .call("DELETE", &format!("/vms/{}", ids[1]), None)
        .await;
    let mut seen = vms_of(&page);
    let mut next = next_of(&page);
    let mut last = page;
    while let Some(path) = next {
        last = cloud.get(&path).await.json();
        seen.extend(vms_of(&last));
        next = next_of(&last);
    }
    assert_eq!(seen, ids);

    let prev = last["links"]["pages"]["prev"].as_str().unwrap();
    let back = cloud
        .get(prev.strip_prefix("http://cloud.test/api/v1").unwrap())
        .await
        .json();
    assert_eq!(vms_of(&back), ids[3..6]);

    let behind = cloud.get("/vms?page=9&per_page=3").await;
    assert_eq!(behind.status, 200);
    assert_eq!(behind.json()["vms"], json!([]));
    for (query, fault) in [
        ("page=0", "page"),
        ("page=x", "page"),
        ("page=-1", "page"),
        ("per_page=0", "per_page"),
        ("per_page=201", "per_page"),
        ("cursor=x", "cursor"),
        ("cursor=%C3%A9", "cursor"),
        ("page=99999999999999999999", "page"),
    ] {
        assert_eq!(
            cloud.get(&format!("/vms?{query}")).await.faults(),
            [fault],
            "{query}"
        );
    }
}

fn vms_of(page: &Value) -> Vec<String> {
    page["vms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vm| vm["id"].as_str().unwrap().to_owned())
        .collect()
}

fn next_of(page: &Value) -> Option<String> {
    let next = page["links"]["pages"]["next"].as_str()?;
    Some(
        next.strip_prefix("http://cloud.test/api/v1")
            .unwrap()
            .to_owned(),
    )
}

#[tokio::test]
async fn waiting_ends_when_the_vm_unlocks() {
    let cloud = TestCloud::new().await;
    let worker = cloud.cloud.start_worker();
    let id = cloud.created("example.com").await;
    let path = format!("/vms/{id}?wait=30");
    let waiting = cloud.get(&path);
    let passing = async {
        tokio::task::yield_now().await;
        cloud.clock.advance(CREATE_TIME);
    };
    let (answer, ()) = tokio::join!(waiting, passing);
    assert_eq!(answer.json()["vm"]["status"], "running");
    for bad in ["-1", "31", "x", "1.5", ""] {
        assert_eq!(
            cloud.get(&format!("/vms/{id}?wait={bad}")).await.faults(),
            ["wait"],
            "{bad}"
        );
    }
    cloud.cloud.begin_close();
    worker.await.unwrap();
}

#[tokio::test]
async fn waiting_notices_another_process() {
    let cloud = TestCloud::new().await;
    let id = cloud.created("example.com").await;
    let path = format!("/vms/{id}?wait=30");
    let elsewhere = async {
        cloud.clock.advance(CREATE_TIME);
        // Opening it carries out what is due.
        cloud.other_process().await;
    };
    let (answer, ()) = tokio::join!(cloud.get(&path), elsewhere);
    assert_eq!(answer.json()["vm"]["status"], "running");
}

#[tokio::test]
async fn time_that_is_up_answers_the_vm_as_it_is() {
    let cloud = TestCloud::new().await;
    let id = cloud.created("example.com").await;
    let answer = cloud.get(&format!("/vms/{id}?wait=0")).await;
    assert_eq!(answer.json()["vm"]["locked"], true);
}

#[tokio::test]
async fn state_is_there_again_and_what_fell_due_is_finished() {
    let cloud = TestCloud::new().await;
    let id = cloud.created("example.com").await;
    cloud.cloud.close().await;
    cloud.clock.advance(CREATE_TIME);
    let reopened = cloud.other_process().await;
    let account = reopened
        .first_account(
            Default::default(),
            cloudsfor_server::local_profile::LocalProfile::new(cloud.dir.path()),
        )
        .await
        .unwrap()
        .account;
    let vm = reopened
        .read(|c| cloudsfor_server::cloud::vms::get(c, account.id, &id))
        .unwrap();
    assert_eq!(vm.status, cloudsfor_types::VmStatus::Running);
    assert_eq!(account.vm_count, 1);
}

#[tokio::test]
async fn user_data_are_told_by_their_digest_and_may_be_bytes() {
    let cloud = TestCloud::new().await;
    let create = async |more: Value| {
        let mut body = example("a");
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        cloud.create(body).await
    };
    let of = |answer: &Value| {
        answer["vm"]["user_data_sha256"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let plain = create(json!({"user_data": "#cloud-config\n"})).await.json();
    let marked = create(json!({"user_data": "\u{feff}#cloud-config\n"}))
        .await
        .json();
    // As `printf '#cloud-config\n' | sha256sum` says.
    let digest = "88c95955b024402aa9572b663f7eeb134f01343bb92af27b50e97e72b22c565f";
    assert_eq!(of(&plain), digest);
    assert_eq!(of(&plain), of(&marked));
    assert_eq!(plain.get("warnings"), None);
    let bytes = json!({"user_data": "H4s=", "user_data_encoding": "base64"});
    let bytes = create(bytes).await.json();
    assert_ne!(of(&bytes), of(&plain));
    let id = bytes["vm"]["id"].as_str().unwrap();
    let again = cloud.get(&format!("/vms/{id}")).await.json();
    assert_eq!(of(&again), of(&bytes));
    for wrong in [
        json!({"user_data": "!", "user_data_encoding": "base64"}),
        json!({"user_data": "x", "user_data_encoding": "gzip"}),
        json!({"user_data": "QQ==".repeat(30_000), "user_data_encoding": "base64"}),
    ] {
        assert_eq!(create(wrong).await.status, 422);
    }
}

#[tokio::test]
async fn user_data_that_cloud_init_ignores_are_a_warning_or_with_strict_a_fault() {
    let cloud = TestCloud::new().await;
    let create = async |strict: bool, cpu: u64| {
        let mut body = example("a");
        body["user_data"] = "# cloud-config\n".into();
        body["strict"] = strict.into();
        body["cpu"] = cpu.into();
        cloud.create(body).await
    };
    let answer = create(false, 1).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json()["warnings"][0]["field"], "user_data");
    for (cpu, names) in [(1, vec!["user_data"]), (0, vec!["cpu", "user_data"])] {
        let answer = create(true, cpu).await;
        assert_eq!(answer.status, 422);
        let answer = answer.json();
        let fields = answer["fields"].as_array().unwrap();
        let named: Vec<_> = fields
            .iter()
            .map(|fault| fault["name"].as_str().unwrap())
            .collect();
        assert_eq!(named, names);
    }
    assert_eq!(cloud.get("/vms").await.json()["meta"]["total"], 1);
}
