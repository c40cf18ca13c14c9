//! How large answers are, how often the same one is sent, and to how many.

use cloudsfor_server::dns::DnsLimits;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::client::{Dns, PATIENCE, add_domain, add_record, question};
use crate::common::TestCloud;

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
