//! What a service of before took, and what becomes of it.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde_json::json;

use crate::client::{Dns, add_domain, add_record, reverse};
use crate::common::TestCloud;

#[tokio::test]
async fn a_record_that_cannot_be_served_costs_itself_alone() {
    let cloud = TestCloud::new().await;
    let dns = Dns::of(&cloud).await;
    add_domain(&cloud, "example.com").await;
    add_record(
        &cloud,
        "example.com",
        json!({"type": "A", "name": "www", "data": "192.0.2.1"}),
    )
    .await;
    add_record(
        &cloud,
        "example.com",
        json!({"type": "MX", "name": "@", "data": "www", "priority": 1}),
    )
    .await;
    // As a service of before took them.
    let long = ["a".repeat(63).as_str(); 5].join(".");
    let label = "a".repeat(70);
    let bad = [
        ("A", "x", "no address".to_owned()),
        ("MX", "@", format!("{long}.")),
        ("CNAME", "y", format!("{label}.")),
        ("NS", "z", format!("{long}.example.com.")),
    ];
    let insert = move |tx: &cloudsfor_server::cloud::Tx<'_>| {
        for (kind, name, data) in bad {
            let path = if name == "@" {
                String::new()
            } else {
                format!("{name}.")
            };
            let sql = "INSERT INTO records (domain_id, type, name, data, path, created_at)
                       VALUES (1, ?, ?, ?, ?, 0)";
            let values = (kind, name, data, path);
            tx.connection.execute(sql, values).unwrap();
        }
        let sql = "INSERT INTO records (domain_id, type, name, data, path, created_at)
                   VALUES (1, 'A', ?, '192.0.2.2', ?, 0)";
        tx.connection
            .execute(sql, (&long, format!("{long}.")))
            .unwrap();
        Ok(())
    };
    cloud.cloud.write(insert).await.unwrap();
    assert_eq!(
        dns.data("www.example.com.", RecordType::A).await,
        ["192.0.2.1"]
    );
    assert_eq!(
        dns.data("example.com.", RecordType::MX).await,
        ["1 www.example.com."]
    );
    for name in ["x", "y", "z"] {
        let name = format!("{name}.example.com.");
        assert_eq!(
            dns.code(&name, RecordType::A).await,
            ResponseCode::NoError,
            "{name}"
        );
    }
    assert_eq!(
        dns.code("none.example.com.", RecordType::A).await,
        ResponseCode::NXDomain
    );
    assert_eq!(cloud.get("/domains/example.com/records").await.status, 200);
    dns.stop().await;
}

#[tokio::test]
async fn the_reverse_zones_and_the_services_own_come_before_any_domain() {
    let cloud = TestCloud::new().await;
    let dns = Dns::of(&cloud).await;
    let names = cloudsfor_server::cloud::NameService {
        addresses: vec!["192.0.2.53".parse().unwrap()],
        ..Default::default()
    };
    cloud.cloud.keep_name_service(names).await.unwrap();
    add_domain(&cloud, "example.com").await;
    cloud.running("mail.example.com").await;
    // As a service of before took them.
    let insert = |tx: &cloudsfor_server::cloud::Tx<'_>| {
        for (id, name, path) in [
            (10, "0.64.100.in-addr.arpa", "arpa.in-addr.100.64.0."),
            (11, "in-addr.arpa", "arpa.in-addr."),
            (12, "cloudsfor.com", "com.cloudsfor."),
        ] {
            let domain = "INSERT INTO domains (id, account_id, name, ttl, serial, created_at, path)
                          VALUES (?, 1, ?, 1800, 1, 0, ?)";
            tx.connection.execute(domain, (id, name, path)).unwrap();
            let record = "INSERT INTO records (domain_id, type, name, data, path, created_at)
                          VALUES (?, ?, ?, ?, ?, 0)";
            let values = (id, "PTR", "2", "www.bank.example.", "2.");
            tx.connection.execute(record, values).unwrap();
            let values = (id, "A", "ns1", "192.0.2.66", "ns1.");
            tx.connection.execute(record, values).unwrap();
        }
        Ok(())
    };
    cloud.cloud.write(insert).await.unwrap();
    assert_eq!(
        dns.data(&reverse("100.64.0.2"), RecordType::PTR).await,
        ["mail.example.com."]
    );
    assert_eq!(
        dns.data("ns1.cloudsfor.com.", RecordType::A).await,
        ["192.0.2.53"]
    );
    assert_eq!(
        dns.code("2.cloudsfor.com.", RecordType::PTR).await,
        ResponseCode::NXDomain
    );
    assert_eq!(
        dns.code("2.in-addr.arpa.", RecordType::PTR).await,
        ResponseCode::Refused
    );
    // The zone of the network itself.
    assert_eq!(
        dns.data("0.64.100.in-addr.arpa.", RecordType::NS).await,
        ["ns1.cloudsfor.com."]
    );
    let not_served = cloud
        .cloud
        .read(cloudsfor_server::cloud::domains::not_served)
        .unwrap();
    assert_eq!(
        not_served,
        ["in-addr.arpa", "0.64.100.in-addr.arpa", "cloudsfor.com"]
    );
    dns.stop().await;
}

#[tokio::test]
async fn a_vm_whose_name_has_a_cname_from_before_costs_the_domain_nothing() {
    let cloud = TestCloud::new().await;
    let dns = Dns::of(&cloud).await;
    cloud.running("blog.example.com").await;
    add_domain(&cloud, "example.com").await;
    add_record(
        &cloud,
        "example.com",
        json!({"type": "A", "name": "www", "data": "192.0.2.1"}),
    )
    .await;
    let insert = |tx: &cloudsfor_server::cloud::Tx<'_>| {
        let sql = "INSERT INTO records (domain_id, type, name, data, path, created_at)
                   VALUES (1, 'CNAME', 'blog', 'www.example.com.', 'blog.', 0)";
        tx.connection.execute(sql, []).unwrap();
        Ok(())
    };
    cloud.cloud.write(insert).await.unwrap();
    assert_eq!(
        dns.data("www.example.com.", RecordType::A).await,
        ["192.0.2.1"]
    );
    let blog = dns.data("blog.example.com.", RecordType::A).await;
    assert_eq!(blog, ["192.0.2.1", "www.example.com."]);
    // Once the alias is gone, the VM's address is there.
    let records = cloud.get("/domains/example.com/records").await.json();
    let records = records["domain_records"].as_array().unwrap();
    let alias = records
        .iter()
        .find(|record| record["type"] == "CNAME")
        .unwrap();
    let path = format!("/domains/example.com/records/{}", alias["id"]);
    assert_eq!(cloud.call("DELETE", &path, None).await.status, 204);
    assert_eq!(
        dns.data("blog.example.com.", RecordType::A).await,
        ["100.64.0.2"]
    );
    dns.stop().await;
}
