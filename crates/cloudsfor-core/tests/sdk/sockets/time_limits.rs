//! Answers that don't come in time.

use std::time::Duration;

use cloudsfor_core::transport::TransportOptions;
use cloudsfor_core::{CallOptions, ErrorKind, TransportErrorKind, Vms};

use super::backend::BACKENDS;
use super::server::{Server, Step, answer, reply};
use crate::samples::{VM, id, request};

const SHORT: Duration = Duration::from_millis(100);

/// Two servers: one that says nothing, and one that doesn't end its answer.
fn slow() -> [Vec<Step>; 2] {
    let unfinished = "HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\n{";
    [vec![Step::Hold], vec![answer(unfinished), Step::Hold]]
}

#[tokio::test]
async fn an_attempt_takes_no_longer_than_it_may() {
    for backend in BACKENDS {
        for script in slow() {
            let server = Server::start(vec![script.clone(), script]).await;
            let client = backend
                .builder(&server.url, TransportOptions::default())
                .with_attempt_timeout(SHORT)
                .build()
                .unwrap();
            let call = CallOptions::default();
            let timeout = ErrorKind::Transport(TransportErrorKind::Timeout);

            let error = client.create_vm(&request(), &call).await.unwrap_err();
            assert_eq!(error.kind(), &timeout);
            assert!(error.may_have_been_applied());
            assert!(error.is_retryable());
            assert!(error.message().contains("100ms"), "{error}");

            let error = client.get_vm(&id(), &call).await.unwrap_err();
            // Of a read the answer is the wrong success, if its head came.
            assert!(!error.may_have_been_applied());
        }
    }
}

#[tokio::test]
async fn a_call_takes_no_longer_than_it_may() {
    for backend in BACKENDS {
        for script in slow() {
            let server = Server::start(vec![script]).await;
            let client = backend.client(&server.url);
            let call = CallOptions::default().with_timeout(SHORT);
            let error = client.create_vm(&request(), &call).await.unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Deadline);
            assert!(error.may_have_been_applied());
            assert!(error.idempotency_key().is_some());
        }
    }
}

#[tokio::test]
async fn a_call_whose_time_is_up_is_not_sent() {
    for backend in BACKENDS {
        let server = Server::start(vec![]).await;
        let client = backend.client(&server.url);
        let call = CallOptions::default().with_timeout(Duration::ZERO);
        let error = client.create_vm(&request(), &call).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Deadline);
        assert!(!error.may_have_been_applied());
        assert!(server.requests().is_empty());
    }
}

#[tokio::test]
async fn no_limit_is_too_long() {
    for backend in BACKENDS {
        let server = Server::start(vec![vec![reply("200 OK", VM)]]).await;
        let client = backend.client(&server.url);
        let call = CallOptions::default().with_timeout(Duration::MAX);
        client.wait_vm(&id(), Duration::MAX, &call).await.unwrap();
        assert!(server.requests()[0].contains("?wait=30 HTTP/1.1"));
    }
}

#[tokio::test]
async fn a_wait_may_take_longer_than_other_attempts() {
    for backend in BACKENDS {
        let server = Server::start(vec![vec![Step::Hold]]).await;
        let client = backend
            .builder(&server.url, TransportOptions::default())
            .with_attempt_timeout(Duration::from_millis(1))
            .build()
            .unwrap();
        // Only the call's own limit ends it: the attempt may take 35 seconds.
        let call = CallOptions::default().with_timeout(SHORT);
        let error = client.wait_vm(&id(), Duration::from_secs(30), &call).await;
        assert_eq!(error.unwrap_err().kind(), &ErrorKind::Deadline);
    }
}
