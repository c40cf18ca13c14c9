//! A transport on which things go wrong by [`Rule`]s.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_core::transport::{Body, Transport, TransportError, TransportErrorKind};
use cloudsfor_types::operations::Operation;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use crate::operation::operation_of;
use crate::rule::{Fault, Rule};

/// What a lost or cut message says of itself.
const BY_RULE: &str = "a fault rule of the simulator says so";

/// How much of an answer that is to be cut is read first.
const CUT_LIMIT: usize = 64 << 20;

/// The rules in force.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: u64,
    rules: Mutex<Vec<Counted>>,
}

/// A rule, and how many requests it was about so far.
#[derive(Debug)]
struct Counted {
    rule: Rule,
    requests: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            rules: Mutex::default(),
        }
    }

    pub(crate) fn add(&self, rule: Rule) {
        self.rules().push(Counted { rule, requests: 0 });
    }

    pub(crate) fn clear(&self) {
        self.rules().clear();
    }

    /// The fault that the next request of this operation meets. All rules count
    /// it; the first that chooses it decides.
    fn next(&self, operation: Option<&Operation>) -> Option<Fault> {
        let mut met = None;
        for (rule_number, counted) in self.rules().iter_mut().enumerate() {
            let requests = &counted.rule.requests;
            if !requests.include(operation) {
                continue;
            }
            counted.requests += 1;
            // Of the count alone, so that rules don't change each other's chance.
            let stream = self.seed.wrapping_add(scramble(rule_number as u64));
            let chance = scramble(stream.wrapping_add(counted.requests));
            if met.is_none() && requests.choose(counted.requests, chance) {
                met = Some(counted.rule.fault.clone());
            }
        }
        met
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Counted>> {
        self.rules
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }
}

/// SplitMix64's step: near numbers become far ones.
fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Another transport, with faults.
pub(crate) struct FaultyTransport<T> {
    pub(crate) inner: T,
    pub(crate) faults: Arc<Faults>,
}

#[async_trait]
impl<T: Transport> Transport for FaultyTransport<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let Some(fault) = self.faults.next(operation_of(&request)) else {
            return self.inner.send(request).await;
        };
        match fault {
            Fault::RefuseConnection => Err(TransportError::not_sent(
                TransportErrorKind::Connect,
                BY_RULE,
            )),
            Fault::LoseRequest => Err(cut()),
            Fault::LoseAnswer => {
                // Carried out though the answer is an error.
                let _lost = self.inner.send(request).await?;
                Err(cut())
            }
            Fault::CutAnswer => cut_in_half(self.inner.send(request).await?).await,
            Fault::Delay(by) => {
                tokio::time::sleep(by).await;
                self.inner.send(request).await
            }
            Fault::Answer(status) => Ok(refusal(status)),
            Fault::LimitRate(retry_after) => {
                let mut response = refusal(StatusCode::TOO_MANY_REQUESTS);
                let seconds = HeaderValue::from(retry_after.as_secs());
                response.headers_mut().insert(RETRY_AFTER, seconds);
                Ok(response)
            }
        }
    }
}

fn cut() -> TransportError {
    TransportError::maybe_sent(TransportErrorKind::Cut, BY_RULE)
}

async fn cut_in_half(response: Response<Body>) -> Result<Response<Body>, TransportError> {
    let (head, body) = response.into_parts();
    let content_type = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if content_type.is_some_and(|text| text.starts_with(b"text/event-stream")) {
        // It has no half: the cut comes after what is there at once.
        let first = body.into_data_stream().take(1);
        let pieces = first.chain(stream::iter([Err(cut())])).map_ok(Frame::data);
        return Ok(Response::from_parts(
            head,
            Body::new(StreamBody::new(pieces)),
        ));
    }
    let whole = body.collect(CUT_LIMIT).await?;
    let half = whole.slice(..whole.len() / 2);
    let pieces = stream::iter([Ok(Frame::data(half)), Err(cut())]);
    Ok(Response::from_parts(
        head,
        Body::new(StreamBody::new(pieces)),
    ))
}

/// An error of the service, in the shape that its errors have.
fn refusal(status: StatusCode) -> Response<Body> {
    let id = match status {
        StatusCode::INTERNAL_SERVER_ERROR => "internal_error".to_owned(),
        _ => status
            .canonical_reason()
            .unwrap_or("error")
            .to_lowercase()
            .replace(' ', "_"),
    };
    let body = serde_json::json!({ "id": id, "message": BY_RULE }).to_string();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use cloudsfor_types::operations::{CREATE_VM, LIST_VMS};

    use super::*;

    fn met(faults: &Faults, operation: &Operation) -> bool {
        faults.next(Some(operation)).is_some()
    }

    #[test]
    fn each_rule_counts_its_own_requests() {
        let faults = Faults::new(1);
        faults.add(Rule::on(CREATE_VM).nth(2).lose_request());
        assert!(!met(&faults, &CREATE_VM));
        assert!(!met(&faults, &LIST_VMS));
        assert!(met(&faults, &CREATE_VM));
        assert!(!met(&faults, &CREATE_VM));
    }

    #[test]
    fn the_first_rule_that_chooses_a_request_decides() {
        let faults = Faults::new(1);
        faults.add(Rule::on(LIST_VMS).nth(1).lose_request());
        faults.add(Rule::on_every_request().lose_answer());
        let both = faults.next(Some(&LIST_VMS));
        assert!(matches!(both, Some(Fault::LoseRequest)));
        let other = faults.next(None);
        assert!(matches!(other, Some(Fault::LoseAnswer)));
        faults.clear();
        assert!(!met(&faults, &LIST_VMS));
    }

    #[test]
    fn chance_is_fair_and_follows_from_the_seed() {
        let chosen = |seed| {
            let faults = Faults::new(seed);
            faults.add(Rule::on_every_request().percent(10).lose_request());
            (0..10_000)
                .map(|_| met(&faults, &LIST_VMS))
                .collect::<Vec<_>>()
        };
        let first = chosen(1);
        let count = first.iter().filter(|met| **met).count();
        assert!((900..1100).contains(&count), "{count}");
        assert_eq!(first, chosen(1));
        assert_ne!(first, chosen(2));
    }
}
