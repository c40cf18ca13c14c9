//! Hostile clients against the real service, over loopback: each kind of flood lasts a
//! short time and ends by itself. While it lasts, another client is answered, and the
//! service's memory is bounded over all of them together: what one flood leaves to the
//! allocator, the next one uses.
//!
//! With `CLOUDSFOR_TEST_FLOOD_SECONDS=60` each flood lasts as long (`cargo xtask soak`).

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod flood;
mod server;

use std::time::{Duration, Instant};

use flood::{Flood, Then};
use server::{ATTACKER, Server};

/// How long another client may wait for its answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How much memory all floods may cost, one after the other, in MiB.
const GROWTH: u64 = 256;

/// How long each flood lasts.
fn duration() -> Duration {
    let seconds = std::env::var("CLOUDSFOR_TEST_FLOOD_SECONDS").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(4))
}

fn head(line: &str, headers: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").into_bytes()
}

/// All kinds of floods.
fn floods(server: &Server) -> Vec<Flood> {
    let login = format!(
        "Authorization: {}\r\n",
        flood::basic(ATTACKER.0, ATTACKER.1)
    );
    let json = "Content-Type: application/json\r\n";
    let paths = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/none",
        "/api/v1/vms",
        "/api/v1/openapi.json",
    ];
    let bodies = |who: &str| -> Vec<Vec<u8>> {
        let framings = [
            "Content-Length: 1000000\r\n",
            "Transfer-Encoding: chunked\r\n",
        ];
        let all = paths
            .iter()
            .flat_map(|path| framings.map(|framing| (path, framing)));
        all.map(|(path, framing)| head(&format!("POST {path}"), &format!("{who}{json}{framing}")))
            .collect()
    };
    let mut unfinished = head(
        "POST /api/v1/vms",
        &format!("{login}{json}Content-Length: 1048576\r\n"),
    );
    unfinished.extend(vec![b' '; 1_000_000]);
    let mut large = head("GET /healthz", "");
    large.truncate(large.len() - 2);
    large.extend(b"X: ");
    large.extend(vec![b'a'; 500_000]);
    let get = |path: &str, more: &str| {
        vec![head(
            &format!("GET /api/v1{path}"),
            &format!("{login}{more}"),
        )]
    };
    let flood = |name, heads: Vec<Vec<u8>>, then| Flood {
        name,
        heads,
        then,
        connections: 1100,
    };
    vec![
        flood(
            "slow bodies of strangers",
            bodies(""),
            Then::Drip(b"1\r\n \r\n"),
        ),
        flood(
            "slow bodies of an account",
            bodies(&login),
            Then::Drip(b"1\r\n \r\n"),
        ),
        flood(
            "slow heads",
            vec![b"GET /healthz HTTP/1.1\r\n".to_vec()],
            Then::Drip(b"A: b\r\n"),
        ),
        flood("idle connections", vec![Vec::new()], Then::Hold),
        flood(
            "kept-alive connections",
            vec![head("GET /healthz", "")],
            Then::Hold,
        ),
        flood("large heads", vec![large], Then::Hold),
        flood(
            "event streams",
            get("/events", "Last-Event-ID: 0\r\n"),
            Then::Hold,
        ),
        flood("long polls", get(&server.waiting, ""), Then::Hold),
        flood("answers that are not read", get("/keys", ""), Then::Hold),
        flood("bodies that don't end", vec![unfinished], Then::Hold),
        Flood {
            name: "wrong passwords from many addresses",
            heads: Vec::new(),
            then: Then::Guess(ATTACKER.0),
            connections: 300,
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_served_and_memory_is_bounded_through_every_flood() {
    flood::raise_limit_of_files();
    let server = Server::start().await;
    let before = server.memory();
    for flood in floods(&server) {
        let name = flood.name;
        let running = flood.begin(server.address);
        let (mut most, mut slowest) = (0, Duration::ZERO);
        let end = Instant::now() + duration();
        while Instant::now() < end {
            for path in ["/healthz", "/api/v1/vms"] {
                let start = Instant::now();
                let answered = tokio::time::timeout(PATIENCE, server.ask(path)).await;
                let answer =
                    answered.unwrap_or_else(|_| panic!("{name}: {path}: no answer in time"));
                assert!(
                    answer.starts_with("HTTP/1.1 200"),
                    "{name}: {path}: {answer}"
                );
                slowest = slowest.max(start.elapsed());
            }
            most = most.max(server.memory());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        drop(running);
        println!("{name}: {most} MiB, others waited {slowest:?} at most");
        assert!(most <= before + GROWTH, "{name}: {before} to {most} MiB");
    }
}
