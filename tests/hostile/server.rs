//! The service under attack: with few files at start, an account that attacks, and
//! another one that only wants to be served.

use std::net::SocketAddr;
use std::process::Command;

use cloudsfor_tests::binary::{cloudsfor, run};
use cloudsfor_tests::served::{Served, password_file};
use cloudsfor_tests::service::{EMAIL, PASSWORD};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::flood::basic;

/// The account that attacks, and its password.
pub(crate) const ATTACKER: (&str, &str) = ("attacker@example.com", "of-the-attacker");

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// A path that waits for as long as it may.
    pub(crate) waiting: String,
    served: Served,
    _dir: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("data");
        let password = password_file(&data_dir);
        let password = password.to_str().unwrap();
        // VMs that take long can be waited for.
        let mut plain = cloudsfor(&["serve", "--listen", "127.0.0.1:0", "--create-time", "1h"]);
        plain.args(["--account", EMAIL, "--password-file", password]);
        plain.arg("--data-dir").arg(&data_dir);
        // As most systems give a service: a soft limit that is soon reached.
        let mut few_files = Command::new("sh");
        few_files
            .args(["-c", "ulimit -Sn 1024; exec \"$0\" \"$@\""])
            .arg(plain.get_program())
            .args(plain.get_args());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => few_files.env(name, value),
                None => few_files.env_remove(name),
            };
        }
        let served = Served::start_command(few_files);
        let file = dir.path().join("attacker");
        std::fs::write(&file, ATTACKER.1).unwrap();
        let file = file.to_str().unwrap();
        let data = data_dir.to_str().unwrap();
        let args = ["serve", "account", "add", ATTACKER.0, "--data-dir", data];
        let mut add = cloudsfor(&args);
        run(add.args(["--password-file", file])).ok();
        let address = served.endpoint.strip_prefix("http://").unwrap();
        let address = address.strip_suffix("/api/v1").unwrap().parse().unwrap();
        let mut server = Self {
            address,
            waiting: String::new(),
            served,
            _dir: dir,
        };
        server.prepare().await;
        server
    }

    /// Gives the attacker what it attacks with: a list as large as it may be, and a VM
    /// that is waited for.
    async fn prepare(&mut self) {
        use base64::Engine;
        for number in 0..200_u8 {
            let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
            blob.extend([0; 31]);
            blob.push(number);
            let data = base64::engine::general_purpose::STANDARD.encode(blob);
            let comment = "x".repeat(1000);
            let key = format!("ssh-ed25519 {data} {comment}");
            let body = format!(r#"{{"name":"key-{number}","public_key":"{key}"}}"#);
            let answer = self.send("POST", "/api/v1/keys", ATTACKER, &body).await;
            assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        }
        let body = r#"{"name":"a.example.com","region":"moscow_01","size":1,"disk_size":10,"cpu":1,
            "image":"fedora-19","ssh_keys":null,"backups":false,"ipv6":false,"user_data":null,
            "private_networking":false}"#;
        let answer = self.send("POST", "/api/v1/vms", ATTACKER, body).await;
        let id = answer
            .split("\"id\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        self.waiting = format!("/vms/{}?wait=30", id.unwrap());
    }

    /// What another client gets.
    pub(crate) async fn ask(&self, path: &str) -> String {
        self.send("GET", path, (EMAIL, PASSWORD), "").await
    }

    /// Sends one request on a connection of its own; an empty answer if that is cut.
    async fn send(&self, method: &str, path: &str, who: (&str, &str), body: &str) -> String {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            basic(who.0, who.1),
            body.len()
        );
        let mut answer = Vec::new();
        if let Ok(mut stream) = TcpStream::connect(self.address).await {
            let _ = stream.write_all((head + body).as_bytes()).await;
            let _ = stream.read_to_end(&mut answer).await;
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The memory of its process, in MiB.
    pub(crate) fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.served.process_id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        kilobytes.unwrap().parse::<u64>().unwrap() / 1024
    }
}
