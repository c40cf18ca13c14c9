//! The name service of a test's cloud, and questions to it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use cloudsfor_server::dns::{DnsLimits, DnsListener};
use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::common::TestCloud;

pub(crate) struct Dns {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Dns {
    pub(crate) async fn of(cloud: &TestCloud) -> Self {
        // What one answer is, not how often it is given.
        let limits = DnsLimits {
            answers_per_second: 0,
            ..DnsLimits::default()
        };
        Self::limited(cloud, limits).await
    }

    pub(crate) async fn limited(cloud: &TestCloud, limits: DnsLimits) -> Self {
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
    pub(crate) async fn ask(&self, name: &str, kind: RecordType) -> Message {
        let question = question(name, kind, None);
        let message = Message::from_vec(&self.ask_by_udp(&question).await).unwrap();
        if message.metadata.truncation {
            return self.ask_by_tcp(&question).await;
        }
        message
    }

    pub(crate) async fn ask_by_udp(&self, question: &[u8]) -> Vec<u8> {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.send_to(question, self.address).await.unwrap();
        let mut answer = vec![0; usize::from(u16::MAX)];
        let received = tokio::time::timeout(PATIENCE, socket.recv(&mut answer));
        let length = received.await.unwrap().unwrap();
        answer.truncate(length);
        answer
    }

    pub(crate) async fn ask_by_tcp(&self, question: &[u8]) -> Message {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_u16(question.len() as u16).await.unwrap();
        stream.write_all(question).await.unwrap();
        let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut answer).await.unwrap();
        Message::from_vec(&answer).unwrap()
    }

    /// What the answer says, sorted.
    pub(crate) async fn data(&self, name: &str, kind: RecordType) -> Vec<String> {
        let message = self.ask(name, kind).await;
        let mut data: Vec<_> = message.answers.iter().map(|r| r.data.to_string()).collect();
        data.sort();
        data
    }

    pub(crate) async fn code(&self, name: &str, kind: RecordType) -> ResponseCode {
        let message = self.ask(name, kind).await;
        assert!(message.answers.is_empty(), "{name}");
        message.metadata.response_code
    }

    pub(crate) async fn serial(&self, domain: &str) -> u32 {
        match &self.ask(domain, RecordType::SOA).await.answers[0].data {
            RData::SOA(soa) => soa.serial,
            other => panic!("{other}"),
        }
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap();
    }
}

/// How long an answer may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn question(name: &str, kind: RecordType, edns: Option<u16>) -> Vec<u8> {
    let mut question = Message::query();
    question.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    if let Some(size) = edns {
        let mut edns = Edns::new();
        edns.set_max_payload(size);
        question.set_edns(edns);
    }
    question.to_vec().unwrap()
}

pub(crate) fn reverse(ip: &str) -> String {
    Name::from(ip.parse::<IpAddr>().unwrap()).to_string()
}

pub(crate) async fn add_domain(cloud: &TestCloud, name: &str) {
    let body = json!({"name": name});
    assert_eq!(cloud.call("POST", "/domains", Some(body)).await.status, 201);
}

pub(crate) async fn add_record(cloud: &TestCloud, domain: &str, record: Value) -> u64 {
    let path = format!("/domains/{domain}/records");
    let answer = cloud.call("POST", &path, Some(record)).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    answer.json()["domain_record"]["id"].as_u64().unwrap()
}
