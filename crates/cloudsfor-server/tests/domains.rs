//! Managed domains and their records.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use common::TestCloud;
use serde_json::{Value, json};

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
        json!({"id": id, "type": "MX", "name": "@", "data": "mail.example.com.", "priority": 10, "port": null, "weight": null})
    );
    let zone = cloud.get("/domains/example.com").await.json()["domain"]["zone_file"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(zone.contains("@ IN MX 10 mail.example.com.\n"), "{zone}");
    assert_eq!(
        record(json!({"type": "CNAME", "name": "@", "data": "x"}))
            .await
            .status,
        409
    );
    assert_eq!(
        record(json!({"type": "MX", "name": "@", "data": "MAIL.example.com", "priority": 10}))
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
        (200, &json!("mail2.example.com."))
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
