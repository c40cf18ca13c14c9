//! One request to the API, as handlers see it: who asks, for what, with which
//! body; and how it is answered.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use cloudsfor_types::operations::Operation;
use cloudsfor_types::{ErrorId, FieldFault};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use parking_lot::Mutex;
use rusqlite::Connection;
use serde::Serialize;
use serde_json::{Map, Value};

use super::audit::Trail;
use super::body;
use super::envelope::JSON;
use super::error::ApiError;
use super::idempotency::{self, Accepted};
use super::pages::Listing;
use super::pieces;
use super::query::Query;
use crate::cloud::idempotency::once;
use crate::cloud::{Caller, Cloud, CloudResult, Tx};
use crate::store::Snapshot;
use crate::store::accounts::{Account, AccountId};

/// What a handler returns.
pub(super) type Answer = Result<Response, ApiError>;

/// The state of the store in which the account that asks was seen, for the handler.
#[derive(Clone)]
pub(super) struct Seen(Arc<Mutex<Option<Snapshot>>>);

impl Seen {
    pub(super) fn new(snapshot: Snapshot) -> Self {
        Self(Arc::new(Mutex::new(Some(snapshot))))
    }

    fn take(self) -> Option<Snapshot> {
        self.0.lock().take()
    }
}

/// One request.
pub(super) struct Call {
    pub(super) cloud: Arc<Cloud>,
    caller: Caller,
    pub(super) head: Parts,
    ids: Vec<(String, String)>,
    body: Body,
    snapshot: Option<Snapshot>,
}

impl FromRequest<Arc<Cloud>> for Call {
    type Rejection = ApiError;

    async fn from_request(request: Request, cloud: &Arc<Cloud>) -> Result<Self, ApiError> {
        let (mut head, body) = request.into_parts();
        let Some(caller) = head.extensions.remove::<Caller>() else {
            let message = "no layer has said who asks";
            return Err(ApiError::new(ErrorId::InternalError, message));
        };
        // An id that is not even text is nobody's.
        let params = RawPathParams::from_request_parts(&mut head, cloud)
            .await
            .map_err(|_| ApiError::no_such_path())?;
        let ids = params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Self {
            ids: ids.collect(),
            cloud: cloud.clone(),
            caller,
            snapshot: head.extensions.remove().and_then(Seen::take),
            head,
            body,
        })
    }
}

impl Call {
    /// The account that asks.
    pub(super) fn caller(&self) -> &Account {
        &self.caller.account
    }

    pub(super) fn account(&self) -> AccountId {
        self.caller.account.id
    }

    /// Reads one thing by its id.
    pub(super) fn read<T>(
        self,
        query: impl FnOnce(&Connection) -> CloudResult<T>,
    ) -> CloudResult<T> {
        match self.snapshot {
            Some(snapshot) => snapshot.read(query),
            None => self.cloud.read(query),
        }
    }

    /// Changes something, in one transaction that also notes who did it.
    pub(super) async fn change<T, F>(self, operation: &Operation, change: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> CloudResult<T> + Send + 'static,
    {
        self.no_parameters()?;
        let trail = Trail::of(&self.head, self.caller, operation);
        let change = move |tx: &Tx<'_>| {
            let changed = change(tx)?;
            trail.note(tx, None)?;
            Ok(changed)
        };
        Ok(self.cloud.write(change).await?)
    }

    /// Who asks, for what stays open.
    pub(super) fn into_caller(self) -> Caller {
        self.caller
    }

    /// Reads a list, when it is the account's turn.
    pub(super) fn scan<T, F>(
        &self,
        query: F,
    ) -> impl Future<Output = CloudResult<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> CloudResult<T> + Send + 'static,
    {
        let (cloud, account) = (self.cloud.clone(), self.account());
        async move {
            let _turn = cloud.turn_to_list(account).await;
            cloud.scan(query).await
        }
    }

    /// Answers with a list, which may be large.
    pub(super) fn list(&self, value: &impl Serialize) -> Answer {
        let share = self.cloud.share(self.account());
        Ok(json(pieces::body(value, share)?))
    }

    /// Reads until the answer is `ready` or `at_most` is over.
    pub(super) async fn read_until<T>(
        self,
        at_most: Duration,
        query: impl Fn(&Connection) -> CloudResult<T>,
        ready: impl Fn(&T) -> bool,
    ) -> CloudResult<T> {
        let Self { cloud, caller, .. } = self;
        cloud.read_until(caller, at_most, query, ready).await
    }

    /// The id that stands for `{name}` in the path.
    pub(super) fn id(&self, name: &str) -> String {
        let found = self.ids.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    pub(super) fn query(&self) -> Query {
        Query::new(self.head.uri.query())
    }

    /// Refuses parameters, where there are none.
    pub(super) fn no_parameters(&self) -> Result<(), ApiError> {
        self.query().finish()
    }

    /// Reads the parameters of a list that has no filters.
    pub(super) fn listing(&self) -> Result<Listing, ApiError> {
        let mut query = self.query();
        let listing = Listing::take(&mut query, &self.head, Vec::new());
        query.finish()?;
        Ok(listing)
    }

    /// Reads the body of a request that puts something in place.
    pub(super) async fn put<T>(
        &mut self,
        decode: impl FnOnce(Map<String, Value>) -> Result<T, Vec<FieldFault>>,
    ) -> Result<T, ApiError> {
        self.no_parameters()?;
        let share = self.cloud.share(self.account());
        let body = std::mem::take(&mut self.body);
        let bytes = body::read(&self.head.headers, body, share).await?;
        decode(body::object(&bytes)?).map_err(ApiError::invalid)
    }

    /// Makes something, once for the request's key: reads what is asked for,
    /// makes it, and answers with the operation's status.
    pub(super) async fn make<T, D, F>(self, operation: &Operation, decode: D, make: F) -> Answer
    where
        T: Send + 'static,
        D: FnOnce(Map<String, Value>) -> Result<T, Vec<FieldFault>>,
        F: FnOnce(&Tx<'_>, T) -> CloudResult<Made> + Send + 'static,
    {
        self.no_parameters()?;
        let Self {
            cloud,
            caller,
            head,
            body,
            ..
        } = self;
        let account = caller.account.id;
        let share = cloud.share(account);
        let bytes = body::read(&head.headers, body, share).await?;
        let key = idempotency::key(&head.method, head.uri.path(), &head.headers, &bytes)?;
        // Before the body is looked at: an answer that is kept is the answer, also
        // if a rule has become stricter since.
        if let Some(key) = &key
            && let Some(kept) = cloud.kept_answer(account, key)?
        {
            return Ok(idempotency::answer(&kept));
        }
        let request = decode(body::object(&bytes)?).map_err(ApiError::invalid)?;
        let status = operation.success;
        let trail = Trail::of(&head, caller, operation);
        let answered = cloud
            .write(move |tx| {
                once(tx, account, key.as_ref(), |tx| {
                    let Made {
                        body,
                        id,
                        action_id,
                    } = make(tx, request)?;
                    trail.note(tx, Some(&id))?;
                    Ok(Accepted {
                        status,
                        action_id,
                        body,
                    }
                    .to_bytes())
                })
            })
            .await?;
        Ok(idempotency::answer(&answered))
    }
}

/// What was made: the answer's body, and the action that goes on with it.
pub(super) struct Made {
    body: String,
    id: String,
    action_id: Option<String>,
}

impl Made {
    pub(super) fn new(body: &impl Serialize, id: &impl ToString) -> Self {
        Self {
            body: to_json(body),
            id: id.to_string(),
            action_id: None,
        }
    }

    pub(super) fn by_action(mut self, action_id: Option<String>) -> Self {
        self.action_id = action_id;
        self
    }
}

pub(super) fn ok(value: &impl Serialize) -> Answer {
    Ok(json(to_json(value)))
}

/// An answer whose body is this JSON.
pub(super) fn json(body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// The answer to a deletion.
pub(super) fn no_content() -> Answer {
    let mut response = StatusCode::NO_CONTENT.into_response();
    // As documented, though there is no content.
    let type_of_nothing = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(CONTENT_TYPE, type_of_nothing);
    Ok(response)
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("the wire's own types are JSON")
}
