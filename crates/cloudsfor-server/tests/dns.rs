//! Name service: what the API says of domains and VMs is what DNS answers.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use cloudsfor_server::dns::{DnsLimits, DnsListener};
use common::TestCloud;
use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Dns {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Dns {
    async fn of(cloud: &TestCloud) -> Self {
        // What one answer is, not how often it is given.
        let limits = DnsLimits {
            answers_per_second: 0,
            ..DnsLimits::default()
        };
        Self::limited(cloud, limits).await
    }

    async fn limited(cloud: &TestCloud, limits: DnsLimits) -> Self {
        let listener = DnsListener::bind("127.0.0.1:0".parse().unwrap()).await;
        let listener = listener.unwrap();
        let address = listener.address();
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let ended = tokio::spawn(listener.serve(cloud.cloud.clone(), limits, stopped));
        Self {
            address,
            stop,
            ended,
        }
    }

    /// The answer by UDP, or by TCP if it is too long for that.
    async fn ask(&self, name: &str, kind: RecordType) -> Message {
        let question = question(name, kind, None);
        let message = Message::from_vec(&self.ask_by_udp(&question).await).unwrap();
        if message.metadata.truncation {
            return self.ask_by_tcp(&question).await;
        }
        message
    }

    async fn ask_by_udp(&self, question: &[u8]) -> Vec<u8> {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.send_to(question, self.address).await.unwrap();
        let mut answer = vec![0; usize::from(u16::MAX)];
        let received = tokio::time::timeout(PATIENCE, socket.recv(&mut answer));
        let length = received.await.unwrap().unwrap();
        answer.truncate(length);
        answer
    }

    async fn ask_by_tcp(&self, question: &[u8]) -> Message {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_u16(question.len() as u16).await.unwrap();
        stream.write_all(question).await.unwrap();
        let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut answer).await.unwrap();
        Message::from_vec(&answer).unwrap()
    }

    /// What the answer says, sorted.
    async fn data(&self, name: &str, kind: RecordType) -> Vec<String> {
        let message = self.ask(name, kind).await;
        let mut data: Vec<_> = message.answers.iter().map(|r| r.data.to_string()).collect();
        data.sort();
        data
    }

    async fn code(&self, name: &str, kind: RecordType) -> ResponseCode {
        let message = self.ask(name, kind).await;
        assert!(message.answers.is_empty(), "{name}");
        message.metadata.response_code
    }

    async fn serial(&self, domain: &str) -> u32 {
        match &self.ask(domain, RecordType::SOA).await.answers[0].data {
            RData::SOA(soa) => soa.serial,
            other => panic!("{other}"),
        }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap();
    }
}

/// How long an answer may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(10);

fn question(name: &str, kind: RecordType, edns: Option<u16>) -> Vec<u8> {
    let mut question = Message::query();
    question.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    if let Some(size) = edns {
        let mut edns = Edns::new();
        edns.set_max_payload(size);
        question.set_edns(edns);
    }
    question.to_vec().unwrap()
}

fn reverse(ip: &str) -> String {
    Name::from(ip.parse::<IpAddr>().unwrap()).to_string()
}

async fn add_domain(cloud: &TestCloud, name: &str) {
    let body = json!({"name": name});
    assert_eq!(cloud.call("POST", "/domains", Some(body)).await.status, 201);
}

async fn add_record(cloud: &TestCloud, domain: &str, record: Value) -> u64 {
    let path = format!("/domains/{domain}/records");
    let answer = cloud.call("POST", &path, Some(record)).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    answer.json()["domain_record"]["id"].as_u64().unwrap()
}

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
async fn what_is_too_long_for_a_datagram_comes_by_tcp() {
    let cloud = TestCloud::new().await;
    let dns = Dns::of(&cloud).await;
    add_domain(&cloud, "example.com").await;
    let long = "x".repeat(3000);
    add_record(
        &cloud,
        "example.com",
        json!({"type": "TXT", "name": "@", "data": long}),
    )
    .await;
    let answer = dns.ask("example.com.", RecordType::TXT).await;
    assert!(answer.answers[0].data.to_string().len() >= 3000);
    dns.stop().await;
}

#[tokio::test]
async fn an_answer_by_udp_is_never_larger_than_asked_for_nor_than_a_packet() {
    let cloud = TestCloud::new().await;
    let dns = Dns::of(&cloud).await;
    add_domain(&cloud, "example.com").await;
    for n in 0..10 {
        let data = format!("{n}{}", "x".repeat(4000));
        add_record(
            &cloud,
            "example.com",
            json!({"type": "TXT", "name": "big", "data": data}),
        )
        .await;
    }
    for (edns, limit) in [
        (None, 512),
        (Some(512), 512),
        (Some(1232), 1232),
        (Some(4096), 1232),
        (Some(65535), 1232),
    ] {
        for kind in [RecordType::TXT, RecordType::ANY] {
            let question = question("big.example.com.", kind, edns);
            let answer = dns.ask_by_udp(&question).await;
            assert!(answer.len() <= limit, "{edns:?}: {}", answer.len());
            let answer = Message::from_vec(&answer).unwrap();
            assert_eq!(answer.metadata.truncation, kind == RecordType::TXT);
            assert_eq!(answer.edns.is_some(), edns.is_some());
        }
    }
    let whole = dns.ask("big.example.com.", RecordType::TXT).await;
    assert_eq!(
        (whole.answers.len(), whole.metadata.truncation),
        (10, false)
    );
    dns.stop().await;
}

#[tokio::test]
async fn the_same_answer_goes_to_a_network_so_often_and_by_tcp_always() {
    let cloud = TestCloud::new().await;
    let limits = DnsLimits {
        answers_per_second: 5,
        ..DnsLimits::default()
    };
    let dns = Dns::limited(&cloud, limits).await;
    add_domain(&cloud, "example.com").await;
    add_record(
        &cloud,
        "example.com",
        json!({"type": "A", "name": "www", "data": "192.0.2.1"}),
    )
    .await;
    let asked = question("www.example.com.", RecordType::A, None);
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(dns.address).await.unwrap();
    let (mut whole, mut truncated) = (0, 0);
    // Until the first that is truncated, however slow this machine is.
    while truncated == 0 {
        for _ in 0..50 {
            socket.send(&asked).await.unwrap();
        }
        // Another answer than these, so that all of them were read when it comes.
        let last = question("none.example.com.", RecordType::A, None);
        socket.send(&last).await.unwrap();
        loop {
            let mut answer = [0; 512];
            let received = tokio::time::timeout(PATIENCE, socket.recv(&mut answer));
            let length = received.await.unwrap().unwrap();
            let answer = Message::from_vec(&answer[..length]).unwrap();
            if answer.metadata.response_code == ResponseCode::NXDomain {
                break;
            }
            if answer.metadata.truncation {
                assert!(answer.answers.is_empty());
                truncated += 1;
            } else {
                assert_eq!(answer.answers.len(), 1);
                whole += 1;
            }
        }
    }
    assert!(whole >= 5, "{whole} whole, {truncated} truncated");
    for _ in 0..20 {
        let answer = dns.ask_by_tcp(&asked).await;
        assert_eq!(answer.answers.len(), 1);
    }
    dns.stop().await;
}

#[tokio::test]
async fn silent_connections_make_room_for_others() {
    let cloud = TestCloud::new().await;
    let limits = DnsLimits {
        connections: 4,
        ..DnsLimits::default()
    };
    let dns = Dns::limited(&cloud, limits).await;
    add_domain(&cloud, "example.com").await;
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(TcpStream::connect(dns.address).await.unwrap());
    }
    let asked = question("example.com.", RecordType::SOA, None);
    assert_eq!(dns.ask_by_tcp(&asked).await.answers.len(), 1);
    // Several questions on one connection, sent at once.
    let mut stream = TcpStream::connect(dns.address).await.unwrap();
    let framed = [&(asked.len() as u16).to_be_bytes()[..], &asked].concat();
    stream.write_all(&framed.repeat(3)).await.unwrap();
    for _ in 0..3 {
        let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(Message::from_vec(&answer).unwrap().answers.len(), 1);
    }
    dns.stop().await;
}

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
async fn nobodys_domain_is_before_the_names_of_addresses_and_the_services_own() {
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
