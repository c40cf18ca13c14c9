//! What the service takes for what it does, beside what that would take alone.

mod create;
mod large;
mod limit;
mod load;
mod names;
mod process;
mod read;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloudsfor_server::cloud::{Cloud, FirstAccount, Parts};
use cloudsfor_server::http::{ApiOptions, Limits, Listener, router, serve};
use cloudsfor_server::local_profile::LocalProfile;
use cloudsfor_server::store::accounts::AccountId;
use cloudsfor_types::CreateVm;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::Report;

type Error = Box<dyn std::error::Error>;

const EMAIL: &str = "user@example.com";
const PASSWORD: &str = "password";

/// Connections at once, where there are many.
const CONNECTIONS: usize = 64;

pub(super) fn measure() -> Result<Report, Error> {
    let mut report = Report::default();
    read::measure(&mut report)?;
    create::measure(&mut report)?;
    large::measure(&mut report)?;
    names::measure(&mut report)?;
    process::measure(&mut report)?;
    Ok(report)
}

/// A service of its own, on a runtime of its own.
struct Service {
    cloud: Arc<Cloud>,
    address: SocketAddr,
    runtime: Runtime,
    dir: TempDir,
}

impl Service {
    fn start() -> Result<Self, Error> {
        let dir = tempfile::tempdir()?;
        let runtime = Runtime::new()?;
        // Long enough that nothing else runs while it is measured.
        let parts = Parts::simulated(Duration::from_secs(3600));
        let (cloud, address) = runtime.block_on(async {
            let cloud = Cloud::open(dir.path(), parts).await?;
            let account = FirstAccount {
                email: Some(EMAIL.into()),
                password: Some(PASSWORD.into()),
                vm_limit: Some(1_000_000),
            };
            let profile = LocalProfile::new(dir.path());
            cloud.first_account(account, profile).await?;
            let tcp = TcpListener::bind("127.0.0.1:0").await?;
            let address = tcp.local_addr()?;
            let options = ApiOptions {
                keep_answers: true,
                ..ApiOptions::default()
            };
            let router = router(cloud.clone(), &options);
            let serving = serve(
                Listener::plain(tcp),
                router,
                Limits::default(),
                std::future::pending(),
            );
            tokio::spawn(serving);
            Ok::<_, Error>((cloud, address))
        })?;
        Ok(Self {
            cloud,
            address,
            runtime,
            dir,
        })
    }

    /// The file that its state is in.
    fn store(&self) -> std::path::PathBuf {
        self.dir.path().join("cloud.db")
    }

    /// Adds so many VMs, and says the id of the last.
    fn add(&self, number: usize) -> Result<String, Error> {
        let mut last = String::new();
        let mut left = number;
        while left > 0 {
            let group = left.min(1000);
            left -= group;
            let add = move |tx: &cloudsfor_server::cloud::Tx<'_>| {
                let request = example();
                let mut last = String::new();
                for _ in 0..group {
                    let (vm, _) = cloudsfor_server::cloud::vms::create(tx, AccountId(1), &request)?;
                    last = vm.id.to_string();
                }
                Ok(last)
            };
            last = self.runtime.block_on(self.cloud.write(add))?;
        }
        Ok(last)
    }
}

pub(super) fn example() -> CreateVm {
    let body = serde_json::json!({"name": "example.com", "region": "moscow_01", "image": "fedora-19",
        "size": 1, "cpu": 1, "disk_size": 10});
    match body {
        serde_json::Value::Object(body) => CreateVm::decode(body).expect("it keeps the rules"),
        _ => unreachable!("it is an object"),
    }
}

fn authorization() -> String {
    format!("Basic {}", STANDARD.encode(format!("{EMAIL}:{PASSWORD}")))
}

/// A request as a client sends it.
fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let authorization = authorization();
    let mut request = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nHost: cloud.test\r\nAuthorization: {authorization}\r\n"
    );
    if !body.is_empty() {
        request += &format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
    }
    (request + "\r\n" + body).into_bytes()
}
