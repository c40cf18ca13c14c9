//! No spans: the feature `tracing` is off.

use cloudsfor_types::operations::Operation;
use http::response::Parts;

use crate::endpoint::Endpoint;
use crate::error::Error;

/// Nothing, in place of a call's span.
pub(crate) struct CallSpan;

impl CallSpan {
    pub(crate) fn new(_: &Operation, _: &Endpoint) -> Self {
        Self
    }

    pub(crate) fn attempt(&self, _number: u32) {}

    pub(crate) fn answered(&self, _: &Parts) {}

    pub(crate) fn attempt_failed(&self, _number: u32, _: &Error) {}

    pub(crate) fn failed(&self, _: &Error) {}

    pub(crate) fn around<F: Future>(&self, call: F) -> F {
        call
    }
}
