use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::time::Instant;

use super::*;
use crate::transport::{Transport, TransportError};

/// What becomes of one connection.
enum Connection {
    Refused,
    /// Answered with this status.
    Status(u16),
    /// Answered with this content type.
    Foreign(&'static str),
    /// These events, and the connection ends.
    Ends(&'static str),
    /// These events, and the connection is cut.
    Cut(&'static str),
    /// These events, and nothing more.
    Silent(&'static str),
}

use Connection::*;

/// The cursor of a request, and its time.
type Asked = (Option<String>, Instant);

/// A server of so many connections, and then none.
#[derive(Clone)]
struct Server {
    connections: Arc<Mutex<VecDeque<Connection>>>,
    requests: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    fn new<const N: usize>(connections: [Connection; N]) -> Self {
        Self {
            connections: Arc::new(Mutex::new(connections.into())),
            requests: Arc::default(),
        }
    }

    async fn watch(&self, after: Option<&str>) -> Result<EventStream> {
        let client = Client::builder()
            .endpoint("http://cloud.test".parse().unwrap())
            .transport(self.clone())
            .without_retry()
            .build()
            .unwrap();
        let after = after.map(|text| EventCursor::new(text).unwrap());
        client.watch_events(after, &CallOptions::default()).await
    }

    fn cursors(&self) -> Vec<Option<String>> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|(cursor, _)| cursor.clone()).collect()
    }
}

fn answered(events: &'static str, end: Option<TransportError>) -> http::Response<Body> {
    let is_end = end.is_some();
    let first = Ok(Frame::data(Bytes::from(events)));
    let pieces = stream::iter([first].into_iter().chain(end.map(Err)));
    let body = if is_end {
        Body::new(StreamBody::new(pieces))
    } else {
        Body::new(StreamBody::new(pieces.chain(stream::pending())))
    };
    let head = http::Response::builder().header(CONTENT_TYPE, "text/event-stream; charset=utf-8");
    head.body(body).unwrap()
}

#[async_trait]
impl Transport for Server {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Body>, TransportError> {
        assert_eq!(request.headers()["accept"], "text/event-stream");
        let cursor = request.headers().get("last-event-id");
        let cursor = cursor.map(|id| id.to_str().unwrap().to_owned());
        self.requests.lock().unwrap().push((cursor, Instant::now()));
        let connection = self.connections.lock().unwrap().pop_front();
        let cut = || TransportError::maybe_sent(TransportErrorKind::Cut, "cut");
        match connection.unwrap_or(Refused) {
            Refused => Err(TransportError::not_sent(TransportErrorKind::Connect, "no")),
            Status(status) => {
                let answer = http::Response::builder().status(status);
                Ok(answer.body(Body::from("")).unwrap())
            }
            Foreign(content_type) => {
                let answer = http::Response::builder().header(CONTENT_TYPE, content_type);
                Ok(answer.body(Body::from("<html>")).unwrap())
            }
            Ends(events) => {
                let body = Body::from(events);
                Ok(answered("", None).map(|_| body))
            }
            Cut(events) => Ok(answered(events, Some(cut()))),
            Silent(events) => Ok(answered(events, None)),
        }
    }
}

/// The names of events of no known kind.
fn name(event: Event) -> String {
    match event {
        Event::Other { name, .. } => name,
        Event::Reset => "reset".to_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_cut_it_goes_on_where_it_was() {
    let server = Server::new([
        Cut("id: 1\n\nevent: a\nid: 2\ndata: x\n\nevent: half"),
        Ends("event: b\nid: 3\ndata: x\n\n"),
        Refused,
        Status(503),
        Silent(": here\n\nevent: c\nid: 4\ndata: x\n\n"),
        Silent("event: d\nid: 5\ndata: x\n\n"),
    ]);
    let mut events = server.watch(None).await.unwrap();
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(name(events.next().await.unwrap().unwrap()));
    }
    assert_eq!(told, ["a", "b", "c", "d"]);
    assert_eq!(events.cursor().unwrap().as_str(), "5");
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        server.cursors(),
        [None, some("2"), some("3"), some("3"), some("3"), some("4")]
    );
    let requests = server.requests.lock().unwrap();
    let silence = requests[5].1 - requests[4].1;
    assert!((45..50).contains(&silence.as_secs()), "{silence:?}");
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_after_a_cursor_of_before_and_says_where_it_is() {
    let server = Server::new([Silent("event: reset\nid: 9\ndata: {}\n\n")]);
    let mut events = server.watch(Some("7")).await.unwrap();
    assert_eq!(events.cursor(), None);
    assert_eq!(events.next().await.unwrap().unwrap(), Event::Reset);
    assert_eq!(events.cursor().unwrap().as_str(), "9");
    assert_eq!(server.cursors(), [Some("7".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn without_a_cursor_a_cut_is_no_silent_gap() {
    let server = Server::new([
        Cut("event: a\ndata: x\n\n"),
        Silent("event: b\ndata: x\n\n"),
    ]);
    let events = server.watch(None).await.unwrap();
    let told: Vec<_> = events.take(3).map_ok(name).try_collect().await.unwrap();
    assert_eq!(told, ["a", "reset", "b"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_cannot_be_read_is_an_error_and_not_the_end() {
    let server = Server::new([Silent(
        "event: vm\nid: 1\ndata: {}\n\nevent: a\nid: 2\ndata: x\n\n",
    )]);
    let mut events = server.watch(None).await.unwrap();
    let error = events.next().await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode { .. }));
    assert!(error.to_string().contains("missing field `vm`"), "{error}");
    assert_eq!(name(events.next().await.unwrap().unwrap()), "a");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_ends_it() {
    for (second, kind) in [
        (Status(401), ErrorKind::Unauthorized),
        (Foreign("text/html"), ErrorKind::Unexpected),
    ] {
        let server = Server::new([Cut("id: 1\n\n"), second]);
        let mut events = server.watch(None).await.unwrap();
        assert_eq!(events.next().await.unwrap().unwrap_err().kind(), &kind);
        assert!(events.next().await.is_none());
    }
    let first = Server::new([Status(403)]).watch(None).await;
    assert_eq!(first.unwrap_err().kind(), &ErrorKind::Forbidden);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_come_back_is_given_up() {
    let server = Server::new([Cut("id: 1\n\n")]);
    let start = Instant::now();
    let mut events = server.watch(None).await.unwrap();
    let error = events.next().await.unwrap().unwrap_err();
    let connect = ErrorKind::Transport(TransportErrorKind::Connect);
    assert_eq!(error.kind(), &connect);
    assert!((600..610).contains(&start.elapsed().as_secs()));
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_event_without_end_is_an_error() {
    let endless = Box::leak("x".repeat(EVENT_LIMIT + 1).into_boxed_str());
    let server = Server::new([Silent(endless)]);
    let mut events = server.watch(None).await.unwrap();
    let error = events.next().await.unwrap().unwrap_err();
    let too_large = ErrorKind::Transport(TransportErrorKind::TooLarge);
    assert_eq!(error.kind(), &too_large);
    assert!(events.next().await.is_none());
}
