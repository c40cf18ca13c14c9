//! From a method's arguments to an exchange, and from its answer to a result:
//! what the resources' files have in common.

use std::time::Duration;

use cloudsfor_types::operations::{Operation, Safety};
use cloudsfor_types::{FieldFault, Links, Meta};
use http::Uri;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Client;
use super::exchange::{Answer, Exchange};
use crate::call::{CallOptions, IdempotencyKey};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Page, PageRequest, PageToken};
use crate::response::invalid;

/// The longest that the server waits ("0 to 30" seconds).
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How much longer than the server waits the answer may take.
const WAIT_MARGIN: Duration = Duration::from_secs(5);

/// Where an operation is carried out: what stands for the parameters of its
/// path, and its query.
#[derive(Default)]
pub(super) struct Target<'a> {
    pub(super) segments: &'a [&'a str],
    pub(super) query: Vec<(&'a str, String)>,
}

impl<'a> Target<'a> {
    pub(super) fn at(segments: &'a [&'a str]) -> Self {
        Self {
            segments,
            query: Vec::new(),
        }
    }
}

/// A list's answer, taken apart: the items, the pages around, the total.
pub(super) type ListParts<T> = (Vec<T>, Option<Links>, Option<Meta>);

impl Client {
    /// Gets one thing.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        operation: &'static Operation,
        target: Target<'_>,
        call: &CallOptions,
    ) -> Result<T> {
        let exchange = self.exchange_at(operation, &target, call)?;
        self.send(&exchange, Answer::decode).await
    }

    /// Gets one thing as soon as the server thinks fit, or when `at_most` is
    /// over.
    pub(super) async fn get_waiting<T: DeserializeOwned>(
        &self,
        operation: &'static Operation,
        mut target: Target<'_>,
        at_most: Duration,
        call: &CallOptions,
    ) -> Result<T> {
        let wait = at_most.min(LONGEST_WAIT);
        target.query.push(("wait", wait.as_secs().to_string()));
        let exchange = Exchange {
            attempt_timeout: wait + WAIT_MARGIN,
            ..self.exchange_at(operation, &target, call)?
        };
        self.send(&exchange, Answer::decode).await
    }

    /// Gets a list, or one page of it.
    pub(super) async fn list<L: DeserializeOwned, T>(
        &self,
        operation: &'static Operation,
        mut target: Target<'_>,
        page: &PageRequest,
        call: &CallOptions,
        parts: fn(L) -> ListParts<T>,
    ) -> Result<Page<T>> {
        let url = match page {
            PageRequest::Whole => self.url(operation, &target)?,
            PageRequest::First(per_page) => {
                target.query.push(("per_page", per_page.to_string()));
                self.url(operation, &target)?
            }
            PageRequest::Next(token) => self.page_url(operation, token)?,
        };
        let exchange = self.plain(operation, url, call);
        let list: L = self.send(&exchange, Answer::decode).await?;
        let (items, links, meta) = parts(list);
        let links = links.unwrap_or_default();
        let next = self.next_page(operation, links.next(), &exchange.url)?;
        Ok(Page::new(items, meta.map(|meta| meta.total), next))
    }

    /// Sends a request with a body that keeps the rules: a POST under an
    /// idempotency key.
    pub(super) async fn put_or_post<B: Serialize, D, T: DeserializeOwned>(
        &self,
        operation: &'static Operation,
        target: Target<'_>,
        request: &B,
        decode: fn(Map<String, Value>) -> std::result::Result<D, Vec<FieldFault>>,
        call: &CallOptions,
    ) -> Result<T> {
        let faults = match serde_json::to_value(request) {
            // As the server reads it, so that the faults are the same.
            Ok(Value::Object(body)) => decode(body).err(),
            _ => Some(vec![FieldFault::new("body", "can't be written as JSON")]),
        };
        if let Some(faults) = faults {
            return Err(invalid(operation, faults));
        }
        let key = (operation.safety == Safety::NeedsKey).then(|| key_of(call));
        let exchange = Exchange {
            body: Some(json(request)),
            key,
            ..self.exchange_at(operation, &target, call)?
        };
        self.send(&exchange, Answer::decode).await
    }

    /// Deletes one thing. If it is gone after an attempt of which nobody knows
    /// what became, then that attempt has done it, or somebody else: it is as the
    /// caller wants it.
    pub(super) async fn delete(
        &self,
        operation: &'static Operation,
        target: Target<'_>,
        call: &CallOptions,
    ) -> Result<()> {
        let exchange = self.exchange_at(operation, &target, call)?;
        match self.send(&exchange, |_| Ok(())).await {
            Err(error) if *error.kind() == ErrorKind::NotFound && error.may_have_been_applied() => {
                Ok(())
            }
            result => result,
        }
    }

    /// An exchange with nothing but its URL, under the usual time limits.
    pub(super) fn exchange_at(
        &self,
        operation: &'static Operation,
        target: &Target<'_>,
        call: &CallOptions,
    ) -> Result<Exchange> {
        let url = self.url(operation, target)?;
        Ok(self.plain(operation, url, call))
    }

    pub(super) fn plain(
        &self,
        operation: &'static Operation,
        url: Uri,
        call: &CallOptions,
    ) -> Exchange {
        Exchange {
            operation,
            url,
            body: None,
            key: None,
            after: None,
            attempt_timeout: self.attempt_timeout,
            deadline: Deadline::after(call.timeout.unwrap_or(self.timeout)),
        }
    }

    fn url(&self, operation: &Operation, target: &Target<'_>) -> Result<Uri> {
        // These would lead to another path: a list, or what is above it.
        if target.segments.iter().any(|s| ["", ".", ".."].contains(s)) {
            let fault = FieldFault::new("path", "an id or a name is empty, '.' or '..'");
            return Err(invalid(operation, vec![fault]));
        }
        self.endpoint
            .url(operation.path, target.segments, &target.query)
            .ok_or_else(|| {
                let fault = FieldFault::new("query", "is too long for a URL: shorten the filters");
                invalid(operation, vec![fault])
            })
    }

    pub(super) fn page_url(&self, operation: &Operation, token: &PageToken) -> Result<Uri> {
        self.endpoint.page_url(token).ok_or_else(|| {
            let fault = FieldFault::new("page", format!("{token:?} is no path and query"));
            invalid(operation, vec![fault])
        })
    }

    pub(super) fn next_page(
        &self,
        operation: &Operation,
        link: Option<&str>,
        page: &Uri,
    ) -> Result<Option<PageToken>> {
        link.map(|link| self.endpoint.next_page(link, page))
            .transpose()
            .map_err(|error| {
                Error::new(ErrorKind::Unexpected, operation.name, error.to_string())
                    .with_source(error)
            })
    }
}

/// The key that the caller gave, or a random one.
pub(super) fn key_of(call: &CallOptions) -> IdempotencyKey {
    match &call.idempotency_key {
        Some(key) => key.clone(),
        None => IdempotencyKey::random(),
    }
}

/// A request's body.
pub(super) fn json(request: &impl Serialize) -> bytes::Bytes {
    serde_json::to_vec(request)
        .expect("a request is JSON")
        .into()
}
