//! Private networks, which VMs join to reach each other.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::FieldFault;
use crate::id::{NetworkId, VmId};
use crate::lenient::{OneOrMany, Text, Whole};
use crate::object::object;
use crate::page::{Links, Meta};
use crate::request::{Fields, string, title};
use crate::rules;

object! {
    /// A private network.
    pub struct Network {
        /// Its id.
        required id: NetworkId;
        /// The name given to it.
        required name: String;
        /// The network that it is a part of, if any.
        nullable parent_id: Option<NetworkId>;
        /// The tag of its frames: a number in the documents' table, a string in
        /// their example.
        nullable tag: Option<String> as Text;
        /// How many addresses it has.
        nullable size: Option<u64> as Whole;
    }
}

object! {
    /// The answer that carries one network: `{"network":Network}`.
    pub struct NetworkAnswer {
        /// The network.
        required network: Network;
    }
}

object! {
    /// The answer to a list of networks.
    pub struct NetworkList {
        /// The networks, oldest first.
        required networks: Vec<Network> as OneOrMany<Network>;
        /// The pages around this one.
        optional links: Option<Links>;
        /// The total over all pages.
        optional meta: Option<Meta>;
    }
}

/// A request to make a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateNetwork {
    /// The name to give to it: 1 to 255 characters.
    pub name: String,
}

impl CreateNetwork {
    /// Reads the request strictly, as the server does.
    ///
    /// # Errors
    /// All faults at once.
    pub fn decode(body: Map<String, Value>) -> Result<Self, Vec<FieldFault>> {
        let mut fields = Fields::new(body);
        let name = fields.required("name", |v| title(v, rules::title_beside_hex_ids));
        let faults = fields.finish();
        name.filter(|_| faults.is_empty())
            .map(|name| Self { name })
            .ok_or(faults)
    }
}

/// A request to put a VM into a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JoinNetwork {
    /// The VM.
    pub vm_id: VmId,
}

impl JoinNetwork {
    /// Reads the request strictly, as the server does.
    ///
    /// # Errors
    /// All faults at once.
    pub fn decode(body: Map<String, Value>) -> Result<Self, Vec<FieldFault>> {
        let mut fields = Fields::new(body);
        let vm_id = fields.required("vm_id", |v| {
            VmId::new(string(v)?).map_err(|_| "must be a VM's id".to_owned())
        });
        let faults = fields.finish();
        vm_id
            .filter(|_| faults.is_empty())
            .map(|vm_id| Self { vm_id })
            .ok_or(faults)
    }
}
