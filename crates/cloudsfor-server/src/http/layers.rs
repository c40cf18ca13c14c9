//! What every request goes through before its handler, and every answer after it:
//! in one place, so that the order can be read.

use std::future::ready;
use std::pin::pin;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cloudsfor_types::operations::{Method, Operation};
use http::Uri;
use http::request::Parts;

use super::auth::Door;
use super::call::Seen;
#[cfg(feature = "serve")]
use super::connections::Connection;
use super::envelope::Envelope;
use super::error;
use super::metrics::Metrics;
use super::origin::Refused;
use super::rate_limit::RateLimit;
use super::unchanged::Unchanged;
use super::{compression, deadline, detach, drain, faults, head, operation};
use crate::cloud::{Caller, Cloud};
use crate::faults::Faults;
use crate::store::accounts::AccountId;

/// What surrounds the handlers.
pub(super) struct Layers {
    pub(super) cloud: Arc<Cloud>,
    pub(super) door: Door,
    pub(super) metrics: Option<Arc<Metrics>>,
    pub(super) faults: Option<Arc<Faults>>,
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) unchanged: Option<Unchanged>,
}

/// Carries a request through.
pub(super) async fn surround(
    State(layers): State<Arc<Layers>>,
    mut request: Request,
    next: Next,
) -> Response {
    let operation = operation::of(&request);
    let counted = layers.metrics.as_ref().map(|m| m.begin(operation));
    let envelope = Envelope::open(&layers.cloud, &mut request);
    let unread = drain::watch(&mut request);
    let refused = request.extensions_mut().remove::<Refused>();
    let checked = match refused {
        Some(Refused(error)) => Err(error),
        None => head::check(&request),
    };
    let response = match checked {
        Ok(()) => {
            let is_safe = request.method().is_safe();
            let answer = Box::pin(layers.clone().answer(operation, request, next));
            error::caught(deadline::keep(detach::finish(is_safe, answer))).await
        }
        Err(error) => error.into_response(),
    };
    if let Some(unread) = unread {
        unread.throw_away();
    }
    let mut response = envelope.close(response);
    compression::mark(operation, &mut response);
    if let Some(counted) = counted {
        counted.end(response.status());
    }
    response
}

impl Layers {
    async fn answer(
        self: Arc<Self>,
        operation: Option<&'static Operation>,
        request: Request,
        next: Next,
    ) -> Response {
        let faults = self.faults.as_ref();
        let fault = faults.and_then(|faults| faults.next(operation));
        let answer = pin!(self.let_in(operation, request, next));
        match fault {
            Some(fault) => faults::meet(fault, answer).await,
            None => answer.await,
        }
    }

    async fn let_in(
        &self,
        operation: Option<&'static Operation>,
        request: Request,
        next: Next,
    ) -> Response {
        let reads_one = operation.is_some_and(|operation| reads_one(operation, request.uri()));
        let (head, body) = request.into_parts();
        let unchanged = self.unchanged.as_ref().filter(|_| reads_one);
        let question = unchanged.and_then(|unchanged| unchanged.question(&head));
        let asked = unchanged.zip(question);
        if let Some(given) = asked.as_ref().and_then(|(u, question)| u.answer(question)) {
            let account = given.account;
            know_client(&head);
            return self.count(account, ready(given.into_response())).await;
        }
        let mut snapshot = reads_one.then(|| self.cloud.snapshot().ok()).flatten();
        let caller = match self.door.open(&self.cloud, &head, &mut snapshot).await {
            Ok(caller) => caller,
            Err(error) => return error.into_response(),
        };
        let Some(caller) = caller else {
            return next.run(Request::from_parts(head, body)).await;
        };
        let account = caller.account.id;
        know_client(&head);
        let mut request = Request::from_parts(head, body);
        request.extensions_mut().insert::<Caller>(caller);
        if let Some(snapshot) = snapshot {
            request.extensions_mut().insert(Seen::new(snapshot));
        }
        let answer = async {
            let answer = next.run(request).await;
            match asked {
                Some((unchanged, question)) => unchanged.keep(question, account, answer).await,
                None => answer,
            }
        };
        self.count(account, answer).await
    }

    /// Answers a request of an account that has one left.
    async fn count(&self, account: AccountId, answer: impl Future<Output = Response>) -> Response {
        match &self.rate_limit {
            Some(limit) => limit.keep(account, answer).await,
            None => answer.await,
        }
    }
}

/// Tells the request's connection that its client has said who it is.
fn know_client(head: &Parts) {
    #[cfg(feature = "serve")]
    if let Some(connection) = head.extensions.get::<Arc<Connection>>() {
        connection.know();
    }
    #[cfg(not(feature = "serve"))]
    let _ = head;
}

/// Whether a request reads one thing by its id, and waits for nothing. Then who asks
/// and what there is are read from one state of the store.
fn reads_one(operation: &Operation, uri: &Uri) -> bool {
    operation.method == Method::Get && operation.path.ends_with('}') && uri.query().is_none()
}
