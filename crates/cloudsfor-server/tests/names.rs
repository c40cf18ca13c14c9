//! Names over the API: which are refused, in which form they are kept, and what can
//! be beside what.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use common::{Answer, TestCloud};
use serde_json::{Value, json};

async fn domain(cloud: &TestCloud, name: &str) -> Answer {
    cloud
        .call("POST", "/domains", Some(json!({"name": name})))
        .await
}

async fn record(cloud: &TestCloud, domain: &str, body: Value) -> Answer {
    let path = format!("/domains/{domain}/records");
    cloud.call("POST", &path, Some(body)).await
}

fn txt(name: &str, data: &str) -> Value {
    json!({"type": "TXT", "name": name, "data": data})
}

fn cname(name: &str, data: &str) -> Value {
    json!({"type": "CNAME", "name": name, "data": data})
}

#[tokio::test]
async fn names_that_no_account_can_have_are_refused() {
    let cloud = TestCloud::new().await;
    for name in [
        "in-addr.arpa",
        "0.64.100.in-addr.arpa",
        "IP6.arpa",
        "8.b.d.0.1.0.0.2.ip6.arpa",
        "cloudsfor.com",
        "ns1.cloudsfor.com",
        "co.uk",
        "kawasaki.jp",
        "com",
        "192.0.2.1",
        "xn--a.example",
    ] {
        let answer = domain(&cloud, name).await;
        assert_eq!(
            (answer.status.as_u16(), answer.faults()),
            (422, vec!["name".into()]),
            "{name}"
        );
    }
    for name in [
        "shop.co.uk",
        "shop.example",
        "github.io",
        "my-cloudsfor.com",
    ] {
        assert_eq!(domain(&cloud, name).await.status, 201, "{name}");
    }
}

#[tokio::test]
async fn the_operator_reserves_names() {
    let cloud = TestCloud::new().await;
    assert_eq!(domain(&cloud, "old.cloud.example").await.status, 201);
    let names = cloudsfor_server::cloud::NameService {
        name: "Cloud.example".into(),
        reserved: vec!["corp.example.net".into()],
        ..Default::default()
    };
    cloud.cloud.keep_name_service(names).await.unwrap();
    for name in [
        "cloud.example",
        "a.cloud.example",
        "corp.example.net",
        "a.corp.example.net",
        "example.net",
    ] {
        assert_eq!(domain(&cloud, name).await.faults(), ["name"], "{name}");
    }
    // It is another service's name now.
    let made = domain(&cloud, "cloudsfor.com").await;
    assert_eq!(made.status, 201);
    let zone = made.json()["domain"]["zone_file"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        zone.contains("SOA ns1.cloud.example. hostmaster.cloud.example.")
            && zone.contains("@ IN NS ns1.cloud.example."),
        "{zone}"
    );
    // What was there stays, and isn't served any more.
    assert_eq!(cloud.get("/domains/old.cloud.example").await.status, 200);
    let not_served = cloud
        .cloud
        .read(cloudsfor_server::cloud::domains::not_served);
    assert_eq!(not_served.unwrap(), ["old.cloud.example"]);
}

#[tokio::test]
async fn names_in_other_alphabets_are_kept_as_punycode() {
    let cloud = TestCloud::new().await;
    let made = domain(&cloud, "Пример.рф").await;
    assert_eq!(made.status, 201, "{}", made.json());
    let made = made.json()["domain"].clone();
    assert_eq!(made["name"], "xn--e1afmkfd.xn--p1ai");
    assert_eq!(made["name_unicode"], "пример.рф");
    assert_eq!(domain(&cloud, "xn--e1afmkfd.xn--p1ai").await.status, 409);
    let plain = domain(&cloud, "example.com").await.json();
    assert!(plain["domain"].get("name_unicode").is_none());

    // By either form; percent-encoded, as a path has it.
    let encoded = "%D0%BF%D1%80%D0%B8%D0%BC%D0%B5%D1%80.%D1%80%D1%84";
    let got = cloud.get(&format!("/domains/{encoded}")).await;
    assert_eq!(got.json()["domain"]["name"], "xn--e1afmkfd.xn--p1ai");
    for (name, kept, unicode) in [
        ("почта", "xn--80a1acny", json!("почта")),
        ("сайт.пример.рф", "xn--80aswg", json!("сайт")),
        ("www", "www", Value::Null),
    ] {
        let body = json!({"type": "MX", "name": name, "data": "почта.рф", "priority": 1});
        let made = record(&cloud, encoded, body).await;
        assert_eq!(made.status, 201, "{}", made.json());
        let made = made.json()["domain_record"].clone();
        assert_eq!(
            (&made["name"], &made["name_unicode"]),
            (&json!(kept), &unicode)
        );
        assert_eq!(made["data"], "xn--80a1acny.xn--p1ai.");
    }

    let vm = cloud.create(common::example("сервер.пример.рф")).await;
    assert_eq!(vm.status, 202, "{}", vm.json());
    let vm = vm.json()["vm"].clone();
    assert_eq!(vm["name"], "xn--b1afb6bcb.xn--e1afmkfd.xn--p1ai");
    assert_eq!(vm["name_unicode"], "сервер.пример.рф");
    let found = cloud.get("/vms?name=%D1%81%D0%B5%D1%80%D0%B2%D0%B5%D1%80.%D0%BF%D1%80%D0%B8%D0%BC%D0%B5%D1%80.%D1%80%D1%84").await;
    assert_eq!(found.json()["vms"][0]["id"], vm["id"]);
    let zone = cloud.get(&format!("/domains/{encoded}")).await.json();
    assert!(
        zone["domain"]["zone_file"]
            .as_str()
            .unwrap()
            .contains("xn--b1afb6bcb IN A 100.64.")
    );
}

#[tokio::test]
async fn a_records_name_and_target_have_one_form() {
    let cloud = TestCloud::new().await;
    domain(&cloud, "example.com").await;
    for (name, kept) in [
        ("www.example.com", "www"),
        ("www2.example.com.", "www2"),
        ("Example.com", "@"),
        ("*.a.example.com", "*.a"),
        ("example.com.example.com.", "example.com.example.com."),
    ] {
        let made = record(&cloud, "example.com", txt(name, "x")).await;
        assert_eq!(made.status, 201, "{}", made.json());
        assert_eq!(made.json()["domain_record"]["name"], kept, "{name}");
    }
    for (data, kept) in [
        ("a.example.com", "a.example.com."),
        ("mail", "mail.example.com."),
        ("@", "example.com."),
        ("mx.example.net.", "mx.example.net."),
        (".", "."),
    ] {
        let body = json!({"type": "MX", "name": "@", "data": data, "priority": 1});
        let made = record(&cloud, "example.com", body).await;
        assert_eq!(made.json()["domain_record"]["data"], kept, "{data}");
    }
    for (name, data) in [
        ("a", "192.0.2.1"),
        ("a", "2001:db8::1"),
        ("a", "."),
        ("a", "xn--a"),
        ("a", ""),
    ] {
        let refused = record(&cloud, "example.com", cname(name, data)).await;
        assert_eq!(refused.faults(), ["data"], "{data}");
    }
    let label = "a".repeat(60);
    let long = format!("{label}.{label}.{label}.{label}");
    for name in ["www.example.org.", &*long, "xn--a", "."] {
        let refused = record(&cloud, "example.com", txt(name, "x")).await;
        assert_eq!(refused.faults(), ["name"], "{name}");
    }
    for (data, kept) in [
        (r#""v=spf1 -all""#, "v=spf1 -all"),
        (r#""a" "b""#, "ab"),
        (r#"a "b""#, r#"a "b""#),
    ] {
        let made = record(&cloud, "example.com", txt("txt", data)).await;
        assert_eq!(made.json()["domain_record"]["data"], kept);
    }
    // A VM's name has no domain's to be together with.
    let vm = cloud
        .create(common::example(&format!("{long}.{label}")))
        .await;
    assert_eq!(vm.faults(), ["name"]);
}

#[tokio::test]
async fn two_records_are_the_same_if_all_their_fields_are() {
    let cloud = TestCloud::new().await;
    domain(&cloud, "example.com").await;
    let mx = |name: &str, data: &str, priority: u16| json!({"type": "MX", "name": name, "data": data, "priority": priority});
    let srv = |port: u16| json!({"type": "SRV", "name": "_a._tcp", "data": "x", "priority": 1, "weight": 1, "port": port});
    for (body, status) in [
        (mx("@", "mail", 10), 201),
        (mx("@", "mail", 20), 201),
        (mx("example.com", "MAIL.example.com.", 10), 409),
        (srv(1), 201),
        (srv(2), 201),
        (srv(2), 409),
        (txt("t", "Text"), 201),
        (txt("t", "text"), 201),
        (txt("T", "text"), 409),
        (
            json!({"type": "AAAA", "name": "t", "data": "2001:db8::1"}),
            201,
        ),
        (
            json!({"type": "AAAA", "name": "t", "data": "2001:DB8:0::1"}),
            409,
        ),
    ] {
        let answer = record(&cloud, "example.com", body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.json());
    }
    // A record can be put in its own place.
    let path = "/domains/example.com/records";
    let records = cloud.get(path).await.json();
    let first = format!("{path}/{}", records["domain_records"][0]["id"]);
    for (body, status) in [(mx("@", "mail", 10), 200), (mx("@", "mail", 20), 409)] {
        assert_eq!(cloud.call("PUT", &first, Some(body)).await.status, status);
    }
}

#[tokio::test]
async fn nothing_is_beside_a_cname_neither_a_record_nor_a_vm() {
    let cloud = TestCloud::new().await;
    domain(&cloud, "example.com").await;
    let status = async |body: Value| record(&cloud, "example.com", body).await.status.as_u16();
    assert_eq!(status(cname("@", "x")).await, 409);
    assert_eq!(status(cname("blog", "x.example.net")).await, 201);
    assert_eq!(status(cname("BLOG", "y.example.net")).await, 409);
    assert_eq!(status(txt("blog", "x")).await, 409);
    assert_eq!(status(txt("a.blog", "x")).await, 201);

    let refused = cloud.create(common::example("Blog.example.com")).await;
    assert_eq!(refused.status, 409, "{}", refused.json());
    let vm = cloud.running("web.example.com").await;
    assert_eq!(status(cname("web", "x")).await, 409);
    let rename = |name: &str| json!({"type": "rename", "name": name});
    let path = format!("/vms/{vm}/actions");
    let refused = cloud
        .call("POST", &path, Some(rename("blog.example.com")))
        .await;
    assert_eq!(refused.status, 409);
    cloud.done(&vm, rename("www.example.com")).await;
    assert_eq!(status(cname("web", "x")).await, 201);
    assert_eq!(status(cname("www", "x")).await, 409);

    // A PUT can't make one either.
    let records = cloud.get("/domains/example.com/records").await.json();
    let records = records["domain_records"].as_array().unwrap();
    let record = records.iter().find(|r| r["name"] == "a.blog").unwrap();
    let path = format!("/domains/example.com/records/{}", record["id"]);
    for (body, status) in [
        (cname("www", "x"), 409),
        (txt("blog", "x"), 409),
        (cname("a.blog", "x"), 200),
        (txt("a.blog", "x"), 200),
    ] {
        assert_eq!(cloud.call("PUT", &path, Some(body)).await.status, status);
    }
}

#[tokio::test]
async fn a_record_set_fits_an_answer() {
    let cloud = TestCloud::new().await;
    domain(&cloud, "amp.example").await;
    let mut refused = None;
    for n in 0..40 {
        let data = format!("{n:02}{}", "x".repeat(3998));
        let answer = record(&cloud, "amp.example", txt("big", &data)).await;
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("there is a limit");
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["reason"], "quota");
    // Others are not in the way.
    assert_eq!(
        record(&cloud, "amp.example", txt("other", "x"))
            .await
            .status,
        201
    );
}
