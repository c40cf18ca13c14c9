//! `serve image pull` by TLS: who is on the way chooses nothing, and no download is endless.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use cloudsfor_tests::binary::{Ended, cloudsfor, run};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::host::image;

/// What a server answers at a path.
#[derive(Clone)]
enum Answer {
    File(Vec<u8>),
    Redirect(String),
    /// So many bytes are promised, and none sent.
    Promised(u64),
    Endless,
}

type Answers = Mutex<HashMap<String, Answer>>;

/// A server of files, by TLS if it has a certificate.
struct Server {
    url: String,
    answers: Arc<Answers>,
}

impl Server {
    fn start(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Answers::default());
        let shared = answers.clone();
        // It ends with the tests' process.
        std::thread::spawn(move || {
            for stream in listener.incoming().map(Result::unwrap) {
                let answers = shared.lock().unwrap().clone();
                // A client may hang up early.
                let _ = match &tls {
                    None => answer(stream, &answers),
                    Some(config) => {
                        let connection = ServerConnection::new(config.clone()).unwrap();
                        answer(StreamOwned::new(connection, stream), &answers)
                    }
                };
            }
        });
        Self { url, answers }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn answers(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(path.into(), answer);
    }
}

fn answer<S: Read + Write>(stream: S, answers: &HashMap<String, Answer>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    stream.read_line(&mut request)?;
    let mut line = String::from("-");
    while !line.trim().is_empty() {
        line.clear();
        stream.read_line(&mut line)?;
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let stream = stream.get_mut();
    let ok = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
    match answers.get(path).cloned() {
        Some(Answer::File(file)) => {
            write!(stream, "{ok}content-length: {}\r\n\r\n", file.len())?;
            stream.write_all(&file)?;
        }
        Some(Answer::Redirect(to)) => write!(
            stream,
            "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )?,
        Some(Answer::Promised(bytes)) => write!(stream, "{ok}content-length: {bytes}\r\n\r\n")?,
        Some(Answer::Endless) => {
            write!(stream, "{ok}\r\n")?;
            let piece = vec![0; 1 << 20];
            loop {
                stream.write_all(&piece)?;
            }
        }
        None => write!(
            stream,
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
        )?,
    }
    stream.flush()
}

/// A server's TLS for the address of this machine, and its certificate's file.
fn tls(dir: &Path) -> Arc<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(dir.join("ca.pem"), made.cert.pem()).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = rustls::crypto::ring::default_provider();
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::from(key));
    Arc::new(config.unwrap())
}

/// An entry of the index, and what pulling it says.
fn pull(dir: &Path, entry: &str, more: &[&str]) -> Ended {
    let index = format!("[[image]]\nname = \"own\"\ndescription = \"Ours\"\n{entry}");
    std::fs::write(dir.join("images.toml"), index).unwrap();
    let mut command = cloudsfor(&["serve", "image", "pull", "own", "--data-dir"]);
    command.arg(dir).args(more);
    run(command.env("SSL_CERT_FILE", dir.join("ca.pem")))
}

#[test]
fn what_comes_by_https_stays_https_unless_its_checksum_is_fixed() {
    if image().is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (secure, plain) = (Server::start(Some(tls(dir))), Server::start(None));
    let disk = vec![0; 1 << 20];
    std::fs::write(dir.join("disk"), &disk).unwrap();
    let sum = run(Command::new("sha256sum").arg(dir.join("disk"))).ok();
    let sum = sum.stdout[..64].to_owned();
    let list = format!("{sum}  disk.img\n").into_bytes();
    for server in [&secure, &plain] {
        server.answers("/disk.img", Answer::File(disk.clone()));
        server.answers("/sums", Answer::File(list.clone()));
    }
    secure.answers("/away/disk.img", Answer::Redirect(plain.at("/disk.img")));
    secure.answers("/away/sums", Answer::Redirect(plain.at("/sums")));
    secure.answers("/moved/disk.img", Answer::Redirect(secure.at("/disk.img")));
    let listed = |url: String, sums: String| format!("url = {url:?}\nchecksums = {sums:?}\n");
    let fixed = |url: String| format!("url = {url:?}\nchecksum = {sum:?}\n");

    let good = listed(secure.at("/moved/disk.img"), secure.at("/sums"));
    pull(dir, &good, &[]).ok();
    for (url, sums) in [
        (secure.at("/away/disk.img"), secure.at("/sums")),
        (secure.at("/disk.img"), secure.at("/away/sums")),
        (plain.at("/disk.img"), secure.at("/sums")),
        (secure.at("/disk.img"), plain.at("/sums")),
        (plain.at("/disk.img"), plain.at("/sums")),
    ] {
        let refused = pull(dir, &listed(url, sums), &[]);
        assert_eq!(refused.code, 7, "{refused:?}");
        assert!(refused.stderr.contains("https"), "{refused:?}");
        assert!(refused.stderr.contains("checksum"), "{refused:?}");
    }
    // What is fixed here is verified, whatever way it comes.
    pull(dir, &fixed(plain.at("/disk.img")), &[]).ok();
    pull(dir, &fixed(secure.at("/away/disk.img")), &[]).ok();
}

#[test]
fn a_download_is_bounded_and_follows_no_link() {
    if image().is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(Some(tls(dir)));
    let entry = format!(
        "url = {:?}\nchecksum = {:?}\n",
        server.at("/disk.img"),
        "0".repeat(64)
    );
    let download = dir.join("qemu/images/own.download");
    for answer in [Answer::Endless, Answer::Promised(1 << 30)] {
        server.answers("/disk.img", answer);
        let refused = pull(dir, &entry, &["--max-size", "0.01"]);
        assert_eq!(refused.code, 7, "{refused:?}");
        assert!(refused.stderr.contains("0.01 GB"), "{refused:?}");
        assert!(refused.stderr.contains("--max-size"), "{refused:?}");
        assert_eq!(std::fs::metadata(&download).unwrap().len(), 0);
    }

    let target = dir.join("target");
    std::fs::write(&target, "precious").unwrap();
    std::fs::remove_file(&download).unwrap();
    std::os::unix::fs::symlink(&target, &download).unwrap();
    server.answers("/disk.img", Answer::File(vec![0; 512]));
    let refused = pull(dir, &entry, &[]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("own.download"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
}
