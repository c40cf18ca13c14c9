//! What an answer means: the success that was asked for, or an error that says
//! what happened and what to do.

use cloudsfor_types::operations::{Operation, Safety};
use cloudsfor_types::{ErrorBody, ErrorId, FieldFault, Reason};
use http::header::{CONTENT_TYPE, LOCATION};
use http::response::Parts;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};
use crate::printable::{excerpt, is_html, printable};
use crate::retry_after::retry_after;

/// Reads the body of a success.
pub(crate) fn decode<T: DeserializeOwned>(
    operation: &Operation,
    head: &Parts,
    body: &[u8],
) -> Result<T> {
    // Text is checked as a whole, which is faster than one string after the other;
    // if it is none, the reader says where.
    let decoded = match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(body),
    };
    decoded.map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let path = path_of_fault::<T>(body);
        let found = if body.trim_ascii().is_empty() {
            "it is empty".to_owned()
        } else if is_html(content_type(head), body) {
            "it is an HTML page".to_owned()
        } else {
            let path = path.as_ref().map(|path| format!("{path}: "));
            path.unwrap_or_default() + &printable(&error.to_string())
        };
        let message = format!(
            "the answer can't be read ({found}): check the base URL, and the proxies on the way"
        );
        let location = path.map(|path| path + ", ").unwrap_or_default() + &place;
        Error::new(ErrorKind::Decode { location }, operation.name, message)
            .with_status(head.status.as_u16())
            .with_request_id(request_id(head))
            .with_excerpt(excerpt(body))
            .with_may_have_been_applied(changes_something(operation))
            .with_source(error)
    })
}

/// The path of the attribute that can't be read, if it is one. Only an error pays
/// for this second reading.
fn path_of_fault<T: DeserializeOwned>(body: &[u8]) -> Option<String> {
    let mut again = serde_json::Deserializer::from_slice(body);
    let fault = serde_path_to_error::deserialize::<_, T>(&mut again).err()?;
    let path = fault.path().to_string();
    (path != ".").then(|| printable(&path))
}

/// The error that an answer of another status than the operation's success is.
/// The body may be cut: what there is of it is kept.
pub(crate) fn refusal(operation: &Operation, head: &Parts, body: &[u8]) -> Error {
    let status = head.status.as_u16();
    // "The client must also cope with an empty body, HTML, a truncated body and
    // a proxy's error page."
    let Ok(known) = serde_json::from_slice::<ErrorBody>(body) else {
        let kind = match kind_by_status(head, None, Vec::new()) {
            // A page of something else than the API says nothing of the thing.
            ErrorKind::NotFound => ErrorKind::Unexpected,
            kind => kind,
        };
        let page = if is_html(content_type(head), body) {
            ", an HTML page"
        } else {
            ""
        };
        let message = explain(&kind, head, page);
        return Error::new(kind, operation.name, message)
            .with_status(status)
            .with_request_id(request_id(head))
            .with_excerpt(excerpt(body))
            .with_may_have_been_applied(may_have_been_applied(operation, status));
    };
    let fields: Vec<_> = known
        .fields
        .iter()
        .map(|fault| FieldFault::new(printable(&fault.name), printable(&fault.message)))
        .collect();
    let kind = match kind_by_status(head, known.reason.as_ref(), fields) {
        ErrorKind::NotFound if !is_about_a_thing(operation, &known) => ErrorKind::Unexpected,
        kind => kind,
    };
    let message = if known.message.trim().is_empty() {
        explain(&kind, head, "")
    } else {
        printable(&known.message)
    };
    let request_id = known.request_id.as_deref().map(printable);
    Error::new(kind, operation.name, message)
        .with_status(status)
        .with_id(known.id)
        .with_request_id(request_id.or_else(|| self::request_id(head)))
        .with_may_have_been_applied(may_have_been_applied(operation, status))
}

/// Whether a 404 says that the thing of the request doesn't exist: not that its path
/// doesn't, which is so at a wrong base URL. A list without an id in its path is always
/// there.
fn is_about_a_thing(operation: &Operation, error: &ErrorBody) -> bool {
    // A request of the caller's own form has no path of the table.
    let has_thing = operation.path.is_empty() || operation.path.contains('{');
    has_thing && error.id == ErrorId::NotFound && error.reason != Some(Reason::Path)
}

/// A request that breaks rules, found before it was sent.
pub(crate) fn invalid(operation: &Operation, fields: Vec<FieldFault>) -> Error {
    let kind = ErrorKind::Invalid { fields };
    Error::new(kind, operation.name, "the request breaks rules: correct it")
}

/// Whether the operation does more than read.
pub(crate) fn changes_something(operation: &Operation) -> bool {
    operation.safety != Safety::Read
}

/// The request's id, to find it in the server's log.
pub(crate) fn request_id(head: &Parts) -> Option<String> {
    let id = head.headers.get("x-request-id")?.to_str().ok()?;
    Some(printable(id)).filter(|id| !id.is_empty())
}

fn content_type(head: &Parts) -> Option<&str> {
    head.headers.get(CONTENT_TYPE)?.to_str().ok()
}

/// A server that answers 4xx has refused the request. 408 is an exception: a
/// proxy sends it too, when the server took too long.
fn may_have_been_applied(operation: &Operation, status: u16) -> bool {
    let refused = (400..500).contains(&status) && status != 408;
    changes_something(operation) && !refused
}

fn kind_by_status(head: &Parts, reason: Option<&Reason>, fields: Vec<FieldFault>) -> ErrorKind {
    let retry_after = || retry_after(&head.headers, jiff::Timestamp::now());
    match (head.status.as_u16(), reason) {
        (401, _) => ErrorKind::Unauthorized,
        (403, _) => ErrorKind::Forbidden,
        (404, _) => ErrorKind::NotFound,
        (409, _) => ErrorKind::Conflict,
        (422, Some(Reason::Locked)) => ErrorKind::Locked,
        (422, Some(Reason::State)) => ErrorKind::State,
        (422, Some(Reason::Protected)) => ErrorKind::Protected,
        (422, Some(Reason::Quota)) => ErrorKind::Quota,
        (422, Some(Reason::Capacity)) => ErrorKind::Capacity,
        (422, Some(Reason::KeyReused)) => ErrorKind::KeyReused,
        (400 | 413 | 415 | 422, _) => ErrorKind::Invalid { fields },
        (429, _) => ErrorKind::RateLimited {
            retry_after: retry_after(),
        },
        (408 | 500..=599, _) => ErrorKind::Server {
            retry_after: retry_after(),
        },
        _ => ErrorKind::Unexpected,
    }
}

/// What happened and what to do, when the server doesn't say it.
fn explain(kind: &ErrorKind, head: &Parts, page: &str) -> String {
    let status = head.status.as_u16();
    let (what, advice) = match kind {
        ErrorKind::Unauthorized => ("wrong e-mail or password", "check the credentials"),
        ErrorKind::Forbidden => ("this account may not do that", "use one that may"),
        ErrorKind::NotFound => (
            "there is no such thing for this account",
            "check the id, and the base URL",
        ),
        ErrorKind::Conflict => (
            "it contradicts something that exists",
            "look at what there is",
        ),
        ErrorKind::RateLimited { .. } => ("too many requests", "try again later"),
        ErrorKind::Server { .. } => (
            "the server, or a proxy before it, failed",
            "try again later",
        ),
        ErrorKind::Unexpected if head.status.is_redirection() => {
            let target = head.headers.get(LOCATION).map(|l| excerpt(l.as_bytes()));
            let target = target.map_or(String::new(), |target| format!(" to {target}"));
            return format!(
                "a redirect{target} (HTTP {status}), not followed because the password \
                 would go along: use the right base URL"
            );
        }
        ErrorKind::Unexpected => ("an answer that the API doesn't have", "check the base URL"),
        _ => ("the server refused the request", "correct it"),
    };
    format!("{what} (HTTP {status}{page}): {advice}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cloudsfor_types::operations::{CREATE_VM, DELETE_VM, GET_VM};
    use cloudsfor_types::{ErrorId, VmAnswer};
    use http::HeaderValue;

    use super::*;

    fn head(status: u16, headers: &[(&'static str, &str)]) -> Parts {
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        response.body(()).unwrap().into_parts().0
    }

    #[test]
    fn every_documented_error_has_its_kind() {
        let server = ErrorKind::Server { retry_after: None };
        let limited = ErrorKind::RateLimited { retry_after: None };
        let invalid = ErrorKind::Invalid { fields: Vec::new() };
        for (id, reason, kind) in [
            ("bad_request", None, invalid.clone()),
            ("unauthorized", None, ErrorKind::Unauthorized),
            ("forbidden", None, ErrorKind::Forbidden),
            ("not_found", None, ErrorKind::NotFound),
            ("method_not_allowed", None, ErrorKind::Unexpected),
            ("request_timeout", None, server.clone()),
            ("conflict", None, ErrorKind::Conflict),
            ("payload_too_large", None, invalid.clone()),
            ("unsupported_media_type", None, invalid.clone()),
            ("unprocessable_entity", None, invalid.clone()),
            ("unprocessable_entity", Some("invalid"), invalid.clone()),
            ("unprocessable_entity", Some("a new one"), invalid),
            ("unprocessable_entity", Some("quota"), ErrorKind::Quota),
            (
                "unprocessable_entity",
                Some("capacity"),
                ErrorKind::Capacity,
            ),
            ("unprocessable_entity", Some("locked"), ErrorKind::Locked),
            ("unprocessable_entity", Some("state"), ErrorKind::State),
            (
                "unprocessable_entity",
                Some("protected"),
                ErrorKind::Protected,
            ),
            (
                "unprocessable_entity",
                Some("key_reused"),
                ErrorKind::KeyReused,
            ),
            ("too_many_requests", None, limited),
            ("headers_too_large", None, ErrorKind::Unexpected),
            ("internal_error", None, server.clone()),
            ("service_unavailable", None, server),
        ] {
            let id = ErrorId::from(id);
            let body = serde_json::json!({"id": id, "message": "what: do", "request_id": "r1",
                "reason": reason});
            let head = head(id.status().unwrap(), &[]);
            // A creation is about nothing that may be missing.
            let operation = match kind {
                ErrorKind::NotFound => &DELETE_VM,
                _ => &CREATE_VM,
            };
            let error = refusal(operation, &head, body.to_string().as_bytes());
            assert_eq!(error.kind(), &kind, "{id} {reason:?}");
            assert_eq!(error.message(), "what: do");
            assert_eq!(error.id(), Some(&id));
            assert_eq!(error.request_id(), Some("r1"));
            assert_eq!(error.status(), id.status());
            assert_eq!(error.excerpt(), None);
            let in_doubt = matches!(kind, ErrorKind::Server { .. });
            assert_eq!(error.may_have_been_applied(), in_doubt, "{id}");
        }
    }

    #[test]
    fn a_rejected_body_keeps_every_fault() {
        let body = br#"{"id":"unprocessable_entity","message":"2 faults","reason":"invalid",
            "fields":[{"name":"cpu","message":"is required"},{"name":"x\u001b[1m","message":"no\n"}]}"#;
        let error = refusal(&CREATE_VM, &head(422, &[]), body);
        assert_eq!(error.fields().len(), 2);
        let shown = error.to_string();
        assert_eq!(
            shown,
            "create_vm: 2 faults; cpu: is required; x\u{fffd}[1m: no"
        );
    }

    #[test]
    fn an_error_that_is_not_the_servers_own_is_known_by_its_status() {
        let html = "<html><body>nginx</body></html>";
        for (status, body, kind, says) in [
            (401, "", ErrorKind::Unauthorized, "check the credentials"),
            (403, "no", ErrorKind::Forbidden, "may not"),
            (404, html, ErrorKind::Unexpected, "(HTTP 404, an HTML page)"),
            (409, "{}", ErrorKind::Conflict, "exists"),
            (
                502,
                html,
                ErrorKind::Server { retry_after: None },
                "an HTML page",
            ),
            (
                504,
                "",
                ErrorKind::Server { retry_after: None },
                "try again later",
            ),
            (
                599,
                "{\"id\":",
                ErrorKind::Server { retry_after: None },
                "HTTP 599",
            ),
            (407, "", ErrorKind::Unexpected, "HTTP 407"),
            (101, "", ErrorKind::Unexpected, "HTTP 101"),
            (206, "", ErrorKind::Unexpected, "HTTP 206"),
            (304, "", ErrorKind::Unexpected, "not followed"),
            (700, "", ErrorKind::Unexpected, "HTTP 700"),
        ] {
            let head = head(status, &[("x-request-id", "r2")]);
            let error = refusal(&GET_VM, &head, body.as_bytes());
            assert_eq!(error.kind(), &kind, "{status}");
            assert!(error.message().contains(says), "{error}");
            assert!(error.message().contains(": "), "says what to do: {error}");
            assert_eq!(error.status(), Some(status));
            assert_eq!(error.request_id(), Some("r2"));
            assert_eq!(error.excerpt().unwrap_or_default(), body);
            assert!(!error.may_have_been_applied());
        }
    }

    #[test]
    fn only_a_refusal_says_that_nothing_was_done() {
        for (status, in_doubt) in [
            (101, true),
            (200, true),
            (303, true),
            (400, false),
            (404, false),
            (408, true),
            (429, false),
            (500, true),
            (503, true),
        ] {
            let head = head(status, &[]);
            for operation in [&CREATE_VM, &DELETE_VM] {
                let error = refusal(operation, &head, b"");
                assert_eq!(error.may_have_been_applied(), in_doubt, "{status}");
            }
            assert!(!refusal(&GET_VM, &head, b"").may_have_been_applied());
        }
    }

    #[test]
    fn how_long_to_wait_is_kept() {
        let wait = Some(Duration::from_secs(7));
        for (status, kind) in [
            (429, ErrorKind::RateLimited { retry_after: wait }),
            (503, ErrorKind::Server { retry_after: wait }),
        ] {
            let error = refusal(&GET_VM, &head(status, &[("retry-after", "7")]), b"");
            assert_eq!(error.kind(), &kind);
            assert_eq!(error.retry_after(), wait);
        }
    }

    #[test]
    fn nothing_from_the_other_side_reaches_a_terminal_raw() {
        let body = b"{\"id\":\"x\",\"message\":\"\\u001b[2J\\nfake\",\"request_id\":\"\\u0007\"}";
        let location = [("location", "http://evil/\u{9b}2J")];
        for error in [
            refusal(&GET_VM, &head(500, &[]), body),
            refusal(&GET_VM, &head(500, &[]), b"\x1b]0;title\x07\r\nfake"),
            refusal(&GET_VM, &head(302, &location), b""),
            decode::<VmAnswer>(&GET_VM, &head(200, &[]), b"{\"vm\":\"\x1b[2J\"}").unwrap_err(),
            decode::<VmAnswer>(&GET_VM, &head(200, &[]), b"\x1b[2J").unwrap_err(),
        ] {
            assert!(!error.to_string().contains(char::is_control), "{error:?}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_read_says_where_and_why() {
        let html = [("content-type", "text/html")];
        for (headers, body, location, says) in [
            (&[][..], "", "line 1, column 0", "it is empty"),
            (&html[..], " <p>", "line 1, column 2", "an HTML page"),
            (
                &[],
                "{\"vm\":\n7}",
                "vm, line 2, column 1",
                "expected a Vm object",
            ),
            (
                &[],
                "{\"links\":{}}",
                "line 1, column 12",
                "missing field `vm`",
            ),
            (&[], "{\"vm\":{\"id\":", "vm.id, line 1, column 12", "EOF"),
        ] {
            let head = head(202, headers);
            let error = decode::<VmAnswer>(&CREATE_VM, &head, body.as_bytes()).unwrap_err();
            let location = location.to_owned();
            assert_eq!(error.kind(), &ErrorKind::Decode { location });
            assert!(error.message().contains(says), "{error}");
            assert!(error.may_have_been_applied());
            let error = decode::<VmAnswer>(&GET_VM, &head, body.as_bytes()).unwrap_err();
            assert!(!error.may_have_been_applied());
        }
    }

    #[test]
    fn not_found_is_said_of_things_alone() {
        let html = &b"<html><body>404</body></html>"[..];
        let thing = br#"{"id":"not_found","message":"no"}"#;
        let path = br#"{"id":"not_found","message":"no","reason":"path"}"#;
        for (operation, body, is_not_found) in [
            (&GET_VM, &thing[..], true),
            (&GET_VM, &path[..], false),
            (&GET_VM, html, false),
            (&DELETE_VM, b"", false),
            (&CREATE_VM, thing, false),
        ] {
            let error = refusal(operation, &head(404, &[]), body);
            assert_eq!(
                *error.kind() == ErrorKind::NotFound,
                is_not_found,
                "{error}"
            );
        }
    }
}
