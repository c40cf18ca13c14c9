//! Errors as answers.

use std::panic::AssertUnwindSafe;

use axum::response::{IntoResponse, Response};
use cloudsfor_types::{ErrorBody, ErrorId, Extra, FieldFault, Reason};
use futures_util::FutureExt;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::cloud::CloudError;

/// How long a client should leave us alone when we can't, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// How many faults an answer lists.
const FAULTS: usize = 100;

/// The longest name of a fault and the longest message about it, in characters.
const FAULT_TEXT: usize = 1000;

fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(FAULT_TEXT) {
        text.truncate(end);
        text.push('…');
    }
}

/// An error that is to be answered. It travels as an extension of the response
/// until the envelope, which knows the request's id, writes it.
#[derive(Debug, Clone)]
pub(super) struct ApiError(pub(super) Box<ErrorBody>);

impl ApiError {
    pub(super) fn new(id: ErrorId, message: impl Into<String>) -> Self {
        Self(Box::new(ErrorBody {
            id,
            message: message.into(),
            request_id: None,
            reason: None,
            fields: Vec::new(),
            extra: Extra::new(),
        }))
    }

    /// Says which of several reasons it is.
    pub(super) fn because(mut self, reason: Reason) -> Self {
        self.0.reason = Some(reason);
        self
    }

    fn unprocessable(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(ErrorId::UnprocessableEntity, message).because(reason)
    }

    pub(super) fn invalid(fields: Vec<FieldFault>) -> Self {
        CloudError::Invalid(fields).into()
    }

    /// The first faults, and how many others there are: a request must not have an
    /// answer that is much larger than itself.
    fn of_faults(mut faults: Vec<FieldFault>) -> Self {
        let others = faults.len().saturating_sub(FAULTS);
        faults.truncate(FAULTS);
        for fault in &mut faults {
            shorten(&mut fault.name);
            shorten(&mut fault.message);
        }
        let invalid = CloudError::Invalid(faults);
        let mut message = invalid.to_string();
        if others > 0 {
            message.push_str(&format!("; and {others} more"));
        }
        let mut error = Self::unprocessable(Reason::Invalid, message);
        if others > 0 {
            error.0.extra.insert("more_fields", others as u64);
        }
        if let CloudError::Invalid(faults) = invalid {
            error.0.fields = faults;
        }
        error
    }

    pub(super) fn no_such_path() -> Self {
        let message =
            "there is nothing at this path; /api/v1/openapi.json describes those there are";
        // A client must not take a wrong base URL for a thing that is gone.
        Self::new(ErrorId::NotFound, message).because(Reason::Path)
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "this path doesn't have this method; the Allow header names those it has";
        Self::new(ErrorId::MethodNotAllowed, message)
    }

    pub(super) fn status(&self) -> StatusCode {
        let status = self.0.id.status().unwrap_or(500);
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<CloudError> for ApiError {
    fn from(error: CloudError) -> Self {
        let error = match error {
            CloudError::Invalid(fields) => return Self::of_faults(fields),
            other => other,
        };
        let message = error.to_string();
        match error {
            CloudError::NotFound { .. } => Self::new(ErrorId::NotFound, message),
            CloudError::Invalid(_) => unreachable!("they are told by themselves"),
            CloudError::Refused { reason, .. } => Self::unprocessable(reason, message),
            CloudError::Conflict(_) | CloudError::OtherDriver { .. } => {
                Self::new(ErrorId::Conflict, message)
            }
            CloudError::Revoked => Self::new(ErrorId::Unauthorized, message),
            CloudError::TooManyLogins | CloudError::TooManyStreams | CloudError::TooMuchAtOnce => {
                Self::new(ErrorId::TooManyRequests, message)
            }
            CloudError::Forbidden(_) => Self::new(ErrorId::Forbidden, message),
            CloudError::NameTaken { holder, .. } => {
                let mut error = Self::new(ErrorId::Conflict, message);
                error.0.extra.insert("vm_id", holder.as_str());
                error
            }
            CloudError::Store(error) => {
                tracing::error!(%error, "the store failed");
                if error.is_damage() {
                    let message =
                        "the service's store is damaged: whoever runs it must put a backup back";
                    Self::new(ErrorId::ServiceUnavailable, message)
                } else if error.is_temporary() {
                    let message = "the service can't do this at the moment: try again soon";
                    Self::new(ErrorId::ServiceUnavailable, message)
                } else {
                    Self::new(
                        ErrorId::InternalError,
                        "a fault of the service; it was logged",
                    )
                }
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let headers = response.headers_mut();
        match self.0.id {
            ErrorId::Unauthorized => {
                let challenge =
                    HeaderValue::from_static("Basic realm=\"CloudsFor\", charset=\"UTF-8\"");
                headers.insert(WWW_AUTHENTICATE, challenge);
            }
            ErrorId::ServiceUnavailable | ErrorId::TooManyRequests => {
                headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
            }
            _ => {}
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Answers for a handler that panics: a defect, but only of this request.
pub(super) async fn caught(answer: impl Future<Output = Response>) -> Response {
    // What it leaves half-made goes with it, but for locks, which are taken as they are.
    let answered = AssertUnwindSafe(answer).catch_unwind().await;
    answered.unwrap_or_else(|_| fault())
}

pub(super) fn fault() -> Response {
    ApiError::new(
        ErrorId::InternalError,
        "a fault of the service; it was logged",
    )
    .into_response()
}
