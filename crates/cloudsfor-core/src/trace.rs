//! Spans: what the calls of a program did, for its log and its tracing.
//!
//! With the feature `tracing`, each call is a span `cloudsfor` of level INFO, with
//! these fields, most of them by OpenTelemetry's names for HTTP clients:
//!
//! | field | what it is |
//! |---|---|
//! | `otel.name`, `otel.kind` | the operation (`create_vm`), and `client` |
//! | `http.request.method` | `POST` |
//! | `url.template` | the path with its parameters in braces: `/vms/{id}` |
//! | `server.address` | host and port of the API |
//! | `http.request.resend_count` | how many attempts there were before the last |
//! | `http.response.status_code` | of the last answer |
//! | `cloudsfor.request_id` | the last answer's, to find it in the server's log |
//! | `error.type` | why the call failed, if it did: a status, or a kind of error |
//!
//! Each attempt that fails is an event of level DEBUG in it. Neither has ever a
//! secret, a query or a body in it.

#[cfg(not(feature = "tracing"))]
mod absent;
#[cfg(feature = "tracing")]
mod span;

#[cfg(not(feature = "tracing"))]
pub(crate) use self::absent::CallSpan;
#[cfg(feature = "tracing")]
pub(crate) use self::span::CallSpan;
