//! The law of creating once, proved against a model of the server and of the
//! network between: thousands of schedules of faults, on a clock that takes no
//! time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_types::Vm;
use http::{Method, Request, Response};
use http_body_util::StreamBody;
use proptest::prelude::*;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::Client;
use super::operations::create_vm;
use crate::api::{CreatedVm, Vms};
use crate::call::{CallOptions, IdempotencyKey};
use crate::error::{Error, ErrorKind, Result};
use crate::retry::{Backoff, RetryPolicy};
use crate::transport::{Body, Transport, TransportError, TransportErrorKind};

/// What becomes of one request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
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

use Fate::*;

/// A server in memory, and the network before it.
struct Cloud {
    honours_keys: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    fates: std::vec::IntoIter<Fate>,
    away_until: Option<Instant>,
    /// The VMs, each with the key that it was created under.
    vms: Vec<(String, Vm)>,
    answers: HashMap<String, Vm>,
    /// The requests, each with its fate and, for a create, its key.
    log: Vec<(Method, Fate, Option<String>)>,
}

impl State {
    fn created_under(&self, key: &str) -> Vec<&Vm> {
        let of_key = self.vms.iter().filter(|(under, _)| under == key);
        of_key.map(|(_, vm)| vm).collect()
    }
}

/// A cloud as clients hold it.
#[derive(Clone)]
struct Network(Arc<Cloud>);

impl Network {
    fn new(honours_keys: bool, fates: Vec<Fate>) -> Self {
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
    fn client(&self) -> Client {
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
        let (status, body) = match (request.method(), request.uri().path()) {
            (&Method::POST, "/api/v1/vms") => {
                let key = key(request).unwrap();
                let known = state.answers.get(&key).filter(|_| self.0.honours_keys);
                let vm = known.cloned().unwrap_or_else(|| {
                    let id = state.vms.len().to_string();
                    let vm = crate::sample::vm(&id, "example.com");
                    state.vms.push((key.clone(), vm.clone()));
                    state.answers.insert(key, vm.clone());
                    vm
                });
                (202, json!({ "vm": vm }))
            }
            (&Method::GET, "/api/v1/vms") => {
                let vms: Vec<_> = state.vms.iter().map(|(_, vm)| vm).collect();
                (200, json!({ "vms": vms }))
            }
            (&Method::GET, "/api/v1/account") => (404, json!({"id": "not_found", "message": "no"})),
            other => panic!("{other:?} has no part in a create"),
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
    async fn settle(&self) {
        sleep(Duration::from_secs(1000)).await;
        self.0.state.lock().unwrap().fates = Vec::new().into_iter();
    }
}

fn key(request: &Request<Bytes>) -> Option<String> {
    let key = request.headers().get("idempotency-key")?;
    Some(key.to_str().unwrap().to_owned())
}

fn cut() -> TransportError {
    TransportError::maybe_sent(TransportErrorKind::Cut, "cut")
}

fn proxy(status: u16) -> Response<Body> {
    let response = Response::builder()
        .status(status)
        .header("retry-after", "2");
    response.body(Body::from("<html>")).unwrap()
}

#[async_trait]
impl Transport for Network {
    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> std::result::Result<Response<Body>, TransportError> {
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

/// Runs on a clock that takes no time.
fn without_waiting<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

fn named(key: &str) -> IdempotencyKey {
    IdempotencyKey::new(key).unwrap()
}

async fn create(client: &Client, key: &str) -> Result<CreatedVm> {
    let call = CallOptions::default().with_idempotency_key(named(key));
    client.create_vm(&create_vm(), &call).await
}

/// Takes a create up again in another process.
async fn resume(network: &Network, key: &str) -> Result<CreatedVm> {
    let call = CallOptions::default();
    let client = network.client();
    client
        .resume_create_vm(&create_vm(), &named(key), &call)
        .await
}

const KEYS: [&str; 3] = ["a", "b", "c"];

/// Several clients create a VM of the same name at once.
async fn create_at_once(
    network: &Network,
    clients: usize,
) -> Vec<(&'static str, Result<CreatedVm>)> {
    let tasks: Vec<_> = KEYS[..clients]
        .iter()
        .map(|key| {
            let client = network.client();
            (
                *key,
                tokio::spawn(async move { create(&client, key).await }),
            )
        })
        .collect();
    let mut results = Vec::new();
    for (key, task) in tasks {
        results.push((key, task.await.unwrap()));
    }
    results
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Answered),
        1 => Just(NotSent),
        1 => Just(RequestLost),
        2 => Just(ResponseLost),
        1 => Just(ResponseCut),
        1 => Just(Garbled),
        1 => Just(FailedAfter),
        1 => Just(Unavailable),
        1 => Just(Limited),
        1 => Just(Twice),
        1 => (0_u64..100).prop_map(Delayed),
        1 => (0_u64..100).prop_map(Late),
        1 => (0_u64..20).prop_map(Restart),
    ]
}

/// Faults that pass within a second.
fn passing_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(NotSent),
        Just(RequestLost),
        Just(ResponseLost),
        Just(ResponseCut),
        Just(FailedAfter),
        Just(Unavailable),
        Just(Limited),
        Just(Late(1)),
    ]
}

/// Whether a request of this fate can't have been carried out, as far as the
/// client can tell.
fn certainly_not_applied(fate: Fate) -> bool {
    matches!(fate, NotSent | Limited)
}

fn thousands() -> ProptestConfig {
    ProptestConfig {
        cases: 3000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(thousands())]

    /// With keys: never two VMs for one create, never a VM that the caller isn't
    /// told of, and what is taken up again is completed.
    #[test]
    fn with_keys_a_create_is_carried_out_once(
        fates in prop::collection::vec(fate(), 0..16),
        clients in 1..=3_usize,
    ) {
        without_waiting(async {
            let network = Network::new(true, fates);
            let results = create_at_once(&network, clients).await;
            network.settle().await;
            for (key, result) in &results {
                let state = network.0.state.lock().unwrap();
                let made = state.created_under(key);
                prop_assert!(made.len() <= 1, "{key}: {made:?}");
                match result {
                    Ok(created) => prop_assert_eq!(made, [&created.vm]),
                    Err(error) => {
                        prop_assert_eq!(error.idempotency_key(), Some(&named(key)));
                        prop_assert!(made.is_empty() || error.may_have_been_applied(), "{error}");
                    }
                }
            }
            for (key, _) in &results {
                let vm = resume(&network, key).await.unwrap().vm;
                let state = network.0.state.lock().unwrap();
                prop_assert_eq!(state.created_under(key), [&vm]);
            }
            Ok(())
        })?;
    }

    /// With keys: as many faults as there are attempts but one, if they pass.
    #[test]
    fn with_keys_a_create_succeeds_when_the_server_can_be_reached(
        fates in prop::collection::vec(passing_fate(), 0..=3),
    ) {
        without_waiting(async {
            let network = Network::new(true, fates);
            let created = create(&network.client(), "a").await;
            prop_assert!(created.is_ok(), "{created:?}");
            network.settle().await;
            prop_assert_eq!(network.0.state.lock().unwrap().vms.len(), 1);
            Ok(())
        })?;
    }

    /// Without keys: never two requests that could both have been applied, and
    /// every doubt is an `Ambiguous`.
    #[test]
    fn without_keys_nothing_is_sent_again_in_doubt(
        fates in prop::collection::vec(fate(), 0..16),
        clients in 1..=3_usize,
    ) {
        without_waiting(async {
            let network = Network::new(false, fates);
            let results = create_at_once(&network, clients).await;
            network.settle().await;
            let state = network.0.state.lock().unwrap();
            for (key, result) in &results {
                let sent = state.log.iter().filter(|(_, _, under)| under.as_deref() == Some(key));
                let fates: Vec<_> = sent.map(|(_, fate, _)| *fate).collect();
                let (last, before) = fates.split_last().unwrap();
                prop_assert!(before.iter().all(|fate| certainly_not_applied(*fate)), "{fates:?}");
                let made = state.created_under(key);
                match result {
                    Ok(created) => prop_assert!(made.contains(&&created.vm)),
                    Err(error) => {
                        let in_doubt = !certainly_not_applied(*last);
                        prop_assert_eq!(error.may_have_been_applied(), in_doubt, "{:?}", error);
                        prop_assert_eq!(is_ambiguous(error, key), in_doubt, "{:?}", error);
                        prop_assert!(in_doubt || made.is_empty());
                    }
                }
            }
            Ok(())
        })?;
    }

    /// The first thing that is sent is the create: nothing is listed before it.
    #[test]
    fn a_create_begins_with_the_create(
        fates in prop::collection::vec(fate(), 0..6),
        honours_keys: bool,
    ) {
        without_waiting(async {
            let network = Network::new(honours_keys, fates);
            drop(create(&network.client(), "a").await);
            let state = network.0.state.lock().unwrap();
            prop_assert_eq!(&state.log[0].0, Method::POST);
            Ok(())
        })?;
    }
}

fn is_ambiguous(error: &Error, under: &str) -> bool {
    matches!(error.kind(), ErrorKind::Ambiguous { key, .. } if *key == named(under))
}

/// Creates a VM whose answer is lost, at a server without keys that has so many
/// VMs of its name.
fn lost_without_keys(unique_name: bool, before: usize) -> (Result<CreatedVm>, Vec<Vm>) {
    without_waiting(async {
        let network = Network::new(false, vec![ResponseLost]);
        for index in 0..before {
            let vm = crate::sample::vm(&index.to_string(), "Example.com");
            network
                .0
                .state
                .lock()
                .unwrap()
                .vms
                .push(("other".into(), vm));
        }
        let request = create_vm().with_unique_name(unique_name);
        let created = network
            .client()
            .create_vm(&request, &CallOptions::default())
            .await;
        let state = network.0.state.lock().unwrap();
        (
            created,
            state.vms.iter().map(|(_, vm)| vm.clone()).collect(),
        )
    })
}

#[test]
fn without_keys_the_candidates_are_named() {
    let (created, vms) = lost_without_keys(false, 2);
    let error = created.unwrap_err();
    let ErrorKind::Ambiguous { key, candidates } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!((Some(key), candidates), (error.idempotency_key(), &vms));
    assert!(error.may_have_been_applied() && !error.is_retryable());
    assert!(error.to_string().contains(key.as_str()), "{error}");
}

#[test]
fn without_keys_a_unique_name_tells_the_vm() {
    let (created, vms) = lost_without_keys(true, 0);
    let created = created.unwrap();
    assert_eq!((&created.vm, created.replayed), (&vms[0], true));
    let (created, _) = lost_without_keys(true, 1);
    let error = created.unwrap_err();
    let ErrorKind::Ambiguous { candidates, .. } = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(candidates.len(), 2);
}

#[test]
fn without_keys_nothing_is_resumed() {
    without_waiting(async {
        let network = Network::new(false, Vec::new());
        let error = resume(&network, "a").await.unwrap_err();
        assert!(is_ambiguous(&error, "a"));
        assert!(network.0.state.lock().unwrap().vms.is_empty());
    });
}

#[test]
fn what_the_server_said_of_keys_is_remembered() {
    without_waiting(async {
        let network = Network::new(true, vec![Answered, ResponseLost]);
        let client = network.client();
        create(&client, "a").await.unwrap();
        create(&client.clone(), "b").await.unwrap();
        let state = network.0.state.lock().unwrap();
        assert!(state.log.iter().all(|(method, ..)| method == Method::POST));
    });
}

#[test]
fn without_retry_there_is_one_request() {
    without_waiting(async {
        let network = Network::new(true, vec![RequestLost]);
        let builder = Client::builder().transport(network.clone());
        let client = builder.without_retry().build().unwrap();
        let error = create(&client, "a").await.unwrap_err();
        assert!(error.may_have_been_applied());
        assert_eq!(network.0.state.lock().unwrap().log.len(), 1);
    });
}

#[test]
fn a_deletion_that_may_have_been_done_is_done() {
    /// Loses the first answer, and knows no VM after it.
    struct Gone(Mutex<bool>);

    #[async_trait]
    impl Transport for Gone {
        async fn send(
            &self,
            _: Request<Bytes>,
        ) -> std::result::Result<Response<Body>, TransportError> {
            let first = std::mem::take(&mut *self.0.lock().unwrap());
            if first { Err(cut()) } else { Ok(proxy(404)) }
        }
    }

    without_waiting(async {
        let (call, id) = (CallOptions::default(), "7".parse().unwrap());
        let client = Client::builder().transport(Gone(Mutex::new(true))).build();
        let client = client.unwrap();
        assert!(client.delete_vm(&id, &call).await.is_ok());
        let error = client.delete_vm(&id, &call).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::NotFound);
    });
}
