//! Requests of the user's own form, and what is shown of the answers.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use clap::Parser;
use cloudsfor_core::Client;
use cloudsfor_core::transport::{Body, Transport, TransportError};

use crate::args::Cli;
use crate::finish;
use crate::nouns::{Alone, Noun};
use crate::terminal::fake::Fake;
use crate::testing::Ended;

/// Answers each request with a text, and keeps it.
#[derive(Clone)]
struct Server {
    answer: &'static str,
    asked: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Transport for Server {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        let (method, path) = (request.method(), request.uri().path_and_query().unwrap());
        let body = String::from_utf8_lossy(request.body());
        self.asked
            .lock()
            .unwrap()
            .push(format!("{method} {path} {body}"));
        let status = if self.answer.contains("not_found") {
            404
        } else {
            200
        };
        // Where the answer names a second page, this is it.
        let body = match request.uri().query() {
            Some("page=2") => r#"{"x":[3],"links":{}}"#,
            _ => self.answer,
        };
        let answer = http::Response::builder()
            .status(status)
            .header("x-request-id", "r1");
        Ok(answer.body(body.into()).unwrap())
    }
}

/// Runs `cloudsfor api ARGS`: how it ended, and what was asked.
fn api(answer: &'static str, args: &[&str], fake: Fake) -> (Ended, Vec<String>) {
    let server = Server {
        answer,
        asked: Arc::default(),
    };
    let endpoint = "http://h".parse().unwrap();
    let client = Client::builder()
        .endpoint(endpoint)
        .transport(server.clone())
        .build()
        .unwrap();
    let cli = Cli::try_parse_from(["cloudsfor", "api"].iter().chain(args)).unwrap();
    let Noun::Api(Alone(api)) = &cli.noun else {
        panic!("{args:?} is another command");
    };
    let (mut terminal, screen) = fake.start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let result = runtime.block_on(super::api(&client, api, &cli.global, &mut terminal));
    let exit = finish(result, &cli, &mut terminal);
    let asked = server.asked.lock().unwrap().clone();
    (Ended { exit, screen }, asked)
}

fn asked(args: &[&str], input: &str) -> String {
    let (ended, asked) = api("{}", args, Fake::default().with_input(input.as_bytes()));
    assert_eq!(ended.exit.code(), 0, "{}", ended.screen.err());
    asked.concat()
}

#[test]
fn a_request_is_what_the_arguments_say() {
    for (args, request) in [
        (&["/vms?page=1"][..], "GET /api/v1/vms?page=1 "),
        (&["vms"], "GET /api/v1/vms "),
        (&["/keys/7", "-X", "DELETE"], "DELETE /api/v1/keys/7 "),
        (
            &["/networks", "-f", "name=7"],
            r#"POST /api/v1/networks {"name":"7"}"#,
        ),
        (
            &[
                "/x", "-X", "put", "-F", "a=7", "-F", "b=[true]", "-F", "c=text",
            ],
            r#"PUT /api/v1/x {"a":7,"b":[true],"c":"text"}"#,
        ),
        (&["/x", "--input", "-"], r#"POST /api/v1/x {"raw": 1}"#),
    ] {
        assert_eq!(asked(args, r#"{"raw": 1}"#), request, "{args:?}");
    }
}

#[test]
fn an_answer_is_shown_as_it_comes_and_harmless() {
    let shown = |answer, args: &[&str]| {
        api(answer, &[&["/x"], args].concat(), Fake::default())
            .0
            .screen
            .out()
    };
    assert_eq!(shown(r#"{"a":[1]}"#, &[]), "{\n  \"a\": [\n    1\n  ]\n}\n");
    assert_eq!(shown(r#"{"a":[1]}"#, &["-o", "yaml"]), "a:\n- 1\n");
    assert_eq!(shown(r#"{"a":[1]}"#, &["-o", "template={{ a[0] }}"]), "1\n");
    assert_eq!(shown("one\n\u{1b}[2J\n", &[]), "one\n\\u{1b}[2J\n");
    assert_eq!(shown("", &["-i"]), "HTTP 200\nx-request-id: r1\n\n");
}

#[test]
fn pages_are_shown_one_after_the_other_or_as_one_value() {
    let first = r#"{"x":[1,2],"links":{"pages":{"next":"http://h/api/v1/x?page=2"}}}"#;
    let shown = |args: &[&str]| {
        let (ended, asked) = api(first, &[&["/x"], args].concat(), Fake::default());
        assert_eq!(ended.exit.code(), 0, "{}", ended.screen.err());
        (ended.screen.out(), asked.len())
    };
    let items = "template={{ x|join(' ') }}";
    assert_eq!(shown(&["-o", items]), ("1 2\n".into(), 1));
    assert_eq!(shown(&["--paginate", "-o", items]), ("1 2\n3\n".into(), 2));
    let (slurped, _) = shown(&["--paginate", "--slurp"]);
    let slurped: serde_json::Value = serde_json::from_str(&slurped).unwrap();
    assert_eq!(
        (&slurped[0]["x"][1], &slurped[1]["x"][0]),
        (&2.into(), &3.into())
    );
    let (yaml, _) = shown(&["--paginate", "-o", "yaml"]);
    assert_eq!(yaml.matches("---\n").count(), 1, "{yaml}");
}

#[test]
fn a_page_on_another_server_is_an_error_after_those_before() {
    let first = r#"{"x":[1],"links":{"pages":{"next":"http://other.example/x"}}}"#;
    let args = ["/x", "--paginate", "-o", "template={{ x[0] }}"];
    let (ended, asked) = api(first, &args, Fake::default());
    assert_eq!((ended.exit.code(), asked.len()), (7, 1));
    ended.golden_but_why("api/page-elsewhere.txt");
}

#[test]
fn an_error_has_its_exit_code() {
    let answer = r#"{"id":"not_found","message":"there is no x","request_id":"r1"}"#;
    let (ended, _) = api(answer, &["/x"], Fake::default());
    ended.golden("api/not-found.txt");
    for args in [
        &["//other.example/x"][..],
        &["/a b"],
        &["/x", "-f", "a=1", "-F", "a=2"],
    ] {
        let (ended, asked) = api("{}", args, Fake::default());
        assert_eq!((ended.exit.code(), asked.len()), (2, 0), "{args:?}");
    }
}
