//! Name service: what the API says of domains and VMs is what DNS answers.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use cloudsfor_server::dns::{DnsLimits, DnsListener};
use common::TestCloud;
use hickory_proto::op::{Message, Query, ResponseCode};
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
        let mut question = Message::query();
        question.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
        let question = question.to_vec().unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.send_to(&question, self.address).await.unwrap();
        let mut answer = [0; 4096];
        let received = tokio::time::timeout(Duration::from_secs(10), socket.recv(&mut answer));
        let length = received.await.unwrap().unwrap();
        let message = Message::from_vec(&answer[..length]).unwrap();
        if message.metadata.truncation {
            return self.ask_by_tcp(&question).await;
        }
        message
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
