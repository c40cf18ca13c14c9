//! The proxies that the environment names. A process's environment is one for
//! all its threads, so each test runs itself again as a process of its own.

use std::process::Command;

use cloudsfor_core::transport::{ReqwestTransport, TransportOptions};
use cloudsfor_core::{CallOptions, Client, Vms};

use super::backend::BACKENDS;
use super::server::{Server, reply};
use crate::samples::{VM, id};

/// Where the child process finds the other side.
const TARGET: &str = "CLOUDSFOR_CORE_TEST_TARGET";

/// Runs the test of this name again, with a proxy in its environment.
async fn run_again(test: &str, target: &str, proxy: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", &format!("sockets::proxy::{test}")])
        .env(TARGET, target)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("http_proxy", proxy)
        .env("HTTP_PROXY", proxy);
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await;
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn reqwest_uses_them() {
    if let Ok(target) = std::env::var(TARGET) {
        let transport = ReqwestTransport::new(&TransportOptions::default()).unwrap();
        let client = Client::builder()
            .endpoint(target.parse().unwrap())
            .transport(transport)
            .build()
            .unwrap();
        client.get_vm(&id(), &CallOptions::default()).await.unwrap();
    } else {
        let proxy = Server::start(vec![vec![reply("200 OK", VM)]]).await;
        run_again("reqwest_uses_them", "http://cloud.invalid", &proxy.url).await;
        let request = &proxy.requests()[0];
        assert!(
            request.starts_with("GET http://cloud.invalid/api/v1/vms/"),
            "{request}"
        );
    }
}

#[tokio::test]
async fn they_can_be_passed_over() {
    if let Ok(target) = std::env::var(TARGET) {
        for backend in BACKENDS {
            let client = backend.client(&target);
            client.get_vm(&id(), &CallOptions::default()).await.unwrap();
        }
    } else {
        let proxy = Server::start(vec![]).await;
        let script = vec![reply("200 OK", VM)];
        let server = Server::start(vec![script; BACKENDS.len()]).await;
        run_again("they_can_be_passed_over", &server.url, &proxy.url).await;
        assert!(proxy.requests().is_empty());
        assert_eq!(server.requests().len(), BACKENDS.len());
    }
}
