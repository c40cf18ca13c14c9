//! Why the cloud refuses something, without a word of HTTP.

use cloudsfor_types::{FieldFault, Reason, VmId};

use super::waiting::STREAMS;
use crate::store::StoreError;

/// A refusal, or a failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// There is no such thing for this account.
    #[error("there is no {what} {id:?} in this account")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// By which id.
        id: String,
    },
    /// Attributes or parameters break rules.
    #[error("{}", invalid_message(.0))]
    Invalid(Vec<FieldFault>),
    /// Understood and refused for a reason other than its form.
    #[error("{message}")]
    Refused {
        /// The reason.
        reason: Reason,
        /// What happened and what to do.
        message: String,
    },
    /// It contradicts something that exists.
    #[error("{0}")]
    Conflict(String),
    /// It is nobody's to do.
    #[error("{0}")]
    Forbidden(String),
    /// What let a request in that is still open no longer does.
    #[error("the password was changed or revoked meanwhile, or the account disabled")]
    Revoked,
    /// The account has too many streams of events open.
    #[error(
        "this account has {STREAMS} streams of events open, which is the limit: close one first"
    )]
    TooManyStreams,
    /// The account sends or takes too much at once.
    #[error(
        "this account has too many large requests and answers under way: read those that were \
         asked for, or ask for pages"
    )]
    TooMuchAtOnce,
    /// Too many logins are being verified.
    #[error("too many logins are being verified at the moment: try again soon")]
    TooManyLogins,
    /// The name is taken and was to be unique.
    #[error("the name {name:?} is taken by the VM {holder}: choose another, or use that VM")]
    NameTaken {
        /// The name.
        name: String,
        /// The VM that has it.
        holder: VmId,
    },
    /// There are machines of another kind than the compute driver's.
    #[error(
        "the VMs of this cloud were made by the compute driver {theirs}: go on with `--compute \
         {theirs}`, delete them first, or use another data directory"
    )]
    OtherDriver {
        /// The driver that made them.
        theirs: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for CloudError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

fn invalid_message(faults: &[FieldFault]) -> String {
    let shown: Vec<_> = faults
        .iter()
        .map(|fault| format!("{} {}", fault.name, fault.message))
        .collect();
    format!("the request breaks the rules: {}", shown.join("; "))
}

/// A result of the cloud.
pub type CloudResult<T> = Result<T, CloudError>;
