//! What hyper's errors mean: reqwest is built on it, so both backends ask here.

use std::error::Error as StdError;
use std::io;
use std::iter::successors;

use super::{BoxError, TransportError, TransportErrorKind};

/// An error before there was a connection. TLS fails before a request is
/// written, so whatever it was, nothing was sent.
pub(super) fn before_connection(error: impl Into<BoxError>) -> TransportError {
    let error = error.into();
    let tls = causes(&*error).any(|cause| cause.is::<rustls::Error>());
    let kind = if tls {
        TransportErrorKind::Tls
    } else {
        TransportErrorKind::Connect
    };
    TransportError::not_sent(kind, error)
}

/// An error on a connection.
pub(super) fn on_connection(error: impl Into<BoxError>) -> TransportError {
    let error = error.into();
    let (mut kind, mut may_have_been_sent) = (TransportErrorKind::Cut, true);
    for cause in causes(&*error) {
        if let Some(hyper) = cause.downcast_ref::<hyper::Error>() {
            // hyper gives a request back as canceled only if it wrote nothing
            // of it.
            if hyper.is_canceled() {
                may_have_been_sent = false;
            }
            if hyper.is_parse() {
                kind = TransportErrorKind::Protocol;
            }
        } else if let Some(io) = cause.downcast_ref::<io::Error>() {
            // So hyper tells of malformed chunks.
            if matches!(
                io.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
            ) {
                kind = TransportErrorKind::Protocol;
            }
        }
        if cause.is::<rustls::Error>() {
            kind = TransportErrorKind::Tls;
        }
    }
    TransportError {
        kind,
        may_have_been_sent,
        on_used_connection: false,
        source: error,
    }
}

/// The error and its causes. An `io::Error` around another error skips it in
/// `source()`, so it is asked in its own way.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    successors(Some(error), |&error| {
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => error.source(),
        }
    })
}
