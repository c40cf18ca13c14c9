//! The model: a server in memory, and the network before it, which does to each
//! request what it is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_types::Vm;
use http::{Method, Request, Response};
use http_body_util::StreamBody;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::retry::{Backoff, RetryPolicy};
use crate::transport::{Body, Transport, TransportError, TransportErrorKind};

/// What becomes of one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fate {
    /// It is answered.
    Answered,
    /// There is no connection.
    NotSent,
    /// It is lost on its way.
    RequestLost,
    /// It is carried out, and the answer is lost.
    ResponseLost,
    /// It is carried out, and the answer ends after its head.
    ResponseCut,
    /// It is carried out, and a proxy garbles the answer.
    Garbled,
    /// It is carried out, and a proxy answers that the server failed.
    FailedAfter,
    /// A proxy answers that the server is not available, and asks for some time.
    Unavailable,
    /// It is refused: too many requests.
    Limited,
    /// The network delivers it twice.
    Twice,
    /// It, or its answer, is on its way for so many seconds.
    Delayed(u64),
    /// The connection is cut, and the request arrives so many seconds later.
    Late(u64),
    /// The server restarts, and is away for so many seconds.
    Restart(u64),
}

pub(super) use Fate::*;

/// A server in memory, and the network before it.
pub(super) struct Cloud {
    honours_keys: bool,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    fates: std::vec::IntoIter<Fate>,
    away_until: Option<Instant>,
    /// The VMs, each with the key that it was created under.
    pub(super) vms: Vec<(String, Vm)>,
    answers: HashMap<String, (u16, Value)>,
    /// What else was made: the key of each.
    pub(super) made: Vec<String>,
    /// Whether the VM that is to be deleted is gone.
    pub(super) gone: bool,
    /// The requests, each with its fate and, for a create, its key.
    pub(super) log: Vec<(Method, Fate, Option<String>)>,
}

impl State {
    /// Makes what is asked for at this path.
    fn make(&mut self, path: &str, key: &str) -> (u16, Value) {
        if path == "/api/v1/vms" {
            let vm = crate::sample::vm(&self.vms.len().to_string(), "example.com");
            self.vms.push((key.to_owned(), vm.clone()));
            return (202, json!({ "vm": vm }));
        }
        self.made.push(key.to_owned());
        let all = json!({
            "action": {"id": "7", "status": "in-progress", "type": "reboot",
                "started_at": "2015-01-14T16:36:31Z"},
            "ssh_key": {"id": 7, "fingerprint": "SHA256:x", "public_key": "x", "name": "a"},
            "network": {"id": "7", "name": "a"},
        });
        (201, all)
    }

    pub(super) fn created_under(&self, key: &str) -> Vec<&Vm> {
        let of_key = self.vms.iter().filter(|(under, _)| under == key);
        of_key.map(|(_, vm)| vm).collect()
    }
}

/// A cloud as clients hold it.
#[derive(Clone)]
pub(super) struct Network(pub(super) Arc<Cloud>);

impl Network {
    pub(super) fn new(honours_keys: bool, fates: Vec<Fate>) -> Self {
        let state = State {
            fates: fates.into_iter(),
            ..State::default()
        };
        Self(Arc::new(Cloud {
            honours_keys,
            state: Mutex::new(state),
        }))
    }

    /// A client of its own, as of another process, without chance.
    pub(super) fn client(&self) -> Client {
        let policy = Backoff::default()
            .with_fraction(|| 0.5)
            .with_attempt_limit(4)
            .with_time_limit(Duration::from_secs(60));
        Client::builder()
            .endpoint("http://cloud.test".parse().unwrap())
            .transport(self.clone())
            .with_retry(policy)
            .build()
            .unwrap()
    }

    /// Carries a request out and answers it.
    fn serve(&self, request: &Request<Bytes>) -> Response<String> {
        let mut state = self.0.state.lock().unwrap();
        let (status, body) = match *request.method() {
            Method::POST => {
                let key = key(request).unwrap();
                let known = state.answers.get(&key).filter(|_| self.0.honours_keys);
                known.cloned().unwrap_or_else(|| {
                    let answer = state.make(request.uri().path(), &key);
                    state.answers.insert(key, answer.clone());
                    answer
                })
            }
            Method::DELETE if state.gone => (404, json!({"id": "not_found", "message": "no"})),
            Method::DELETE => {
                state.gone = true;
                (204, Value::Null)
            }
            _ if request.uri().path() == "/api/v1/vms" => {
                let vms: Vec<_> = state.vms.iter().map(|(_, vm)| vm).collect();
                (200, json!({ "vms": vms }))
            }
            // The account, of which only what it says of keys is of interest.
            _ => (404, json!({"id": "not_found", "message": "no"})),
        };
        let mut response = Response::builder().status(status);
        if self.0.honours_keys {
            response = response.header("idempotency-key-retention", "86400");
        }
        response.body(body.to_string()).unwrap()
    }

    fn fate_of(&self, request: &Request<Bytes>) -> Fate {
        let mut state = self.0.state.lock().unwrap();
        let mut fate = state.fates.next().unwrap_or(Answered);
        if state.away_until.is_some_and(|until| Instant::now() < until) {
            fate = NotSent;
        }
        if let Restart(seconds) = fate {
            state.away_until = Some(Instant::now() + Duration::from_secs(seconds));
        }
        let entry = (request.method().clone(), fate, key(request));
        state.log.push(entry);
        fate
    }

    /// What is still on its way arrives, and the network is at peace.
    pub(super) async fn settle(&self) {
        sleep(Duration::from_secs(1000)).await;
        self.0.state.lock().unwrap().fates = Vec::new().into_iter();
    }
}

fn key(request: &Request<Bytes>) -> Option<String> {
    let key = request.headers().get("idempotency-key")?;
    Some(key.to_str().unwrap().to_owned())
}

pub(super) fn cut() -> TransportError {
    TransportError::maybe_sent(TransportErrorKind::Cut, "cut")
}

pub(super) fn proxy(status: u16) -> Response<Body> {
    let response = Response::builder()
        .status(status)
        .header("retry-after", "2");
    response.body(Body::from("<html>")).unwrap()
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        match self.fate_of(&request) {
            Answered => Ok(self.serve(&request).map(Body::from)),
            NotSent => Err(TransportError::not_sent(
                TransportErrorKind::Connect,
                "refused",
            )),
            RequestLost | Restart(_) => Err(cut()),
            ResponseLost => {
                self.serve(&request);
                Err(cut())
            }
            ResponseCut => {
                let pieces = futures_util::stream::iter([Err(cut())]);
                Ok(self
                    .serve(&request)
                    .map(|_| Body::new(StreamBody::new(pieces))))
            }
            Garbled => Ok(self.serve(&request).map(|_| Body::from("{"))),
            FailedAfter => {
                self.serve(&request);
                Ok(proxy(502))
            }
            Unavailable => Ok(proxy(503)),
            Limited => Ok(proxy(429)),
            Twice => {
                self.serve(&request);
                Ok(self.serve(&request).map(Body::from))
            }
            Delayed(seconds) => {
                let (network, late) = (self.clone(), Duration::from_secs(seconds));
                // Arrives though nobody may wait for it any more.
                let arrival = tokio::spawn(async move {
                    sleep(late).await;
                    network.serve(&request)
                });
                Ok(arrival.await.unwrap().map(Body::from))
            }
            Late(seconds) => {
                let (network, late) = (self.clone(), Duration::from_secs(seconds));
                tokio::spawn(async move {
                    sleep(late).await;
                    network.serve(&request);
                });
                Err(cut())
            }
        }
    }
}
