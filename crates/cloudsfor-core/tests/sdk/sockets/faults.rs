//! Answers that are broken, foreign or missing.

use cloudsfor_core::transport::TransportOptions;
use cloudsfor_core::{CallOptions, Error, ErrorKind, TransportErrorKind, Vms};
use tokio::net::TcpListener;

use super::backend::{BACKENDS, PASSWORD};
use super::server::{Server, Step, answer, reply};
use crate::samples::{ID, VM, id, request};

/// The kind of the error, in a word.
fn kind(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Transport(TransportErrorKind::Connect) => "connect",
        ErrorKind::Transport(TransportErrorKind::Cut) => "cut",
        ErrorKind::Transport(TransportErrorKind::Protocol) => "protocol",
        ErrorKind::Transport(TransportErrorKind::TooLarge) => "too large",
        ErrorKind::Decode { .. } => "decode",
        ErrorKind::Server { .. } => "server",
        ErrorKind::Unexpected => "unexpected",
        _ => panic!("{error:?}"),
    }
}

/// Whatever the fault: one line, what to do, and no secret.
fn check_text(error: &Error) {
    for shown in [
        error.to_string(),
        format!("{error:?}"),
        format!("{error:#?}"),
    ] {
        assert!(!shown.contains(PASSWORD), "{shown}");
        assert!(!shown.contains("Basic "), "{shown}");
    }
    assert!(!error.to_string().contains(char::is_control), "{error}");
    assert!(error.message().contains(": "), "says what to do: {error}");
}

/// Meets this fault with a read and with a create, over each backend. The server
/// closes the connection after it.
async fn check(fault: Step, expected: &str, says: &str) {
    for backend in BACKENDS {
        let server = Server::start(vec![vec![fault.clone()], vec![fault.clone()]]).await;
        let client = backend
            .builder(&server.url, TransportOptions::default())
            .with_body_limit(100_000)
            .build()
            .unwrap();
        let call = CallOptions::default();

        let read = client.get_vm(&id(), &call).await.unwrap_err();
        assert_eq!(kind(&read), expected, "{}: {read:?}", backend.name);
        assert!(read.to_string().contains(says), "{}: {read}", backend.name);
        assert!(!read.may_have_been_applied());
        assert_eq!(read.idempotency_key(), None);
        check_text(&read);

        let create = client.create_vm(&request(), &call).await.unwrap_err();
        assert_eq!(kind(&create), expected, "{}: {create:?}", backend.name);
        assert!(create.may_have_been_applied(), "{create:?}");
        let key = create.idempotency_key().unwrap().to_string();
        check_text(&create);

        // Nothing was sent twice.
        let requests = server.requests();
        assert_eq!(requests.len(), 2, "{requests:?}");
        assert!(requests[1].contains(&format!("idempotency-key: {key}\r\n")));
    }
}

/// The same, for a success of either operation with this rest of the answer.
async fn check_success(rest: impl AsRef<[u8]>, expected: &str, says: &str) {
    for status in ["200 OK", "202 Accepted"] {
        let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
        bytes.extend_from_slice(rest.as_ref());
        for backend in BACKENDS {
            let server = Server::start(vec![vec![answer(&bytes)]]).await;
            let client = backend
                .builder(&server.url, TransportOptions::default())
                .with_body_limit(100_000)
                .build()
                .unwrap();
            let call = CallOptions::default();
            let error = if status == "200 OK" {
                client.get_vm(&id(), &call).await.unwrap_err()
            } else {
                client.create_vm(&request(), &call).await.unwrap_err()
            };
            assert_eq!(kind(&error), expected, "{}: {error:?}", backend.name);
            assert!(
                error.to_string().contains(says),
                "{}: {error}",
                backend.name
            );
            let create = status == "202 Accepted";
            assert_eq!(error.may_have_been_applied(), create, "{error:?}");
            assert_eq!(error.status(), Some(if create { 202 } else { 200 }));
            check_text(&error);
        }
    }
}

fn with_length(length: usize, body: &str) -> String {
    format!("Content-Length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for backend in BACKENDS {
        let client = backend.client(&url);
        let error = client.create_vm(&request(), &CallOptions::default()).await;
        let error = error.unwrap_err();
        assert_eq!(kind(&error), "connect", "{}: {error:?}", backend.name);
        assert!(error.message().contains("refused"), "{error}");
        assert!(!error.may_have_been_applied());
        assert!(error.is_retryable());
        check_text(&error);
    }
}

#[tokio::test]
async fn a_name_that_does_not_resolve() {
    // A label of more than 63 letters is refused without asking a name server.
    let url = format!("http://{}.example", "a".repeat(64));
    for backend in BACKENDS {
        let client = backend.client(&url);
        let error = client.create_vm(&request(), &CallOptions::default()).await;
        let error = error.unwrap_err();
        assert_eq!(kind(&error), "connect", "{}: {error:?}", backend.name);
        assert!(!error.may_have_been_applied());
    }
}

#[tokio::test]
async fn cut_before_the_head() {
    check(answer(""), "cut", "ended before the answer was whole").await;
}

#[tokio::test]
async fn cut_in_the_head() {
    check(answer("HTTP/1.1 20"), "cut", "ended before").await;
    check(
        answer("HTTP/1.1 200 OK\r\nContent-Le"),
        "cut",
        "ended before",
    )
    .await;
}

#[tokio::test]
async fn cut_in_the_body() {
    check_success(with_length(1000, "{\"vm\":"), "cut", "ended before").await;
    let chunked = "Transfer-Encoding: chunked\r\n\r\n6\r\n{\"vm\":\r\n";
    check_success(chunked, "cut", "ended before").await;
}

#[tokio::test]
async fn garbage_instead_of_http() {
    check(answer("\0\u{1}\u{2}\r\n\r\n"), "protocol", "is no HTTP").await;
    check(answer("SSH-2.0-OpenSSH_9.6\r\n"), "protocol", "is no HTTP").await;
    check(answer("HTTP/1.1 abc OK\r\n\r\n"), "protocol", "is no HTTP").await;
    let two_lengths = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab";
    check(answer(two_lengths), "protocol", "is no HTTP").await;
}

#[tokio::test]
async fn garbage_instead_of_a_chunk() {
    let chunked = "Transfer-Encoding: chunked\r\n\r\nxyz\r\n";
    check_success(chunked, "protocol", "is no HTTP").await;
}

#[tokio::test]
async fn a_content_length_that_is_wrong() {
    check_success(with_length(VM.len() - 1, VM), "decode", "line").await;
    check_success(with_length(VM.len() + 1, VM), "cut", "ended before").await;
}

#[tokio::test]
async fn a_content_length_that_is_huge() {
    // Refused or cut, but never allocated: the process would abort.
    for backend in BACKENDS {
        let huge = answer("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n{");
        let server = Server::start(vec![vec![huge]]).await;
        let client = backend.client(&server.url);
        let error = client.get_vm(&id(), &CallOptions::default()).await;
        assert_eq!(kind(&error.unwrap_err()), "cut");
    }
}

#[tokio::test]
async fn a_body_over_the_limit() {
    let body = " ".repeat(100_001);
    check_success(
        with_length(body.len(), &body),
        "too large",
        "more than 100000 bytes",
    )
    .await;
    check_success(format!("\r\n{body}"), "too large", "more than 100000 bytes").await;
}

#[tokio::test]
async fn no_body() {
    check_success(with_length(0, ""), "decode", "it is empty").await;
    check_success("\r\n", "decode", "it is empty").await;
}

#[tokio::test]
async fn a_web_page_instead_of_json() {
    let page = "<!DOCTYPE html><title>Log in</title>";
    check_success(with_length(page.len(), page), "decode", "an HTML page").await;
}

#[tokio::test]
async fn json_that_is_broken_or_foreign() {
    let twice = r#"{"vm":{"id":"a","id":"b"}}"#;
    let deep = format!("{{\"vm\":{}", "[".repeat(5000));
    let nested = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let deep_inside = VM.replacen('{', &format!("{{\"x\":{nested},"), 1);
    for (body, says) in [
        (&b"{\"vm\":{\"id\":\"\xff\"}}"[..], "unicode"),
        (b"\xef\xbb\xbf{}", "expected value"),
        (twice.as_bytes(), "duplicate field"),
        (deep.as_bytes(), "recursion limit"),
        (deep_inside.as_bytes(), "recursion limit"),
        (b"{}", "missing field `vm`"),
        (b"[]", "expected a VmAnswer object"),
        (b"null", "expected a VmAnswer object"),
        (b"{\"vm\":{\"id\":\"../x\"}}", "is no id"),
    ] {
        let mut rest = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        rest.extend_from_slice(body);
        // What deep nesting is first noticed as depends on where it is.
        let says = if body == deep.as_bytes() {
            "line 1"
        } else {
            says
        };
        check_success(rest, "decode", says).await;
    }
}

#[tokio::test]
async fn a_proxys_error_page() {
    let page = "<html><h1>Bad Gateway</h1></html>";
    for status in [
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ] {
        let rest = with_length(page.len(), page);
        let bytes = format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\n{rest}");
        check(answer(bytes), "server", "<h1>Bad Gateway</h1>").await;
    }
}

#[tokio::test]
async fn an_error_that_is_cut_keeps_its_status() {
    let rest = with_length(1000, "the backend is do");
    let bytes = format!("HTTP/1.1 503 Unavailable\r\nX-Request-Id: r7\r\n{rest}");
    check(answer(bytes), "server", "the backend is do\" (request r7)").await;
}

#[tokio::test]
async fn another_success_than_the_operations() {
    check(reply("201 Created", VM), "unexpected", "HTTP 201").await;
    check(reply("206 Partial Content", VM), "unexpected", "HTTP 206").await;
    check(
        answer("HTTP/1.1 204 No Content\r\n\r\n"),
        "unexpected",
        "HTTP 204",
    )
    .await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        let elsewhere = Server::start(vec![]).await;
        let bytes = format!(
            "HTTP/1.1 {status}\r\nLocation: {}/api/v1/vms\r\nContent-Length: 0\r\n\r\n",
            elsewhere.url
        );
        check(answer(bytes), "unexpected", &elsewhere.url).await;
        assert_eq!(elsewhere.requests(), [""; 0]);
    }
}

#[tokio::test]
async fn an_http_1_0_answer_is_understood() {
    for backend in BACKENDS {
        let old = answer(format!("HTTP/1.0 200 OK\r\n\r\n{VM}"));
        let server = Server::start(vec![vec![old]]).await;
        let client = backend.client(&server.url);
        let vm = client.get_vm(&id(), &CallOptions::default()).await;
        assert_eq!(vm.unwrap().id.as_str(), ID);
    }
}

#[tokio::test]
async fn an_interim_answer_is_passed_over() {
    for backend in BACKENDS {
        let Step::Answer(last) = reply("200 OK", VM) else {
            unreachable!()
        };
        let mut bytes = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".to_vec();
        bytes.extend(last);
        let server = Server::start(vec![vec![answer(bytes)]]).await;
        let client = backend.client(&server.url);
        let vm = client.get_vm(&id(), &CallOptions::default()).await;
        assert_eq!(vm.unwrap().id.as_str(), ID);
    }
}

#[tokio::test]
async fn a_switch_of_protocols_is_an_error() {
    let bytes = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
    check(answer(bytes), "unexpected", "HTTP 101").await;
}

#[tokio::test]
async fn a_deletion_has_no_body_and_any_content_type() {
    for backend in BACKENDS {
        let gone = "HTTP/1.1 204 No Content\r\ncontent-type: application/octet-stream\r\n\r\n";
        let missing = r#"{"id":"not_found","message":"there is no such VM: list them"}"#;
        let server = Server::start(vec![vec![
            answer(gone),
            reply("404 Not Found", missing),
            reply("200 OK", "{}"),
        ]])
        .await;
        let client = backend.client(&server.url);
        let call = CallOptions::default();
        client.delete_vm(&id(), &call).await.unwrap();
        let error = client.delete_vm(&id(), &call).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::NotFound);
        assert_eq!(error.message(), "there is no such VM: list them");
        assert!(!error.may_have_been_applied());
        let error = client.delete_vm(&id(), &call).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Unexpected);
        assert!(error.may_have_been_applied());
    }
}

#[cfg(feature = "gzip")]
mod gzip {
    use std::io::Write;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let level = flate2::Compression::best();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn rest(body: &[u8]) -> Vec<u8> {
        let head = format!(
            "Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    }

    #[tokio::test]
    async fn an_answer_may_come_packed() {
        for backend in BACKENDS {
            let head = b"HTTP/1.1 200 OK\r\n".to_vec();
            let whole = [head, rest(&packed(VM.as_bytes()))].concat();
            let server = Server::start(vec![vec![answer(whole)]]).await;
            let client = backend.client(&server.url);
            let vm = client.get_vm(&id(), &CallOptions::default()).await;
            assert_eq!(vm.unwrap().id.as_str(), ID, "{}", backend.name);
            assert!(server.requests()[0].contains("accept-encoding: gzip\r\n"));
        }
    }

    #[tokio::test]
    async fn a_bomb_is_not_unpacked() {
        let bomb = packed(&vec![b' '; 20_000_000]);
        check_success(rest(&bomb), "too large", "more than 100000 bytes").await;
    }

    #[tokio::test]
    async fn what_is_not_packed_as_it_says_is_an_error() {
        check_success(rest(b"{}"), "protocol", "is no HTTP").await;
    }
}
