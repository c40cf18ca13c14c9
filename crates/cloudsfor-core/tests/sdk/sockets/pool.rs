//! Connections that are used more than once.

use cloudsfor_core::{CallOptions, ErrorKind, TransportErrorKind, Vms};

use super::backend::BACKENDS;
use super::server::{Server, answer, reply};
use crate::samples::{VM, id, request};

const GONE: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn two_calls_share_a_connection() {
    for backend in BACKENDS {
        // A second connection would be closed without an answer.
        let script = vec![
            reply("200 OK", VM),
            reply("404 Not Found", "{}"),
            answer(GONE),
        ];
        let server = Server::start(vec![script]).await;
        let client = backend.client(&server.url);
        let call = CallOptions::default();
        client.get_vm(&id(), &call).await.unwrap();
        client.get_vm(&id(), &call).await.unwrap_err();
        client.clone().delete_vm(&id(), &call).await.unwrap();
        assert_eq!(server.requests().len(), 3);
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_no_error() {
    for backend in BACKENDS {
        let mut server = Server::start(vec![
            vec![reply("200 OK", VM)],
            vec![answer(GONE)],
            vec![reply("202 Accepted", VM)],
        ])
        .await;
        let client = backend.client(&server.url);
        let call = CallOptions::default();
        client.get_vm(&id(), &call).await.unwrap();
        server.closed(1).await;
        client.delete_vm(&id(), &call).await.unwrap();
        server.closed(2).await;
        // A create may meet the closing itself. Then it is not sent again, and
        // the caller is told.
        match client.create_vm(&request(), &call).await {
            Ok(_) => assert_eq!(server.requests().len(), 3),
            Err(error) => {
                assert!(error.may_have_been_applied(), "{error:?}");
                assert_eq!(server.requests().len(), 2);
            }
        }
    }
}

#[tokio::test]
async fn only_a_read_is_sent_again_when_a_used_connection_is_cut() {
    for backend in BACKENDS {
        let server = Server::start(vec![
            vec![reply("200 OK", VM), answer("")],
            vec![reply("200 OK", VM), answer("")],
            vec![reply("200 OK", VM), answer("")],
        ])
        .await;
        let client = backend.client(&server.url);
        let call = CallOptions::default();
        client.get_vm(&id(), &call).await.unwrap();
        client.get_vm(&id(), &call).await.unwrap();
        let deletion = client.delete_vm(&id(), &call).await.unwrap_err();
        client.get_vm(&id(), &call).await.unwrap();
        let create = client.create_vm(&request(), &call).await.unwrap_err();
        let cut = ErrorKind::Transport(TransportErrorKind::Cut);
        for error in [deletion, create] {
            assert_eq!(error.kind(), &cut, "{}: {error:?}", backend.name);
            assert!(error.may_have_been_applied());
        }

        let methods: Vec<_> = server
            .requests()
            .iter()
            .map(|request| request.split(' ').next().unwrap().to_owned())
            .collect();
        assert_eq!(methods, ["GET", "GET", "GET", "DELETE", "GET", "POST"]);
    }
}
