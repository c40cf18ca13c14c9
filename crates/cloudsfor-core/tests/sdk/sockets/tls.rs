//! TLS: whom the client trusts.
//!
//! The certificates (and the key of `server.pem`, which protects nothing) were
//! made for these tests: an authority, and a server named 127.0.0.1.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use cloudsfor_core::transport::TransportOptions;
use cloudsfor_core::{CallOptions, Client, ErrorKind, TransportErrorKind, Vms};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::backend::BACKENDS;
use super::server::{Step, reply};
use crate::samples::{ID, VM, id, request};

const AUTHORITY: &[u8] = include_bytes!("../certificates/authority.pem");

/// A server that takes one connection and answers one request. Returns its port,
/// and what it got.
fn serve_one() -> (u16, JoinHandle<String>) {
    serve_one_as(
        include_bytes!("../certificates/server.pem"),
        include_bytes!("../certificates/server-key.pem"),
    )
}

/// The same with another certificate.
fn serve_one_as(certificate: &[u8], key: &[u8]) -> (u16, JoinHandle<String>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate).unwrap()],
            PrivateKeyDer::from_pem_slice(key).unwrap(),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (connection, _) = listener.accept().unwrap();
        let tls = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = StreamOwned::new(tls, connection);
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
            request.push(byte[0]);
        }
        if let (false, Step::Answer(answer)) = (request.is_empty(), reply("200 OK", VM)) {
            stream.write_all(&answer).unwrap();
        }
        String::from_utf8(request).unwrap()
    });
    (port, server)
}

async fn refused(client: &Client, why: &str) {
    let error = client.create_vm(&request(), &CallOptions::default()).await;
    let error = error.unwrap_err();
    let tls = ErrorKind::Transport(TransportErrorKind::Tls);
    assert_eq!(error.kind(), &tls, "{error:?}");
    assert!(!error.may_have_been_applied());
    assert!(!error.is_retryable());
    assert!(error.message().contains(why), "{error}");
}

#[tokio::test]
async fn an_authority_that_was_added_is_trusted() {
    let der = CertificateDer::from_pem_slice(AUTHORITY).unwrap();
    for backend in BACKENDS {
        for authority in [AUTHORITY, &der] {
            let (port, server) = serve_one();
            let options = TransportOptions::default();
            let options = options.with_root_certificates(authority).unwrap();
            let url = format!("https://127.0.0.1:{port}");
            let client = backend.builder(&url, options).build().unwrap();
            let vm = client.get_vm(&id(), &CallOptions::default()).await;
            assert_eq!(vm.unwrap().id.as_str(), ID, "{}", backend.name);
            let request = server.join().unwrap();
            assert!(request.starts_with(&format!("GET /api/v1/vms/{ID} HTTP/1.1\r\n")));
        }
    }
}

/// The usual certificate of one's own signs itself, so that it is an authority by its
/// form (`openssl req -x509`): curl takes it when it is named, and so does the client.
#[tokio::test]
async fn a_servers_own_certificate_is_trusted_when_it_is_named() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut own = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    own.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = own.self_signed(&key).unwrap();
    let pem = certificate.pem();
    for backend in BACKENDS {
        for (host, is_trusted) in [("127.0.0.1", true), ("localhost", false)] {
            let (port, server) = serve_one_as(pem.as_bytes(), key.serialize_pem().as_bytes());
            let options = TransportOptions::default();
            let options = options.with_root_certificates(pem.as_bytes()).unwrap();
            let url = format!("https://{host}:{port}");
            let client = backend
                .builder(&url, options)
                .without_retry()
                .build()
                .unwrap();
            let vm = client.get_vm(&id(), &CallOptions::default()).await;
            assert_eq!(vm.is_ok(), is_trusted, "{} {host}: {vm:?}", backend.name);
            server.join().unwrap();
        }
        // An own certificate that nobody named is none.
        let (port, server) = serve_one_as(pem.as_bytes(), key.serialize_pem().as_bytes());
        let options = TransportOptions::default();
        let options = options.with_root_certificates(AUTHORITY).unwrap();
        let url = format!("https://127.0.0.1:{port}");
        refused(
            &backend.builder(&url, options).build().unwrap(),
            "certificate",
        )
        .await;
        assert_eq!(server.join().unwrap(), "");
    }
}

#[tokio::test]
async fn another_authority_is_not_trusted() {
    for backend in BACKENDS {
        let (port, server) = serve_one();
        refused(
            &backend.client(&format!("https://127.0.0.1:{port}")),
            "certificate",
        )
        .await;
        assert_eq!(server.join().unwrap(), "");
    }
}

#[tokio::test]
async fn a_certificate_of_another_host_is_not_trusted() {
    for backend in BACKENDS {
        let (port, server) = serve_one();
        let options = TransportOptions::default();
        let options = options.with_root_certificates(AUTHORITY).unwrap();
        let url = format!("https://localhost:{port}");
        refused(
            &backend.builder(&url, options).build().unwrap(),
            "not valid for name",
        )
        .await;
        assert_eq!(server.join().unwrap(), "");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused() {
    for backend in BACKENDS {
        // Not a request, but the first message of TLS comes: answered at once.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut connection, answer).await
        });
        let client = backend.client(&format!("https://127.0.0.1:{port}"));
        let error = client
            .get_vm(&id(), &CallOptions::default())
            .await
            .unwrap_err();
        let tls = ErrorKind::Transport(TransportErrorKind::Tls);
        assert_eq!(error.kind(), &tls, "{error:?}");
        server.await.unwrap().unwrap();
    }
}
