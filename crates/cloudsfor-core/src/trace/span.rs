//! Spans by the `tracing` crate.

use cloudsfor_types::operations::Operation;
use http::response::Parts;
use tracing::field::Empty;
use tracing::instrument::Instrumented;
use tracing::{Instrument, Level, Span, event, info_span};

use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, TransportErrorKind};
use crate::response::request_id;

/// The span of one call.
pub(crate) struct CallSpan(Span);

impl CallSpan {
    pub(crate) fn new(operation: &Operation, endpoint: &Endpoint) -> Self {
        Self(info_span!(
            "cloudsfor",
            otel.name = operation.name,
            otel.kind = "client",
            http.request.method = operation.method.as_str(),
            url.template = operation.path,
            server.address = endpoint.authority(),
            http.request.resend_count = Empty,
            http.response.status_code = Empty,
            cloudsfor.request_id = Empty,
            error.r#type = Empty,
        ))
    }

    /// Notes that an attempt begins.
    pub(crate) fn attempt(&self, number: u32) {
        if number > 1 {
            self.0.record("http.request.resend_count", number - 1);
        }
    }

    /// Notes the head of an answer.
    pub(crate) fn answered(&self, head: &Parts) {
        self.0
            .record("http.response.status_code", head.status.as_u16());
        if let Some(id) = request_id(head) {
            self.0.record("cloudsfor.request_id", id);
        }
    }

    /// Notes that an attempt failed.
    pub(crate) fn attempt_failed(&self, number: u32, error: &Error) {
        event!(
            parent: &self.0,
            Level::DEBUG,
            attempt = number,
            error.r#type = error_type(error),
            "attempt failed"
        );
    }

    /// Notes that the call failed.
    pub(crate) fn failed(&self, error: &Error) {
        self.0.record("error.type", error_type(error));
    }

    /// Carries the call out within the span.
    pub(crate) fn around<F: Future>(&self, call: F) -> Instrumented<F> {
        call.instrument(self.0.clone())
    }
}

/// A status, or a word for the kind: of few values, as OpenTelemetry asks.
fn error_type(error: &Error) -> String {
    let word = match (error.kind(), error.status()) {
        (ErrorKind::Ambiguous { .. }, _) => "ambiguous",
        (ErrorKind::Decode { .. }, _) => "decode",
        (ErrorKind::Transport(TransportErrorKind::Cut), _) => "cut",
        (ErrorKind::Transport(TransportErrorKind::TooLarge), _) => "too_large",
        (_, Some(status)) => return status.to_string(),
        (ErrorKind::Deadline, _) => "deadline",
        (ErrorKind::Transport(TransportErrorKind::Connect), _) => "connect",
        (ErrorKind::Transport(TransportErrorKind::Tls), _) => "tls",
        (ErrorKind::Transport(TransportErrorKind::Timeout), _) => "timeout",
        (ErrorKind::Transport(TransportErrorKind::Protocol), _) => "protocol",
        _ => "_OTHER",
    };
    word.to_owned()
}
