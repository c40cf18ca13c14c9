//! `nsd`, as a child of the test on a port of this machine alone.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::client;

/// How long it may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often another port is tried.
const TRIES: usize = 5;

/// A running `nsd`, ended when this is dropped.
pub(crate) struct Nsd {
    pub(crate) address: SocketAddr,
    process: Child,
    _dir: TempDir,
}

impl Nsd {
    pub(crate) fn is_installed() -> bool {
        let mut version = Command::new("nsd");
        version
            .arg("-v")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        version.status().is_ok()
    }

    /// Starts it with these zones: their names and files.
    pub(crate) fn start(zones: &[(String, String)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (origin, zone_file) in zones {
            std::fs::write(dir.path().join(origin), zone_file).unwrap();
        }
        // The port may be taken between the choice and the start.
        for _ in 0..TRIES {
            let address = free_address();
            let file = dir.path().join("nsd.conf");
            std::fs::write(&file, configuration(dir.path(), address, zones)).unwrap();
            let mut process = Command::new("nsd")
                .arg("-d")
                .arg("-c")
                .arg(&file)
                .spawn()
                .unwrap();
            if is_ready(&mut process, address, zones) {
                return Self {
                    address,
                    process,
                    _dir: dir,
                };
            }
        }
        let log = std::fs::read_to_string(dir.path().join("log"));
        panic!("nsd doesn't start: {}", log.unwrap_or_default());
    }
}

impl Drop for Nsd {
    fn drop(&mut self) {
        // It ends its own children when it is asked to end.
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").arg(pid).status();
        let _ = self.process.wait();
    }
}

fn free_address() -> SocketAddr {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = udp.local_addr().unwrap();
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

fn configuration(dir: &Path, address: SocketAddr, zones: &[(String, String)]) -> String {
    let (dir, ip, port) = (dir.display(), address.ip(), address.port());
    let mut text = format!(
        "server:\n\
         \tip-address: {ip}\n\tport: {port}\n\tserver-count: 1\n\tusername: \"\"\n\
         \tchroot: \"\"\n\tdatabase: \"\"\n\tpidfile: \"\"\n\tzonesdir: \"{dir}\"\n\
         \tlogfile: \"{dir}/log\"\n\txfrdfile: \"{dir}/xfrd\"\n\txfrdir: \"{dir}\"\n\
         \tzonelistfile: \"{dir}/zones\"\n\tipv4-edns-size: 1232\n\trrl-ratelimit: 0\n\
         \tminimal-responses: no\n\trefuse-any: no\n\tround-robin: no\n\
         remote-control:\n\tcontrol-enable: no\n"
    );
    for (origin, _) in zones {
        let _ = write!(
            text,
            "zone:\n\tname: \"{origin}\"\n\tzonefile: \"{origin}\"\n"
        );
    }
    text
}

fn is_ready(process: &mut Child, address: SocketAddr, zones: &[(String, String)]) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        if zones
            .iter()
            .all(|(origin, _)| client::is_ready(address, origin))
        {
            return true;
        }
        std::thread::yield_now();
    }
    let _ = process.kill();
    let _ = process.wait();
    false
}
