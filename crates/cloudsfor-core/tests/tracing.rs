//! The spans of calls. Alone in its process, since what `tracing` knows of its
//! call sites is shared by all threads.

#![cfg(feature = "tracing")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::io;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_core::transport::{Body, Transport, TransportError};
use cloudsfor_core::{CallOptions, Client, Credentials, TransportErrorKind, Vms};
use tracing_subscriber::fmt::format::FmtSpan;

/// Cuts the first request, and then answers 404.
struct Server(Mutex<bool>);

#[async_trait]
impl Transport for Server {
    async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError> {
        if std::mem::take(&mut *self.0.lock().unwrap()) {
            return Err(TransportError::maybe_sent(TransportErrorKind::Cut, "cut"));
        }
        let answer = http::Response::builder()
            .status(404)
            .header("x-request-id", "r7");
        Ok(answer.body(Body::from("a body that is private")).unwrap())
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_a_span_without_secrets() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let client = Client::builder()
        .endpoint("http://cloud.test:8080".parse().unwrap())
        .credentials(Credentials::basic("user@example.com", "hunter2".into()).unwrap())
        .transport(Server(Mutex::new(true)))
        .build()
        .unwrap();
    let id = "7".parse().unwrap();
    client
        .get_vm(&id, &CallOptions::default())
        .await
        .unwrap_err();
    drop(guard);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for part in [
        "otel.name=\"get_vm\"",
        "otel.kind=\"client\"",
        "http.request.method=\"GET\"",
        "url.template=\"/vms/{id}\"",
        "server.address=\"cloud.test:8080\"",
        "attempt failed attempt=1 error.type=\"cut\"",
        "http.request.resend_count=1",
        "http.response.status_code=404",
        "cloudsfor.request_id=\"r7\"",
        "error.type=\"404\"",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
    for secret in ["hunter2", "user@example.com", "Basic ", "private"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
