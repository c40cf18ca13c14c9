//! The request that changes what a VM is called and kept by: its labels and its
//! protection.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::FieldFault;
use crate::request::{Fields, boolean, labels};

/// A request to change a VM's labels and protection. What is `None` stays as it
/// is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UpdateVm {
    /// All the labels that the VM is to have, in place of those it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Whether deleting the VM is to be refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
}

impl UpdateVm {
    /// Sets all the labels that the VM is to have.
    #[must_use]
    pub fn with_labels(mut self, labels: BTreeMap<String, String>) -> Self {
        self.labels = Some(labels);
        self
    }

    /// Sets whether deleting the VM is to be refused.
    #[must_use]
    pub fn with_protected(mut self, protected: bool) -> Self {
        self.protected = Some(protected);
        self
    }

    /// Reads the request strictly, as the server does.
    ///
    /// # Errors
    /// All faults at once.
    pub fn decode(body: Map<String, Value>) -> Result<Self, Vec<FieldFault>> {
        let mut fields = Fields::new(body);
        let labels = fields.optional("labels", labels);
        let protected = fields.optional("protected", boolean);
        let faults = fields.finish();
        if faults.is_empty() {
            Ok(Self { labels, protected })
        } else {
            Err(faults)
        }
    }
}
