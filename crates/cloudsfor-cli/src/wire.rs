//! What goes over the wire, as the user may want to see it: traces of requests
//! (`-v`, `--debug`), and requests that are shown instead of sent (`--dry-run`).
//! Secrets are never in either.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_core::ClientBuilder;
use cloudsfor_core::transport::{Body, Transport, TransportError, TransportErrorKind};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, Response};
use serde_json::{Value, json};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::clean::clean;
use crate::output::{self, json as json_text};
use crate::terminal::Terminal;

/// How much of a body a trace shows, in bytes.
const SHOWN: usize = 4096;

/// The largest body that a trace holds back to show, in bytes; larger ones go by
/// unseen.
const HELD: usize = 1 << 20;

/// Stands for what is hidden.
const HIDDEN: &str = "[hidden]";

/// The attributes that may hold secrets.
const SECRETS: [&str; 3] = ["user_data", "password", "secret"];

/// What is between the client and the network.
#[derive(Clone, Default)]
pub(crate) struct Wire {
    verbosity: u8,
    unsent: Option<Arc<Mutex<Vec<Request<Bytes>>>>>,
}

impl Wire {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            verbosity: global.verbosity(),
            unsent: global.dry_run.then(Arc::default),
        }
    }

    /// A client over this transport, with what the user asked for around it.
    pub(crate) fn over(
        &self,
        builder: ClientBuilder,
        transport: impl Transport + 'static,
    ) -> ClientBuilder {
        let builder = builder.transport(self.around(transport));
        match self.unsent {
            // What wasn't sent once needs no second attempt.
            Some(_) => builder.without_retry(),
            None => builder,
        }
    }

    fn around(&self, transport: impl Transport + 'static) -> Arc<dyn Transport> {
        let mut transport: Arc<dyn Transport> = Arc::new(transport);
        if self.verbosity > 0 {
            transport = Arc::new(Traced {
                transport,
                with_contents: self.verbosity > 1,
                say: |text| eprint!("{text}"),
            });
        }
        if let Some(unsent) = &self.unsent {
            let unsent = unsent.clone();
            transport = Arc::new(DryRun { transport, unsent });
        }
        transport
    }

    /// How a command ends: a dry run, by showing what it would have sent.
    pub(crate) fn conclude(
        &self,
        ended: Result<Exit, Failure>,
        global: &Global,
        terminal: &mut Terminal,
    ) -> Result<Exit, Failure> {
        let Some(unsent) = &self.unsent else {
            return ended;
        };
        let requests = std::mem::take(&mut *unsent.lock().unwrap_or_else(PoisonError::into_inner));
        if requests.is_empty() {
            return ended;
        }
        if global.view.output.is_document() {
            let requests: Vec<_> = requests.iter().map(as_json).collect();
            output::document(terminal, &global.view, &requests)?;
        } else {
            for request in &requests {
                let (method, url) = (request.method(), request.uri().to_string());
                writeln!(terminal.out(), "{method} {}", clean(&url))?;
                if let Some(body) = body(request.body()) {
                    json_text::write_pretty(terminal.out(), &body)?;
                }
            }
        }
        terminal.note("Nothing was sent: this is what would be.");
        Ok(Exit::Done)
    }
}

fn as_json(request: &Request<Bytes>) -> Value {
    json!({
        "method": request.method().as_str(),
        "url": request.uri().to_string(),
        "body": body(request.body()),
    })
}

/// A body of JSON without its secrets; `None` for none.
fn body(bytes: &[u8]) -> Option<Value> {
    if bytes.is_empty() {
        return None;
    }
    match serde_json::from_slice(bytes) {
        Ok(mut value) => {
            redact(&mut value);
            Some(value)
        }
        Err(_) => Some(String::from_utf8_lossy(bytes).into()),
    }
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(attributes) => {
            for (name, value) in attributes {
                if SECRETS.contains(&name.as_str()) && !value.is_null() {
                    *value = HIDDEN.into();
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

/// Holds back what would change something.
struct DryRun {
    transport: Arc<dyn Transport>,
    unsent: Arc<Mutex<Vec<Request<Bytes>>>>,
}

#[async_trait]
impl Transport for DryRun {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        if request.method() == Method::GET {
            return self.transport.send(request).await;
        }
        let mut unsent = self.unsent.lock().unwrap_or_else(PoisonError::into_inner);
        unsent.push(request);
        Err(TransportError::not_sent(
            TransportErrorKind::Protocol,
            "a dry run sends nothing that changes something",
        ))
    }
}

/// Tells of each request and its answer.
struct Traced {
    transport: Arc<dyn Transport>,
    with_contents: bool,
    say: fn(&str),
}

#[async_trait]
impl Transport for Traced {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let mut lines = format!(
            "> {} {}\n",
            request.method(),
            clean(&request.uri().to_string())
        );
        if self.with_contents {
            contents('>', request.headers(), request.body(), &mut lines);
        }
        (self.say)(&lines);
        let started = Instant::now();
        let result = self.transport.send(request).await;
        let took = started.elapsed().as_millis();
        let response = result.inspect_err(|error| {
            let why = error.source.to_string();
            (self.say)(&format!(
                "< no answer after {took} ms: {error} ({})\n",
                clean(&why)
            ));
        })?;
        let mut lines = format!("< {} after {took} ms\n", response.status());
        let response = if self.with_contents && is_short(response.headers()) {
            let (head, body) = response.into_parts();
            let body = body.collect(HELD).await?;
            contents('<', &head.headers, &body, &mut lines);
            Response::from_parts(head, body.into())
        } else {
            response
        };
        (self.say)(&lines);
        Ok(response)
    }
}

/// Whether the answer can be held back as a whole: a stream never ends, and what
/// is longer than is shown isn't worth the memory.
fn is_short(headers: &HeaderMap) -> bool {
    let header = |name| {
        headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
    };
    let is_stream = header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/event-stream"));
    let length = header(http::header::CONTENT_LENGTH).and_then(|text| text.parse().ok());
    !is_stream && length.is_some_and(|length: usize| length <= HELD)
}

fn contents(mark: char, headers: &HeaderMap, bytes: &[u8], lines: &mut String) {
    for (name, value) in headers {
        let value = match value.to_str() {
            _ if *name == AUTHORIZATION => HIDDEN.into(),
            Ok(value) => clean(value),
            Err(_) => "(not text)".into(),
        };
        lines.push_str(&format!("{mark} {name}: {value}\n"));
    }
    if headers.contains_key(http::header::CONTENT_ENCODING) {
        lines.push_str(&format!("{mark} ({} bytes, packed)\n", bytes.len()));
        return;
    }
    let Some(body) = body(bytes) else {
        return;
    };
    let text = json_text::line(&body).unwrap_or_default();
    let end = (0..=SHOWN.min(text.len())).rfind(|at| text.is_char_boundary(*at));
    let shown = &text[..end.unwrap_or_default()];
    lines.push_str(&format!("{mark} {shown}"));
    if shown.len() < text.len() {
        lines.push_str(&format!("… ({} bytes)", bytes.len()));
    }
    lines.push('\n');
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    thread_local! {
        static SAID: RefCell<String> = const { RefCell::new(String::new()) };
    }

    fn say(text: &str) {
        SAID.with_borrow_mut(|said| said.push_str(text));
    }

    /// Answers everything with what it was sent, and a secret.
    struct Echo;

    #[async_trait]
    impl Transport for Echo {
        async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
            let body = request.into_body();
            let response = Response::builder()
                .header("content-length", body.len())
                .header("x-request-id", "r\u{e9}1");
            Ok(response.body(body.into()).unwrap())
        }
    }

    fn request(method: Method) -> Request<Bytes> {
        let body =
            r#"{"name":"a","user_data":"s3cret","more":[{"password":"s3cret"}],"password":null}"#;
        Request::builder()
            .method(method)
            .uri("http://h/api/v1/vms?name=a")
            .header("authorization", "Basic czNjcmV0")
            .header("idempotency-key", "k1")
            .body(Bytes::from_static(body.as_bytes()))
            .unwrap()
    }

    fn traced(with_contents: bool) -> String {
        let traced = Traced {
            transport: Arc::new(Echo),
            with_contents,
            say,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let response = runtime
            .block_on(traced.send(request(Method::POST)))
            .unwrap();
        let body = runtime
            .block_on(response.into_body().collect(1000))
            .unwrap();
        assert!(body.starts_with(b"{\"name\":\"a\",\"user_data\":\"s3cret\""));
        SAID.take()
    }

    #[test]
    fn a_trace_names_requests_and_answers() {
        let said = traced(false);
        assert!(
            said.starts_with("> POST http://h/api/v1/vms?name=a\n< 200 OK after "),
            "{said}"
        );
        assert_eq!(said.lines().count(), 2);
    }

    #[test]
    fn a_deep_trace_has_contents_without_secrets() {
        let said = traced(true);
        assert!(
            said.contains("> authorization: [hidden]\n> idempotency-key: k1\n"),
            "{said}"
        );
        assert!(
            said.contains(r#""more":[{"password":"[hidden]"}],"name":"a""#),
            "{said}"
        );
        assert!(
            !said.contains("s3cret") && !said.contains("czNjcmV0"),
            "{said}"
        );
    }

    #[test]
    fn a_dry_run_sends_what_reads_and_keeps_the_rest() {
        let wire = Wire {
            verbosity: 0,
            unsent: Some(Arc::default()),
        };
        let transport = wire.around(Echo);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        assert!(
            runtime
                .block_on(transport.send(request(Method::GET)))
                .is_ok()
        );
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let error = runtime
                .block_on(transport.send(request(method)))
                .err()
                .unwrap();
            assert!(!error.may_have_been_sent);
        }
        assert_eq!(wire.unsent.unwrap().lock().unwrap().len(), 3);
    }
}
