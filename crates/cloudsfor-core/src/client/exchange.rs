//! One request and its answer, under the time limits.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use cloudsfor_types::EventCursor;
use cloudsfor_types::operations::{Method, Operation, WATCH_EVENTS};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::response::Parts;
use http::{HeaderValue, StatusCode, Uri};
use serde::de::DeserializeOwned;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::Client;
use crate::call::IdempotencyKey;
use crate::deadline::Deadline;
use crate::encoding::{self, unpacked};
use crate::error::{Error, ErrorKind, Result, TransportErrorKind};
use crate::printable::printable;
use crate::response::{changes_something, decode, refusal, request_id};
use crate::trace::CallSpan;
use crate::transport::{Body, TransportError};

/// How much of an answer is read that is an error anyway, in bytes.
const ERROR_BODY_LIMIT: usize = 64 << 10;

/// How many closed connections one attempt may meet. Each leaves the pool, which
/// hardly has as many.
const CLOSED_MAX: usize = 100;

/// Stands for every status of success, of an operation that isn't known.
pub(super) const ANY_SUCCESS: u16 = 0;

/// A request, before it is put into HTTP.
pub(super) struct Exchange {
    pub(super) operation: &'static Operation,
    pub(super) url: Uri,
    pub(super) body: Option<Bytes>,
    pub(super) key: Option<IdempotencyKey>,
    /// Of a stream of events, where it goes on.
    pub(super) after: Option<EventCursor>,
    pub(super) attempt_timeout: Duration,
    pub(super) deadline: Deadline,
}

/// A success.
pub(super) struct Answer {
    pub(super) operation: &'static Operation,
    pub(super) head: Parts,
    pub(super) body: Bytes,
}

impl Answer {
    /// Reads the body.
    pub(super) fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        decode(self.operation, &self.head, &self.body)
    }

    pub(super) fn parts(&self) -> (&Parts, &Bytes) {
        (&self.head, &self.body)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }
}

impl Client {
    /// Sends the request once, in the time that an attempt may take and the
    /// deadline leaves, and takes the answer if it is the operation's success.
    pub(super) async fn attempt<T, F>(
        &self,
        exchange: &Exchange,
        span: &CallSpan,
        take: impl Fn(Parts, Body) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let operation = exchange.operation;
        let authorization = self.authorization(exchange).await?;
        let _slot = self.turn(exchange).await?;
        let (attempt_timeout, remaining) =
            (exchange.attempt_timeout, exchange.deadline.remaining());
        if remaining.is_zero() {
            return Err(out_of_time(operation));
        }
        let attempt = pin!(async {
            let response = self.transmit(exchange, authorization.as_ref()).await;
            let response = response.map_err(|error| self.no_answer(operation, error))?;
            let (head, body) = response.into_parts();
            span.answered(&head);
            self.note(&head, authorization.as_ref());
            if is_success(operation, head.status) {
                take(head, body).await
            } else {
                Err(self.refusal(operation, &head, body).await)
            }
        });
        let limit = attempt_timeout.min(remaining);
        let Some(result) = self.timers.within(limit, attempt).await else {
            let (kind, time) = if remaining <= attempt_timeout {
                (ErrorKind::Deadline, "in the time for the call".to_owned())
            } else {
                let kind = ErrorKind::Transport(TransportErrorKind::Timeout);
                (kind, format!("within {attempt_timeout:?}"))
            };
            let what = format!(
                "no whole answer from {} {time}: try again, or allow more",
                self.endpoint.origin()
            );
            // Whether it was sent when the time was up, nobody can say.
            return Err(undone(operation, kind, what, true));
        };
        result
    }

    /// Waits for the turn of a request, by the limits that the program has set.
    async fn turn(&self, exchange: &Exchange) -> Result<Option<OwnedSemaphorePermit>> {
        let deadline = exchange.deadline;
        let too_late = |limit| {
            let what = format!(
                "its turn by the {limit} of this client doesn't come in the time for the call: \
                 allow more"
            );
            Error::new(ErrorKind::Deadline, exchange.operation.name, what)
        };
        let slot = match &self.concurrency_limit {
            None => None,
            Some(limit) => {
                let slot = limit.slot(deadline.remaining()).await;
                Some(slot.ok_or_else(|| too_late("concurrency limit"))?)
            }
        };
        if let Some(limit) = &self.rate_limit
            && !limit.turn(deadline.remaining()).await
        {
            return Err(too_late("rate limit"));
        }
        Ok(slot)
    }

    /// The header that says who asks, within the time for the call.
    async fn authorization(&self, exchange: &Exchange) -> Result<Option<HeaderValue>> {
        let Some(authorization) = &self.authorization else {
            return Ok(None);
        };
        if let Some(kept) = authorization.kept() {
            return Ok(Some(kept));
        }
        let asked = timeout(exchange.deadline.remaining(), authorization.header()).await;
        let header = asked.map_err(|_elapsed| out_of_time(exchange.operation))?;
        Ok(Some(header?))
    }

    fn request(
        &self,
        exchange: &Exchange,
        authorization: Option<HeaderValue>,
    ) -> http::Request<Bytes> {
        let has_body = exchange.body.is_some();
        let mut request = http::Request::new(exchange.body.clone().unwrap_or_default());
        *request.method_mut() = match exchange.operation.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
            Method::Delete => http::Method::DELETE,
        };
        *request.uri_mut() = exchange.url.clone();
        let headers = request.headers_mut();
        // Room for all of them at once.
        headers.reserve(6);
        let agent = concat!("cloudsfor-rust/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        if *exchange.operation == WATCH_EVENTS {
            headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        } else {
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
            if let Some(accepted) = encoding::ACCEPTED.filter(|_| self.compression) {
                headers.insert(ACCEPT_ENCODING, accepted);
            }
        }
        if has_body {
            let json = HeaderValue::from_static("application/json");
            headers.insert(CONTENT_TYPE, json);
        }
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        if let Some(key) = &exchange.key {
            let key = HeaderValue::try_from(key.as_str()).expect("a key is visible ASCII");
            headers.insert("idempotency-key", key);
        }
        if let Some(after) = &exchange.after {
            let after = HeaderValue::try_from(after.as_str()).expect("it is visible ASCII");
            headers.insert("last-event-id", after);
        }
        request
    }

    /// Sends the request; again, as long as it only reads and meets connections that
    /// the server has closed. A new connection that is cut is the server's fault, and
    /// what changes something is the retries' matter: they must know of every doubt,
    /// so that a deletion that finds nothing the second time is a success.
    async fn transmit(
        &self,
        exchange: &Exchange,
        authorization: Option<&HeaderValue>,
    ) -> std::result::Result<http::Response<Body>, TransportError> {
        let mut closed = 0;
        loop {
            let request = self.request(exchange, authorization.cloned());
            match self.transport.send(request).await {
                Err(error)
                    if error.on_used_connection
                        && exchange.operation.method == Method::Get
                        && closed < CLOSED_MAX =>
                {
                    closed += 1;
                }
                result => return result,
            }
        }
    }

    /// Takes note of what an answer says of the server and of the credentials.
    fn note(&self, head: &Parts, authorization: Option<&HeaderValue>) {
        self.key_support.note(&head.headers);
        if head.status == StatusCode::UNAUTHORIZED
            && let (Some(kept), Some(refused)) = (&self.authorization, authorization)
        {
            kept.refused(refused);
        }
    }

    /// The error that an answer is which is no success.
    async fn refusal(&self, operation: &Operation, head: &Parts, body: Body) -> Error {
        // Whatever came of the body, the status is known: that is the error.
        let limit = ERROR_BODY_LIMIT.min(self.body_limit);
        let (body, _cut) = body.read(limit).await;
        let (body, _cut) = unpacked(&head.headers, body, limit);
        refusal(operation, head, &body)
    }

    /// Takes the whole body into memory.
    pub(super) async fn whole(
        &self,
        operation: &Operation,
        head: &Parts,
        body: Body,
    ) -> Result<Bytes> {
        let body = match body.collect(self.body_limit).await {
            Ok(packed) => match unpacked(&head.headers, packed, self.body_limit) {
                (body, None) => Ok(body),
                (_, Some(error)) => Err(error),
            },
            Err(error) => Err(error),
        };
        body.map_err(|error| {
            self.no_answer(operation, error)
                .with_status(head.status.as_u16())
                .with_request_id(request_id(head))
        })
    }

    pub(super) fn no_answer(&self, operation: &Operation, error: TransportError) -> Error {
        let origin = self.endpoint.origin();
        let cause = printable(&error.cause());
        let what = match error.kind {
            TransportErrorKind::Connect => {
                format!("can't connect to {origin} ({cause}): check the address and the network")
            }
            TransportErrorKind::Tls => format!(
                "no secure connection to {origin} ({cause}): check the address, or trust the \
                 authority of its certificate"
            ),
            TransportErrorKind::Timeout => {
                format!("no answer from {origin} in time ({cause}): try again")
            }
            TransportErrorKind::Cut => format!(
                "the connection to {origin} ended before the answer was whole ({cause}): try again"
            ),
            TransportErrorKind::Protocol => {
                format!("what came from {origin} is no HTTP ({cause}): check the base URL")
            }
            TransportErrorKind::TooLarge => format!(
                "the answer is larger than the limit ({cause}): ask for pages, or raise the limit"
            ),
        };
        let kind = ErrorKind::Transport(error.kind);
        undone(operation, kind, what, error.may_have_been_sent).with_source(error)
    }
}

fn is_success(operation: &Operation, status: StatusCode) -> bool {
    match operation.success {
        ANY_SUCCESS => status.is_success(),
        success => status.as_u16() == success,
    }
}

fn out_of_time(operation: &Operation) -> Error {
    let what = "the time for the call was up before it was sent: allow more";
    Error::new(ErrorKind::Deadline, operation.name, what)
}

/// An error of a call that has no whole answer.
fn undone(operation: &Operation, kind: ErrorKind, what: String, sent: bool) -> Error {
    Error::new(kind, operation.name, what)
        .with_may_have_been_applied(sent && changes_something(operation))
}
