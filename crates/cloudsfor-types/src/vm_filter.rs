//! Which VMs a list is asked for: `GET /vms?name=&label=k=v&status=&region=`.

use crate::vm::VmStatus;

/// Filters that the server applies; all that are set must match.
///
/// ```
/// use cloudsfor_types::{VmFilter, VmStatus};
///
/// let filter = VmFilter::default().with_status(VmStatus::Running).with_label("role", "web");
/// assert_eq!(
///     filter.query(),
///     [("label", "role=web".to_owned()), ("status", "running".to_owned())]
/// );
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VmFilter {
    /// Only VMs of this name, whatever the case of its letters.
    pub name: Option<String>,
    /// Only VMs that have all these labels (key and value).
    pub labels: Vec<(String, String)>,
    /// Only VMs of this status.
    pub status: Option<VmStatus>,
    /// Only VMs in this region.
    pub region: Option<String>,
}

impl VmFilter {
    /// Only VMs of this name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Only VMs that have this label.
    #[must_use]
    pub fn with_label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((key.into(), value.into()));
        self
    }

    /// Only VMs of this status.
    #[must_use]
    pub fn with_status(mut self, status: VmStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Only VMs in this region.
    #[must_use]
    pub fn with_region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The query parameters, not yet escaped.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if let Some(name) = &self.name {
            pairs.push(("name", name.clone()));
        }
        for (key, value) in &self.labels {
            pairs.push(("label", format!("{key}={value}")));
        }
        if let Some(status) = &self.status {
            pairs.push(("status", status.to_string()));
        }
        if let Some(region) = &self.region {
            pairs.push(("region", region.clone()));
        }
        pairs
    }
}
