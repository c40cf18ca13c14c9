//! `create` of things that are there at once: keys, networks, domains, records.

use cloudsfor_core::Error;
use cloudsfor_types::FieldFault;
use serde_json::{Map, Value};

use crate::args::Global;
use crate::failure::Failure;

/// What is made, and how its user knows it.
pub(crate) struct Creation<'a> {
    /// `the network backend`
    pub(crate) what: String,
    /// The command that lists what there is.
    pub(crate) look: String,
    /// What the user calls an attribute of the request.
    pub(crate) flag: &'a dyn Fn(&str) -> String,
    pub(crate) global: &'a Global,
}

impl Creation<'_> {
    /// The request, read from its attributes as strictly as the server does, so
    /// that every fault is found at once and before anything is sent.
    pub(crate) fn request<R>(
        &self,
        decode: fn(Map<String, Value>) -> Result<R, Vec<FieldFault>>,
        attributes: Value,
    ) -> Result<R, Failure> {
        decode(object(attributes)).map_err(|faults| {
            let what = format!("{} was not created", self.what);
            Failure::breaking_rules(what, faults).naming(self.flag)
        })
    }

    /// The failure of a request that was sent.
    pub(crate) fn failed(&self, error: &Error) -> Failure {
        let look = self.global.command(&self.look);
        Failure::of_creation(error, &self.what, &look).naming(self.flag)
    }
}

/// The attributes of a request.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
