//! Who asks for a change, as the audit log has it.

use std::net::IpAddr;
use std::sync::Arc;

use cloudsfor_types::operations::Operation;
use http::request::Parts;

use super::BASE_PATH;
use super::auth::Peer;
use super::envelope::RequestId;
use crate::cloud::{Caller, CloudResult, Tx};
use crate::store::audit::{self, NewEntry};

/// What the log is to say of one request, if it changes anything.
pub(super) struct Trail {
    caller: Caller,
    address: Option<IpAddr>,
    operation: &'static str,
    path: String,
    request_id: Option<Arc<str>>,
}

impl Trail {
    pub(super) fn of(head: &Parts, caller: Caller, operation: &Operation) -> Self {
        let path = head.uri.path();
        Self {
            caller,
            address: head.extensions.get::<Peer>().map(|peer| peer.address),
            operation: operation.name,
            path: path.strip_prefix(BASE_PATH).unwrap_or(path).to_owned(),
            request_id: head.extensions.get::<RequestId>().map(|id| id.0.clone()),
        }
    }

    /// Writes it down; `made` is the id of what was made under the path.
    pub(super) fn note(&self, tx: &Tx<'_>, made: Option<&str>) -> CloudResult<()> {
        let target = match made {
            Some(id) => format!("{}/{id}", self.path),
            None => self.path.clone(),
        };
        let address = self.address.map(|address| address.to_string());
        let entry = NewEntry {
            account: self.caller.account.id,
            login: &self.caller.login,
            address: address.as_deref(),
            operation: self.operation,
            target: &target,
            request_id: self.request_id.as_deref(),
        };
        Ok(audit::insert(
            tx.connection,
            &entry,
            tx.now.as_millisecond(),
        )?)
    }
}
