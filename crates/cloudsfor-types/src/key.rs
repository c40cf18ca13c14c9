//! SSH keys: public keys that are put into root's account of new VMs.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::FieldFault;
use crate::lenient::{OneOrMany, Whole};
use crate::object::object;
use crate::page::{Links, Meta};
use crate::public_key;
use crate::request::{Fields, string, title};
use crate::rules;

object! {
    /// A public key.
    pub struct SshKey {
        /// Its id: a number, unlike those of VMs.
        required id: u64 as Whole;
        /// Its fingerprint: `SHA256:…`, as ssh-keygen prints it.
        required fingerprint: String;
        /// The key as in an `authorized_keys` file.
        required public_key: String;
        /// The name given to it.
        required name: String;
    }
}

object! {
    /// The answer that carries one key: `{"ssh_key":SshKey}`.
    pub struct SshKeyAnswer {
        /// The key.
        required ssh_key: SshKey;
    }
}

object! {
    /// The answer to a list of keys.
    pub struct SshKeyList {
        /// The keys, oldest first.
        required ssh_keys: Vec<SshKey> as OneOrMany<SshKey>;
        /// The pages around this one.
        optional links: Option<Links>;
        /// The total over all pages.
        optional meta: Option<Meta>;
    }
}

/// A request to add a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateKey {
    /// The name to give to it: 1 to 255 characters.
    pub name: String,
    /// The key as in an `authorized_keys` file, in its [normal form](public_key::normal)
    /// once it is decoded. A comment is kept.
    pub public_key: String,
}

impl CreateKey {
    /// Reads the request strictly, as the server does. Whether the key is one,
    /// the server checks.
    ///
    /// # Errors
    /// All faults at once.
    pub fn decode(body: Map<String, Value>) -> Result<Self, Vec<FieldFault>> {
        let mut fields = Fields::new(body);
        let name = fields.required("name", |v| title(v, rules::key_name));
        let public_key = fields.required("public_key", |v| public_key::normal(string(v)?));
        let faults = fields.finish();
        match (name, public_key) {
            (Some(name), Some(public_key)) if faults.is_empty() => Ok(Self { name, public_key }),
            _ => Err(faults),
        }
    }
}

/// A request to rename a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdateKey {
    /// The new name: 1 to 255 characters.
    pub name: String,
}

impl UpdateKey {
    /// Reads the request strictly, as the server does.
    ///
    /// # Errors
    /// All faults at once.
    pub fn decode(body: Map<String, Value>) -> Result<Self, Vec<FieldFault>> {
        let mut fields = Fields::new(body);
        let name = fields.required("name", |v| title(v, rules::key_name));
        let faults = fields.finish();
        name.filter(|_| faults.is_empty())
            .map(|name| Self { name })
            .ok_or(faults)
    }
}
