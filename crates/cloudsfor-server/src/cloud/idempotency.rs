//! Requests that are carried out once, however often they arrive.
//!
//! Within one transaction: what the key already has is answered again; else the
//! work is done and its answer kept. Only a success is kept (the contract), so a
//! refused request may be mended and sent again under its key.

use cloudsfor_types::Reason;
use rusqlite::Connection;

use super::error::{CloudError, CloudResult};
use super::tx::Tx;
use crate::store::accounts::AccountId;
use crate::store::idempotency::{Record, get, purge, put};

/// How long an answer is kept, in seconds. Announced with every answer.
pub const RETENTION: i64 = 24 * 60 * 60;

/// The key of a request, and which request it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// The key: 1 to 255 visible ASCII characters.
    pub key: String,
    /// A digest of method, path and body.
    pub fingerprint: Vec<u8>,
}

/// An answer, and whether it is from the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The answer, in the form that the work gave it.
    pub answer: Vec<u8>,
    /// Whether the work had been done before.
    pub replayed: bool,
}

/// What was answered to this request before, if anything.
///
/// # Errors
/// If the key was used for another request.
pub(super) fn kept(
    connection: &Connection,
    account: AccountId,
    request: &IdempotentRequest,
    now: i64,
) -> CloudResult<Option<Once>> {
    let Some(record) = get(connection, account, &request.key, now - RETENTION)? else {
        return Ok(None);
    };
    if record.fingerprint != request.fingerprint {
        return Err(CloudError::Refused {
            reason: Reason::KeyReused,
            message: "this Idempotency-Key was used for another request: use a new key".into(),
        });
    }
    Ok(Some(Once {
        answer: record.answer,
        replayed: true,
    }))
}

/// Does the work if its key (if any) has not been used, or answers what it
/// answered then.
pub fn once(
    tx: &Tx<'_>,
    account: AccountId,
    request: Option<&IdempotentRequest>,
    work: impl FnOnce(&Tx<'_>) -> CloudResult<Vec<u8>>,
) -> CloudResult<Once> {
    let Some(request) = request else {
        return Ok(Once {
            answer: work(tx)?,
            replayed: false,
        });
    };
    if let Some(kept) = kept(tx.connection, account, request, tx.second())? {
        return Ok(kept);
    }
    let answer = work(tx)?;
    let record = Record {
        fingerprint: request.fingerprint.clone(),
        answer,
    };
    put(tx.connection, account, &request.key, &record, tx.second())?;
    purge(tx.connection, tx.second() - RETENTION)?;
    Ok(Once {
        answer: record.answer,
        replayed: false,
    })
}
