//! What can go wrong, so that a program can tell the cases apart.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use cloudsfor_types::{Action, ErrorId, FieldFault, Vm};

use crate::call::IdempotencyKey;

/// A result of the SDK.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of error it is: match on this, never on a message.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No or wrong credentials (401).
    Unauthorized,
    /// Not allowed to this account (403).
    Forbidden,
    /// There is no such thing for this account (404).
    NotFound,
    /// The request breaks rules; every fault is named. Found by the SDK before
    /// sending, or by the server (400, 413, 415, 422).
    Invalid {
        /// The faults; empty if the server named none.
        fields: Vec<FieldFault>,
    },
    /// It contradicts something that exists (409).
    Conflict,
    /// An operation already runs on it (422).
    Locked,
    /// Its state doesn't allow that (422).
    State,
    /// It is protected from deletion (422).
    Protected,
    /// The account may have no more (422).
    Quota,
    /// The service has no room for it (422).
    Capacity,
    /// The idempotency key was used for another request (422).
    KeyReused,
    /// Too many requests (429).
    RateLimited {
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// A fault of the server, or of a proxy before it (5xx, 408).
    Server {
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// An answer that the API doesn't have: another status, a redirect.
    Unexpected,
    /// No answer, or not a whole one.
    Transport(TransportErrorKind),
    /// An answer that can't be read.
    Decode {
        /// Where in the answer, as far as known: an attribute's path, a line and
        /// column (`vms[3].memory, line 1, column 873`).
        location: String,
    },
    /// The time for the call is up.
    Deadline,
    /// A name that several VMs have.
    SeveralMatch {
        /// The VMs of that name.
        candidates: Vec<Vm>,
    },
    /// It can't be known whether the request was carried out, and sending it
    /// again might do it twice.
    Ambiguous {
        /// The key that it went under.
        key: IdempotencyKey,
        /// Of a VM's creation, the VMs that may be it: those of its name, as far
        /// as they could be listed.
        candidates: Vec<Vm>,
    },
    /// An action that was waited for failed.
    ActionErrored {
        /// The action, which says why.
        action: Box<Action>,
    },
    /// The SDK was set up wrongly: a base URL, a certificate, a credential.
    Configuration,
    /// This implementation of the API doesn't have the operation.
    Unsupported,
}

/// Why there is no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The name could not be resolved, or nothing listens there.
    Connect,
    /// TLS failed: the certificate, its name, or the protocol.
    Tls,
    /// No answer within the time for one attempt.
    Timeout,
    /// The connection ended before the answer was whole.
    Cut,
    /// What came is no HTTP.
    Protocol,
    /// The answer is larger than the limit.
    TooLarge,
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "can't connect",
            Self::Tls => "TLS failed",
            Self::Timeout => "no answer in time",
            Self::Cut => "the connection ended before the answer was whole",
            Self::Protocol => "what came is no HTTP",
            Self::TooLarge => "the answer is larger than the limit",
        })
    }
}

/// An error of the SDK.
///
/// Shown in one line: what failed, why, and what to do, with the faults of a
/// rejected request, the beginning of an answer that was not understood, whether
/// it may have been carried out, and the request's id. [`Error::kind`] is for
/// programs. The chain of causes is kept ([`std::error::Error::source`]).
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    operation: &'static str,
    message: String,
    status: Option<u16>,
    id: Option<ErrorId>,
    request_id: Option<String>,
    excerpt: Option<String>,
    key: Option<IdempotencyKey>,
    may_have_been_applied: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of the operation `operation` (as in
    /// [`cloudsfor_types::operations`]). Implementors of the API's traits add
    /// what else they know by the `with_…` methods.
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                operation,
                message: message.into(),
                status: None,
                id: None,
                request_id: None,
                excerpt: None,
                key: None,
                may_have_been_applied: false,
                source: None,
            }),
        }
    }

    /// This implementation doesn't have the operation.
    pub fn unsupported(operation: &'static str) -> Self {
        Self::new(
            ErrorKind::Unsupported,
            operation,
            "this implementation of the API doesn't have it",
        )
    }

    /// What kind of error it is.
    pub fn kind(&self) -> &ErrorKind {
        &self.inner.kind
    }

    /// The operation that failed: `create_vm`.
    pub fn operation(&self) -> &'static str {
        self.inner.operation
    }

    /// What happened and what to do, without the operation's name and without
    /// what the other methods say.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The answer's HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.inner.status
    }

    /// The server's own code of the error.
    pub fn id(&self) -> Option<&ErrorId> {
        self.inner.id.as_ref()
    }

    /// The request's id, to find it in the server's log.
    pub fn request_id(&self) -> Option<&str> {
        self.inner.request_id.as_deref()
    }

    /// The beginning of an answer that was not understood: some 300 characters,
    /// none of them a control character.
    pub fn excerpt(&self) -> Option<&str> {
        self.inner.excerpt.as_deref()
    }

    /// The key of the request that failed, if it went under one.
    pub fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        self.inner.key.as_ref()
    }

    /// Whether the server may have carried the request out all the same. If not,
    /// it certainly wasn't.
    pub fn may_have_been_applied(&self) -> bool {
        self.inner.may_have_been_applied
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self.inner.kind {
            ErrorKind::RateLimited { .. } | ErrorKind::Server { .. } => true,
            ErrorKind::Transport(kind) => {
                !matches!(kind, TransportErrorKind::Tls | TransportErrorKind::TooLarge)
            }
            _ => false,
        }
    }

    /// How long the server asks to wait before the next request.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.inner.kind {
            ErrorKind::RateLimited { retry_after } | ErrorKind::Server { retry_after } => {
                retry_after
            }
            _ => None,
        }
    }

    /// The faults of a rejected request.
    pub fn fields(&self) -> &[FieldFault] {
        match &self.inner.kind {
            ErrorKind::Invalid { fields } => fields,
            _ => &[],
        }
    }

    /// Adds the HTTP status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.inner.status = Some(status);
        self
    }

    /// Adds the server's own code of the error.
    #[must_use]
    pub fn with_id(mut self, id: ErrorId) -> Self {
        self.inner.id = Some(id);
        self
    }

    /// Sets the request's id.
    #[must_use]
    pub fn with_request_id(mut self, request_id: Option<String>) -> Self {
        self.inner.request_id = request_id;
        self
    }

    /// Adds the beginning of an answer that was not understood. It is shown as it
    /// is: cut it, and take out control characters.
    #[must_use]
    pub fn with_excerpt(mut self, excerpt: impl Into<String>) -> Self {
        self.inner.excerpt = Some(excerpt.into()).filter(|excerpt| !excerpt.is_empty());
        self
    }

    /// Sets the key of the request that failed, under which it can be sent again.
    #[must_use]
    pub fn with_key(mut self, key: Option<IdempotencyKey>) -> Self {
        self.inner.key = key;
        self
    }

    /// Sets whether the server may have carried the request out all the same.
    /// Default: no.
    #[must_use]
    pub fn with_may_have_been_applied(mut self, may: bool) -> Self {
        self.inner.may_have_been_applied = may;
        self
    }

    /// Names the VMs that an ambiguous create may have made.
    pub(crate) fn with_candidates(mut self, vms: Vec<Vm>) -> Self {
        if let ErrorKind::Ambiguous { candidates, .. } = &mut self.inner.kind {
            *candidates = vms;
        }
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.inner.source = Some(source.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.inner.operation, self.inner.message)?;
        for fault in self.fields() {
            write!(f, "; {fault}")?;
        }
        if let Some(excerpt) = &self.inner.excerpt {
            write!(f, "; the answer begins with {excerpt:?}")?;
        }
        if self.may_have_been_applied() {
            match (&self.inner.kind, self.idempotency_key()) {
                (ErrorKind::Ambiguous { key, .. }, _) => write!(f, "; its key is {key}")?,
                (_, Some(key)) => write!(
                    f,
                    "; it may have been carried out all the same, \
                     so send it again only under its key {key}"
                )?,
                (_, None) => f.write_str("; it may have been carried out all the same")?,
            }
        }
        if let Some(request_id) = self.request_id() {
            write!(f, " (request {request_id})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.inner.kind)
            .field("operation", &self.inner.operation)
            .field("message", &self.inner.message)
            .field("status", &self.inner.status)
            .field("request_id", &self.inner.request_id)
            .field("may_have_been_applied", &self.inner.may_have_been_applied)
            .field("source", &self.inner.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}
