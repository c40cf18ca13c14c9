//! What is in the zones: records, the addresses of VMs, and their names.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{RData, RecordType};
use serde_json::json;

use crate::client::{Dns, add_domain, add_record, reverse};
use crate::common::{self, TestCloud};

#[tokio::test]
async fn a_vms_name_has_its_address_and_its_address_its_name_until_it_is_deleted() {
    let cloud = TestCloud::new().await;
    let dns = Dns::of(&cloud).await;
    add_domain(&cloud, "example.com").await;
    let mut body = common::example("Web.example.com");
    body["ipv6"] = json!(true);
    let vm = cloud.create(body).await.json()["vm"].clone();
    let address = |family: &str| {
        let address = &vm["networks"][family][0]["ip_address"];
        address.as_str().unwrap().to_owned()
    };
    let (v4, v6) = (address("v4"), address("v6"));
    assert_eq!(dns.data("web.example.com.", RecordType::A).await, [&*v4]);
    assert_eq!(dns.data("WEB.example.com.", RecordType::AAAA).await, [&*v6]);
    for ip in [&v4, &v6] {
        let names = dns.data(&reverse(ip), RecordType::PTR).await;
        assert_eq!(names, ["web.example.com."], "{ip}");
    }
    // Several of one name: the name has all their addresses.
    let twin = cloud.running("web.example.com").await;
    assert_eq!(dns.data("web.example.com.", RecordType::A).await.len(), 2);
    cloud.call("DELETE", &format!("/vms/{twin}"), None).await;
    assert_eq!(dns.data("web.example.com.", RecordType::A).await, [&*v4]);

    let id = vm["id"].as_str().unwrap();
    cloud
        .done(id, json!({"type": "rename", "name": "db.example.com"}))
        .await;
    assert_eq!(
        dns.code("web.example.com.", RecordType::A).await,
        ResponseCode::NXDomain
    );
    assert_eq!(dns.data("db.example.com.", RecordType::A).await, [&*v4]);
    assert_eq!(
        dns.data(&reverse(&v4), RecordType::PTR).await,
        ["db.example.com."]
    );

    cloud.call("DELETE", &format!("/vms/{id}"), None).await;
    assert_eq!(
        dns.code("db.example.com.", RecordType::A).await,
        ResponseCode::NXDomain
    );
    assert_eq!(
        dns.code(&reverse(&v4), RecordType::PTR).await,
        ResponseCode::NXDomain
    );
    dns.stop().await;
}

#[tokio::test]
async fn records_are_answered_and_each_change_moves_the_serial() {
    let cloud = TestCloud::new().await;
    let dns = Dns::of(&cloud).await;
    assert_eq!(
        dns.code("example.com.", RecordType::SOA).await,
        ResponseCode::Refused
    );
    add_domain(&cloud, "example.com").await;
    let mut serial = dns.serial("example.com.").await;
    let mut moved = async || {
        let new = dns.serial("example.com.").await;
        let moved = new > serial;
        serial = new;
        moved
    };
    for record in [
        json!({"type": "A", "name": "@", "data": "192.0.2.1"}),
        json!({"type": "AAAA", "name": "www", "data": "2001:db8::1"}),
        json!({"type": "CNAME", "name": "alias", "data": "www"}),
        json!({"type": "MX", "name": "@", "data": "mail.example.org.", "priority": 10}),
        json!({"type": "SRV", "name": "_sip._tcp", "data": "@", "priority": 1, "weight": 2, "port": 5060}),
        json!({"type": "TXT", "name": "txt", "data": "v=spf1 \"quoted\" \\ -all;"}),
        json!({"type": "A", "name": "*.wild", "data": "192.0.2.7"}),
        json!({"type": "A", "name": "a.deep", "data": "192.0.2.8"}),
    ] {
        add_record(&cloud, "example.com", record.clone()).await;
        assert!(moved().await, "{record}");
    }
    let say = async |name: &str, kind| dns.data(name, kind).await;
    assert_eq!(say("example.com.", RecordType::A).await, ["192.0.2.1"]);
    assert_eq!(
        say("www.example.com.", RecordType::AAAA).await,
        ["2001:db8::1"]
    );
    assert_eq!(
        say("alias.example.com.", RecordType::AAAA).await,
        ["2001:db8::1", "www.example.com."]
    );
    assert_eq!(
        say("example.com.", RecordType::MX).await,
        ["10 mail.example.org."]
    );
    assert_eq!(
        say("_sip._tcp.example.com.", RecordType::SRV).await,
        ["1 2 5060 example.com."]
    );
    let txt = dns.ask("txt.example.com.", RecordType::TXT).await;
    match &txt.answers[0].data {
        RData::TXT(txt) => {
            let text: Vec<u8> = txt
                .txt_data
                .iter()
                .flat_map(|piece| piece.to_vec())
                .collect();
            assert_eq!(text, br#"v=spf1 "quoted" \ -all;"#);
        }
        other => panic!("{other}"),
    }
    assert_eq!(
        say("x.wild.example.com.", RecordType::A).await,
        ["192.0.2.7"]
    );
    // There, but without this; and not there at all.
    assert_eq!(
        dns.code("www.example.com.", RecordType::A).await,
        ResponseCode::NoError
    );
    assert_eq!(
        dns.code("none.example.com.", RecordType::A).await,
        ResponseCode::NXDomain
    );
    assert_eq!(
        dns.code("example.org.", RecordType::A).await,
        ResponseCode::Refused
    );
    let negative = dns.ask("none.example.com.", RecordType::A).await;
    assert_eq!(negative.authorities[0].record_type(), RecordType::SOA);
    assert!(negative.metadata.authoritative);

    let path = "/domains/example.com/records";
    let records = cloud.get(path).await.json()["domain_records"].clone();
    let first = format!("{path}/{}", records[0]["id"]);
    let changed = json!({"type": "A", "name": "@", "data": "192.0.2.2"});
    cloud.call("PUT", &first, Some(changed)).await;
    assert!(moved().await);
    assert_eq!(say("example.com.", RecordType::A).await, ["192.0.2.2"]);
    cloud.call("DELETE", &first, None).await;
    assert!(moved().await);
    assert_eq!(
        dns.code("example.com.", RecordType::A).await,
        ResponseCode::NoError
    );
    // A domain that comes again is a new one.
    cloud.call("DELETE", "/domains/example.com", None).await;
    add_domain(&cloud, "example.com").await;
    assert_eq!(
        dns.code("www.example.com.", RecordType::AAAA).await,
        ResponseCode::NXDomain
    );
    dns.stop().await;
}

#[tokio::test]
async fn an_address_whose_vm_can_be_in_no_domain_has_a_name_of_the_services() {
    let cloud = TestCloud::new().await;
    let dns = Dns::of(&cloud).await;
    let mut body = common::example("web");
    body["ipv6"] = json!(true);
    let vm = cloud.create(body).await.json()["vm"].clone();
    let id = vm["id"].as_str().unwrap();
    for (family, kind, name) in [
        ("v4", RecordType::A, "100-64-0-2.vm.cloudsfor.com."),
        (
            "v6",
            RecordType::AAAA,
            "fd63-6c6f-7564-0-0-0-0-2.vm.cloudsfor.com.",
        ),
    ] {
        let ip = vm["networks"][family][0]["ip_address"].as_str().unwrap();
        assert_eq!(dns.data(&reverse(ip), RecordType::PTR).await, [name]);
        assert_eq!(dns.data(name, kind).await, [ip]);
    }
    assert_eq!(
        dns.code("vm.cloudsfor.com.", RecordType::A).await,
        ResponseCode::NoError
    );
    assert_eq!(
        dns.code("100-64-0-3.vm.cloudsfor.com.", RecordType::A)
            .await,
        ResponseCode::NXDomain
    );
    // A name of its own comes before.
    cloud.pass(common::CREATE_TIME).await;
    add_domain(&cloud, "example.com").await;
    cloud
        .done(id, json!({"type": "rename", "name": "web.example.com"}))
        .await;
    assert_eq!(
        dns.data(&reverse("100.64.0.2"), RecordType::PTR).await,
        ["web.example.com."]
    );
    assert_eq!(
        dns.code("100-64-0-2.vm.cloudsfor.com.", RecordType::A)
            .await,
        ResponseCode::NXDomain
    );
    cloud
        .done(id, json!({"type": "rename", "name": "web"}))
        .await;
    cloud.call("DELETE", &format!("/vms/{id}"), None).await;
    assert_eq!(
        dns.code(&reverse("100.64.0.2"), RecordType::PTR).await,
        ResponseCode::NXDomain
    );
    dns.stop().await;
}

#[tokio::test]
async fn a_domain_below_another_answers_for_itself() {
    let cloud = TestCloud::new().await;
    let dns = Dns::of(&cloud).await;
    add_domain(&cloud, "example.com").await;
    add_domain(&cloud, "sub.example.com").await;
    let a = |name: &str| json!({"type": "A", "name": name, "data": "192.0.2.1"});
    add_record(&cloud, "sub.example.com", a("www")).await;
    // Hidden by the domain below.
    add_record(&cloud, "example.com", a("old.sub")).await;
    let alias = json!({"type": "CNAME", "name": "alias", "data": "none.sub.example.com"});
    add_record(&cloud, "example.com", alias).await;
    assert_eq!(
        dns.data("www.sub.example.com.", RecordType::A).await,
        ["192.0.2.1"]
    );
    assert_eq!(
        dns.code("old.sub.example.com.", RecordType::A).await,
        ResponseCode::NXDomain
    );
    // Its names are not the domain's above to deny.
    let alias = dns.ask("alias.example.com.", RecordType::A).await;
    assert_eq!(alias.metadata.response_code, ResponseCode::NoError);
    assert_eq!((alias.answers.len(), alias.authorities.len()), (1, 0));

    // What its parent knows of it is asked of the parent, once that refers to it.
    let soa_of = async || {
        let message = dns.ask("sub.example.com.", RecordType::DS).await;
        message.authorities[0].name.to_string()
    };
    assert_eq!(soa_of().await, "sub.example.com.");
    let ns = json!({"type": "NS", "name": "sub", "data": "ns1.cloudsfor.com"});
    add_record(&cloud, "example.com", ns).await;
    assert_eq!(soa_of().await, "example.com.");
    assert_eq!(
        dns.data("www.sub.example.com.", RecordType::A).await,
        ["192.0.2.1"]
    );
    // Without the domain below, it is a referral.
    cloud.call("DELETE", "/domains/sub.example.com", None).await;
    let referral = dns.ask("www.sub.example.com.", RecordType::A).await;
    assert!(!referral.metadata.authoritative && referral.answers.is_empty());
    assert_eq!(referral.authorities[0].name.to_string(), "sub.example.com.");
    dns.stop().await;
}
