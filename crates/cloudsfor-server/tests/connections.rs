//! The service on a real socket: clients that hang up, dawdle or exaggerate, and
//! a clean end.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cloudsfor_server::cloud::FirstAccount;
use cloudsfor_server::compute::RealOptions;
use cloudsfor_server::http::{ApiOptions, BODY_LIMIT, Limits, Origins, TlsFiles};
use cloudsfor_server::service::{Service, ServiceOptions, Simulation, StartError};
use common::{EMAIL, PASSWORD, basic, example};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

struct Running {
    address: String,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
    dir: tempfile::TempDir,
}

fn options(dir: &tempfile::TempDir, limits: Limits) -> ServiceOptions {
    ServiceOptions {
        origins: Origins::default(),
        listen: "127.0.0.1:0".parse().unwrap(),
        data_dir: dir.path().join("data"),
        is_ephemeral: false,
        account: FirstAccount {
            email: Some(EMAIL.into()),
            password: Some(PASSWORD.into()),
            vm_limit: None,
        },
        driver: None,
        simulation: Simulation {
            create_time: Duration::ZERO,
            ..Simulation::default()
        },
        real: RealOptions::default(),
        faults: Vec::new(),
        testing: false,
        allow_plain_http: false,
        dns: None,
        dns_limits: Default::default(),
        names: Default::default(),
        tls: None,
        limits,
        api: ApiOptions::default(),
    }
}

async fn start(limits: Limits) -> Running {
    let dir = tempfile::tempdir().unwrap();
    run(options(&dir, limits), dir).await
}

async fn run(options: ServiceOptions, dir: tempfile::TempDir) -> Running {
    let service = Service::start(options).await.unwrap();
    let address = service.endpoint();
    let address = address
        .strip_prefix("http://")
        .unwrap()
        .strip_suffix("/api/v1")
        .unwrap();
    let address = address.to_owned();
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(service.run(async {
        let _ = stopped.await;
    }));
    Running {
        address,
        stop,
        ended,
        dir,
    }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }

    /// Sends a request and reads until the service closes the connection, which
    /// it may do before it has read all.
    async fn exchange(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn list(&self) -> String {
        self.exchange(&head("GET", "/vms", "Connection: close\r\n"))
            .await
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap();
    }
}

fn head(method: &str, path: &str, headers: &str) -> String {
    let authorization = basic(EMAIL, PASSWORD);
    format!(
        "{method} /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n{headers}\r\n"
    )
}

fn post(body: &str, length: usize) -> String {
    let headers = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
    head("POST", "/vms", &headers) + body
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_nothing() {
    let service = start(Limits::default()).await;
    let body = example("example.com").to_string();
    let mut stream = service.connect().await;
    stream
        .write_all(post(&body, body.len()).as_bytes())
        .await
        .unwrap();
    // The request is on its way; nobody waits for the answer.
    drop(stream);
    let accepted = async {
        while !service.list().await.contains("\"total\":1") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), accepted)
        .await
        .unwrap();
    service.stop().await;
}

#[tokio::test]
async fn half_a_body_makes_nothing() {
    let service = start(Limits::default()).await;
    let body = example("example.com").to_string();
    let mut stream = service.connect().await;
    stream
        .write_all(post(&body[..body.len() / 2], body.len()).as_bytes())
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    assert!(service.list().await.contains("\"total\":0"));
    service.stop().await;
}

#[tokio::test]
async fn a_body_that_is_announced_too_large_is_not_awaited() {
    let service = start(Limits::default()).await;
    let answer = service.exchange(&post("", BODY_LIMIT + 1)).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    service.stop().await;
}

#[tokio::test]
async fn an_answer_reaches_a_client_that_is_still_sending() {
    let service = start(Limits::default()).await;
    let body = "x".repeat(3 * BODY_LIMIT);
    let authorized = post(&body, body.len());
    let stranger = authorized.replace(&basic(EMAIL, PASSWORD), &basic(EMAIL, "wrong"));
    for (request, status) in [(authorized, "413"), (stranger, "401")] {
        let answer = service
            .exchange(&request.replacen("\r\n", "\r\nConnection: close\r\n", 1))
            .await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{status}: {answer}"
        );
        assert!(answer.contains("request_id"), "{answer}");
    }
    service.stop().await;
}

#[tokio::test]
async fn a_head_that_does_not_end_is_given_up() {
    let limits = Limits {
        head_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let service = start(limits).await;
    for beginning in ["", "GET /api/v1/vms HTTP/1.1\r\nHost: localhost\r\n"] {
        let ended = tokio::time::timeout(Duration::from_secs(30), service.exchange(beginning));
        ended.await.unwrap();
    }
    service.stop().await;
}

#[tokio::test]
async fn heads_beyond_the_limits_are_refused() {
    let service = start(Limits::default()).await;
    let many = "X-Filler: x\r\n".repeat(101);
    let long = format!("X-Filler: {}\r\n", "x".repeat(64 * 1024));
    for headers in [many, long] {
        let answer = service
            .exchange(&head("GET", "/vms", &(headers + "Connection: close\r\n")))
            .await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        assert!(answer.contains("\"id\":\"headers_too_large\""), "{answer}");
    }
    for nonsense in [
        "nonsense\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}",
    ] {
        let answer = service.exchange(nonsense).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    assert!(service.list().await.starts_with("HTTP/1.1 200"));
    service.stop().await;
}

#[tokio::test]
async fn idle_connections_keep_nobody_out_and_busy_ones_are_left_alone() {
    let service = start(Limits {
        connections: 4,
        ..Limits::default()
    })
    .await;
    // A stream of events is at work for as long as it is open.
    let mut busy = service.connect().await;
    let request = head("GET", "/events", "");
    busy.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    busy.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    for _ in 0..10 {
        let mut idle = service.connect().await;
        idle.write_all(b"GET /api/v1/vms HTTP/1.1\r\n")
            .await
            .unwrap();
        let listed = tokio::time::timeout(Duration::from_secs(10), service.list());
        assert!(listed.await.unwrap().starts_with("HTTP/1.1 200"));
    }
    let body = example("example.com").to_string();
    let made = post(&body, body.len()).replacen("\r\n", "\r\nConnection: close\r\n", 1);
    assert!(service.exchange(&made).await.starts_with("HTTP/1.1 202"));
    let mut heard = String::new();
    while !heard.contains("event: vm") {
        let mut part = [0; 1024];
        let length = busy.read(&mut part).await.unwrap();
        assert!(length > 0, "the stream has ended: {heard}");
        heard.push_str(&String::from_utf8_lossy(&part[..length]));
    }
    drop(busy);
    service.stop().await;
}

/// A byte now and then, to every kind of path: with and without credentials, of a length
/// that is announced and in chunks.
#[tokio::test]
async fn a_slow_body_is_answered_at_once_and_let_go() {
    let service = start(Limits::default()).await;
    let paths = [
        "/healthz",
        "/metrics",
        "/none",
        "/api/v1/vms",
        "/api/v1/none",
    ];
    let framings = ["Content-Length: 8000000", "Transfer-Encoding: chunked"];
    let authorization = format!("Authorization: {}\r\n", basic(EMAIL, PASSWORD));
    let mut all = Vec::new();
    for path in paths {
        for method in ["POST", "GET", "PUT", "DELETE"] {
            for framing in framings {
                for who in ["", authorization.as_str()] {
                    // A body that is wanted is waited for.
                    if (path, method) == ("/api/v1/vms", "POST") && !who.is_empty() {
                        continue;
                    }
                    let head = format!(
                        "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{who}{framing}\r\n\r\n"
                    );
                    all.push((service.connect().await, head));
                }
            }
        }
    }
    let slow = all.into_iter().map(async |(stream, head)| {
        let (mut reading, mut writing) = stream.into_split();
        let sending = async {
            writing.write_all(head.as_bytes()).await?;
            loop {
                let piece: &[u8] = match head.contains("chunked") {
                    true => b"1\r\n \r\n",
                    false => b" ",
                };
                writing.write_all(piece).await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let mut answer = Vec::new();
        let receiving = reading.read_to_end(&mut answer);
        tokio::select! {
            ended = sending => { let _: std::io::Result<()> = ended; }
            _ = receiving => {}
        }
        drop(reading);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 "), "{head}{answer}");
    });
    let ended = futures_util::future::join_all(slow);
    tokio::time::timeout(Duration::from_secs(15), ended)
        .await
        .unwrap();
    service.stop().await;
}

#[tokio::test]
async fn an_address_has_half_of_the_connections_and_some_places_are_kept() {
    let service = start(Limits {
        connections: 4,
        reserved: 2,
        ..Limits::default()
    })
    .await;
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut stream = service.connect().await;
        let request = head("GET", "/events", "");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.read_exact(&mut [0; 12]).await.unwrap();
        streams.push(stream);
    }
    // Its half is at work: what is kept answers, one request for each connection.
    for _ in 0..5 {
        let answer = service.exchange(&head("GET", "/vms", "")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
    drop(streams);
    service.stop().await;
}

#[tokio::test]
async fn a_client_that_takes_no_answer_is_given_up() {
    let service = start(Limits {
        connections: 1,
        reserved: 0,
        write_timeout: Duration::from_millis(100),
        ..Limits::default()
    })
    .await;
    let mut slow = service.connect().await;
    // More answers than the sockets between can hold.
    let request = head("GET", "/distros", "");
    let asking = async { while slow.write_all(request.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(30), asking)
        .await
        .unwrap();
    let free = async { while !service.list().await.starts_with("HTTP/1.1 200") {} };
    tokio::time::timeout(Duration::from_secs(30), free)
        .await
        .unwrap();
    service.stop().await;
}

#[tokio::test]
async fn stopping_answers_what_is_in_flight() {
    let service = start(Limits::default()).await;
    let body = example("example.com").to_string();
    let mut stream = service.connect().await;
    let request = post(&body, body.len());
    let (first, rest) = request.split_at(request.len() - 10);
    stream.write_all(first.as_bytes()).await.unwrap();
    // Something was received: another request, sent later, is answered.
    assert!(service.list().await.contains("\"total\":0"));
    let Running {
        stop, ended, dir, ..
    } = service;
    stop.send(()).unwrap();
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 202"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    ended.await.unwrap();
    drop(dir);
}

#[tokio::test]
async fn the_first_account_must_match() {
    let service = start(Limits::default()).await;
    let account = |email: Option<&str>, password: Option<&str>, vm_limit| FirstAccount {
        email: email.map(Into::into),
        password: password.map(|p| p.to_owned().into()),
        vm_limit,
    };
    let try_with = async |account: FirstAccount| {
        let options = ServiceOptions {
            account,
            ..options(&service.dir, Limits::default())
        };
        Service::start(options)
            .await
            .map(|service| service.account().account.clone())
    };
    let found = try_with(account(None, None, Some(7))).await.unwrap();
    assert_eq!((found.email.as_str(), found.vm_limit), (EMAIL, 7));
    let found = try_with(account(Some("USER@example.com"), Some(PASSWORD), None))
        .await
        .unwrap();
    assert_eq!(found.vm_limit, 7);
    for (wrong, says) in [
        (
            account(Some("other@example.com"), Some(PASSWORD), None),
            "belongs to",
        ),
        (account(Some(EMAIL), Some("wrong"), None), "not that of"),
        (account(Some("nobody"), None, None), "no e-mail address"),
        (account(Some("a:b@c"), None, None), "no e-mail address"),
        (account(Some(EMAIL), Some(""), None), "empty"),
    ] {
        let error = try_with(wrong).await.unwrap_err();
        assert!(matches!(error, StartError::Account(_)), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    service.stop().await;
}

#[tokio::test]
async fn it_does_not_listen_where_passwords_could_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let listen = "0.0.0.0:0".parse().unwrap();
    let options = ServiceOptions {
        listen,
        ..options(&dir, Limits::default())
    };
    let error = Service::start(options).await.err().unwrap();
    assert!(matches!(error, StartError::PlainHttp(_)), "{error}");
    assert!(!dir.path().join("data").exists());
}

#[tokio::test]
async fn by_tls_it_may_listen_anywhere_and_takes_a_new_certificate_over() {
    let dir = tempfile::tempdir().unwrap();
    let files = TlsFiles {
        certificate: dir.path().join("cert.pem"),
        key: dir.path().join("key.pem"),
    };
    let first = certify(&files);
    let with_tls = |files: &TlsFiles| ServiceOptions {
        listen: "0.0.0.0:0".parse().unwrap(),
        tls: Some(files.clone()),
        ..options(&dir, Limits::default())
    };
    let service = Service::start(with_tls(&files)).await.unwrap();
    let endpoint = service.endpoint();
    let port = endpoint
        .strip_prefix("https://0.0.0.0:")
        .and_then(|rest| rest.strip_suffix("/api/v1"));
    let address = format!("127.0.0.1:{}", port.unwrap());
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(service.run(async {
        let _ = stopped.await;
    }));

    let answer = list_by_tls(&address, &first).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("https://localhost/api/v1/vms"), "{answer}");
    let second = certify(&files);
    let taken_over = async {
        while list_by_tls(&address, &second).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), taken_over)
        .await
        .unwrap();
    assert!(list_by_tls(&address, &first).await.is_err());
    stop.send(()).unwrap();
    ended.await.unwrap();

    std::fs::write(&files.key, "no key").unwrap();
    let error = Service::start(with_tls(&files)).await.err().unwrap();
    assert!(matches!(error, StartError::Tls(_)), "{error}");
    assert!(error.to_string().contains("key.pem"), "{error}");
}

/// Writes a new certificate for this machine, and returns it.
fn certify(files: &TlsFiles) -> CertificateDer<'static> {
    let names = vec!["localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

/// Lists VMs over TLS, trusting this certificate alone.
async fn list_by_tls(address: &str, trusted: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = "localhost".try_into().unwrap();
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    let request = head("GET", "/vms?per_page=1", "Connection: close\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn an_answer_that_is_lost_by_request_was_carried_out() {
    let dir = tempfile::tempdir().unwrap();
    let options = ServiceOptions {
        faults: vec![
            "create_vm nth=1 lose-answer".parse().unwrap(),
            "create_vm nth=2 lose-request".parse().unwrap(),
        ],
        ..options(&dir, Limits::default())
    };
    let service = run(options, dir).await;
    let body = example("example.com").to_string();
    for total in [1, 1, 2] {
        let answer = service
            .exchange(&post(&body, body.len()).replacen("\r\n", "\r\nConnection: close\r\n", 1))
            .await;
        assert_eq!(answer.is_empty(), total == 1, "{answer}");
        assert!(service.list().await.contains(&format!("\"total\":{total}")));
    }
    service.stop().await;
}

#[tokio::test]
async fn wherever_the_connection_is_cut_a_whole_request_counts_once_and_half_a_one_never() {
    let service = start(Limits::default()).await;
    let body = example("example.com").to_string();
    let request = post(&body, body.len());
    let mut sent_whole = 0;
    for cut in (0..request.len())
        .step_by(23)
        .chain([request.len() - 1, request.len()])
    {
        let mut stream = service.connect().await;
        stream.write_all(&request.as_bytes()[..cut]).await.unwrap();
        if cut == request.len() {
            sent_whole += 1;
            // The answer's first byte was on its way, and its last is not awaited.
            stream.read_exact(&mut [0]).await.unwrap();
        }
    }
    let accepted = async {
        while !service
            .list()
            .await
            .contains(&format!("\"total\":{sent_whole}"))
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), accepted)
        .await
        .unwrap();
    service.stop().await;
}
