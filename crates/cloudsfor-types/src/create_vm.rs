//! The request that creates a VM.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::FieldFault;
use crate::request::{Fields, array, boolean, checked, labels, number, string};
use crate::units::Gigabytes;
use crate::user_data::UserData;
use crate::vm::Plan;
use crate::{names, rules};

/// What every VM must have: the required attributes of a create request.
///
/// A struct literal, so that a missing one does not compile:
///
/// ```compile_fail,E0063
/// use cloudsfor_types::VmSpec;
///
/// let spec = VmSpec { name: "example.com".into(), region: "moscow_01".into() };
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct VmSpec {
    /// The name, which becomes the hostname: labels of letters, digits and
    /// hyphens, 253 characters in all.
    pub name: String,
    /// The region's name: `moscow_01`.
    pub region: String,
    /// A public image's identifier (`fedora-19`), or a snapshot's id.
    pub image: String,
    /// Memory in GB of 2^30 bytes: 0.25 to 1,024 in steps of 0.25.
    pub size: Gigabytes,
    /// Virtual processors: 1 to 128.
    pub cpu: u32,
    /// Disk in GB of 2^30 bytes: 1 to 65,536.
    pub disk_size: u32,
}

/// A request to create a VM.
///
/// Made from a [`VmSpec`], which has everything that is required; the rest is
/// set by `with_…`:
///
/// ```
/// use cloudsfor_types::{CreateVm, Plan, VmSpec};
///
/// let request = CreateVm::new(VmSpec {
///     name: "example.com".into(),
///     region: "moscow_01".into(),
///     image: "fedora-19".into(),
///     size: 1.into(),
///     cpu: 1,
///     disk_size: 10,
/// })
/// .with_plan(Plan::Dynamic)
/// .with_backups(true);
///
/// assert_eq!(request.validate(), Ok(()));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CreateVm {
    /// The name, which becomes the hostname.
    pub name: String,
    /// The region's name.
    pub region: String,
    /// An image's identifier, or a snapshot's id.
    pub image: String,
    /// Memory in GB of 2^30 bytes.
    pub size: Gigabytes,
    /// Virtual processors.
    pub cpu: u32,
    /// Disk in GB of 2^30 bytes.
    pub disk_size: u32,
    /// The tariff; the server's default is [`Plan::Fixed`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// Ids of keys to put into root's account.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ssh_keys: Vec<u64>,
    /// Whether backups are made automatically.
    pub backups: bool,
    /// Whether the VM gets an IPv6 address.
    pub ipv6: bool,
    /// Data for the first boot, given to cloud-init as they are. At most 64 KiB.
    #[serde(flatten)]
    pub user_data: Option<UserData>,
    /// Whether the VM joins the account's default private network.
    pub private_networking: bool,
    /// The user's own labels, at most 64.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Whether deleting the VM is refused.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
    /// Whether to fail if the account has a VM of this name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unique_name: bool,
    /// Whether user data that cloud-init can't use are a fault; else the answer has a
    /// warning.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

impl CreateVm {
    /// A request with everything that is required.
    pub fn new(spec: VmSpec) -> Self {
        Self {
            name: spec.name,
            region: spec.region,
            image: spec.image,
            size: spec.size,
            cpu: spec.cpu,
            disk_size: spec.disk_size,
            plan: None,
            ssh_keys: Vec::new(),
            backups: false,
            ipv6: false,
            user_data: None,
            private_networking: false,
            labels: BTreeMap::new(),
            protected: false,
            unique_name: false,
            strict: false,
        }
    }

    /// Sets the tariff.
    #[must_use]
    pub fn with_plan(mut self, plan: Plan) -> Self {
        self.plan = Some(plan);
        self
    }

    /// Sets the ids of the keys to put into root's account.
    #[must_use]
    pub fn with_ssh_keys(mut self, ids: impl IntoIterator<Item = u64>) -> Self {
        self.ssh_keys = ids.into_iter().collect();
        self
    }

    /// Sets whether backups are made automatically.
    #[must_use]
    pub fn with_backups(mut self, backups: bool) -> Self {
        self.backups = backups;
        self
    }

    /// Sets whether the VM gets an IPv6 address.
    #[must_use]
    pub fn with_ipv6(mut self, ipv6: bool) -> Self {
        self.ipv6 = ipv6;
        self
    }

    /// Sets the data for the first boot: text, or the bytes of a file.
    #[must_use]
    pub fn with_user_data(mut self, user_data: impl Into<UserData>) -> Self {
        self.user_data = Some(user_data.into());
        self
    }

    /// Sets whether the VM joins the account's default private network.
    #[must_use]
    pub fn with_private_networking(mut self, private_networking: bool) -> Self {
        self.private_networking = private_networking;
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn with_label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Sets whether deleting the VM is refused.
    #[must_use]
    pub fn with_protected(mut self, protected: bool) -> Self {
        self.protected = protected;
        self
    }

    /// Sets whether to fail if the account has a VM of this name.
    #[must_use]
    pub fn with_unique_name(mut self, unique_name: bool) -> Self {
        self.unique_name = unique_name;
        self
    }

    /// Sets whether user data that cloud-init can't use are a fault.
    #[must_use]
    pub fn with_strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Checks every rule that can be checked without the service.
    ///
    /// # Errors
    /// All faults at once, each with its attribute. Whether the region, the
    /// image and the keys exist, the service decides.
    pub fn validate(&self) -> Result<(), Vec<FieldFault>> {
        let mut checks = vec![
            ("name", rules::vm_name(&self.name)),
            ("region", rules::identifier(&self.region)),
            ("image", rules::identifier(&self.image)),
            ("size", rules::memory(self.size.get()).map(drop)),
            ("cpu", rules::vcpus(self.cpu.into()).map(drop)),
            ("disk_size", rules::disk(self.disk_size.into()).map(drop)),
            ("ssh_keys", rules::ssh_keys(self.ssh_keys.len())),
            ("labels", rules::labels(&self.labels)),
        ];
        if let Some(plan) = &self.plan {
            checks.push(("plan", known_plan(plan.as_str()).map(drop)));
        }
        if let Some(data) = &self.user_data {
            checks.push(("user_data", data.check()));
        }
        let faults: Vec<_> = checks
            .into_iter()
            .filter_map(|(name, check)| check.err().map(|message| FieldFault::new(name, message)))
            .collect();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Reads a create request strictly, as the server does.
    ///
    /// # Errors
    /// All faults at once: missing attributes, wrong types, values that break a
    /// rule, and attributes that don't exist.
    pub fn decode(body: Map<String, Value>) -> Result<Self, Vec<FieldFault>> {
        let mut fields = Fields::new(body);
        let name = fields.required("name", |v| names::hostname(string(v)?));
        let region = fields.required("region", |v| checked(string(v)?, rules::identifier));
        let image = fields.required("image", |v| checked(string(v)?, rules::identifier));
        let size = fields.required("size", |v| rules::memory(number(v)?));
        let cpu = fields.required("cpu", |v| rules::vcpus(number(v)?));
        let disk_size = fields.required("disk_size", |v| rules::disk(number(v)?));
        let plan = fields.optional("plan", |v| known_plan(string(v)?));
        let ssh_keys = fields.optional("ssh_keys", key_ids);
        let backups = fields.optional("backups", boolean);
        let ipv6 = fields.optional("ipv6", boolean);
        let user_data = UserData::take(&mut fields);
        let private_networking = fields.optional("private_networking", boolean);
        let labels = fields.optional("labels", labels);
        let protected = fields.optional("protected", boolean);
        let unique_name = fields.optional("unique_name", boolean);
        let strict = fields.optional("strict", boolean);
        let faults = fields.finish();
        let spec = match (name, region, image, size, cpu, disk_size) {
            (Some(name), Some(region), Some(image), Some(size), Some(cpu), Some(disk_size))
                if faults.is_empty() =>
            {
                VmSpec {
                    name,
                    region,
                    image,
                    size,
                    cpu,
                    disk_size,
                }
            }
            _ => return Err(faults),
        };
        Ok(Self {
            plan,
            ssh_keys: ssh_keys.unwrap_or_default(),
            backups: backups.unwrap_or_default(),
            ipv6: ipv6.unwrap_or_default(),
            user_data,
            private_networking: private_networking.unwrap_or_default(),
            labels: labels.unwrap_or_default(),
            protected: protected.unwrap_or_default(),
            unique_name: unique_name.unwrap_or_default(),
            strict: strict.unwrap_or_default(),
            ..Self::new(spec)
        })
    }
}

fn known_plan(name: &str) -> Result<Plan, String> {
    match Plan::from(name) {
        Plan::Unknown(name) => {
            let known: Vec<_> = Plan::KNOWN.iter().map(Plan::as_str).collect();
            Err(format!("must be {}, not {name:?}", known.join(" or ")))
        }
        plan => Ok(plan),
    }
}

fn key_ids(value: &Value) -> Result<Vec<u64>, String> {
    let ids = array(value)?;
    rules::ssh_keys(ids.len())?;
    let key_id = |id: &Value| {
        id.as_u64()
            .ok_or_else(|| format!("must be an array of key ids (whole numbers); {id} is none"))
    };
    ids.iter().map(key_id).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::user_data::USER_DATA_MAX;

    fn decode(body: &Value) -> Result<CreateVm, Vec<String>> {
        CreateVm::decode(body.as_object().unwrap().clone())
            .map_err(|faults| faults.into_iter().map(|fault| fault.name).collect())
    }

    fn example() -> CreateVm {
        CreateVm::new(VmSpec {
            name: "example.com".into(),
            region: "moscow_01".into(),
            image: "fedora-19".into(),
            size: 1.into(),
            cpu: 1,
            disk_size: 10,
        })
    }

    #[test]
    fn user_data_is_not_shown() {
        let shown = format!("{:?}", example().with_user_data("password: hunter2"));
        assert!(
            shown.contains("17 bytes") && !shown.contains("hunter2"),
            "{shown}"
        );
    }

    #[test]
    fn null_means_absent() {
        let body = json!({"name":"example.com","region":"moscow_01","size":1,"disk_size":10,"cpu":1,
            "image":"fedora-19","ssh_keys":null,"backups":null,"user_data":null,"private_networking":null,
            "plan":null,"labels":null,"protected":null,"unique_name":null,"ipv6":null,"user_data_encoding":null,"strict":null});
        assert_eq!(decode(&body).unwrap(), example());
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let body = json!({"name":"a_b","region":7,"size":"1","cpu":1.5,"image":"","ssh_key":[1],
            "ssh_keys":["1"],"backups":"yes","labels":{"a":1},"plan":"PLAN_ID_FREE"});
        let mut names = decode(&body).unwrap_err();
        names.sort();
        assert_eq!(
            names,
            [
                "backups",
                "cpu",
                "disk_size",
                "image",
                "labels",
                "name",
                "plan",
                "region",
                "size",
                "ssh_key",
                "ssh_keys"
            ]
        );
    }

    #[test]
    fn the_client_finds_the_same_faults_before_it_sends() {
        let mut request = example()
            .with_plan(Plan::from("FREE"))
            .with_user_data("x".repeat(USER_DATA_MAX + 1));
        request.name = String::new();
        request.cpu = 0;
        request.disk_size = 65_537;
        request.size = Gigabytes::new(0.3).unwrap();
        let here: Vec<_> = request
            .validate()
            .unwrap_err()
            .into_iter()
            .map(|fault| fault.to_string())
            .collect();
        let there: Vec<_> = CreateVm::decode(encode(&request))
            .unwrap_err()
            .into_iter()
            .map(|fault| fault.to_string())
            .collect();
        let (mut here, mut there) = (here, there);
        here.sort();
        there.sort();
        assert_eq!(here, there);
        assert_eq!(here.len(), 6);
    }

    fn encode(request: &CreateVm) -> Map<String, Value> {
        match serde_json::to_value(request).unwrap() {
            Value::Object(body) => body,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same_request() {
        let full = example()
            .with_plan(Plan::Dynamic)
            .with_ssh_keys([1, 2])
            .with_backups(true)
            .with_ipv6(true)
            .with_user_data("#cloud-config\n")
            .with_private_networking(true)
            .with_label("role", "web")
            .with_protected(true)
            .with_unique_name(true)
            .with_strict(true);
        let binary = example().with_user_data(vec![0x1f, 0x8b]);
        for request in [example(), full, binary] {
            assert_eq!(CreateVm::decode(encode(&request)).unwrap(), request);
        }
    }
}
