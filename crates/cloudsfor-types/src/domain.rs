//! Domains that CloudsFor's DNS manages.

use std::net::Ipv4Addr;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::FieldFault;
use crate::lenient::{OneOrMany, Whole};
use crate::object::object;
use crate::page::{Links, Meta};
use crate::request::{Fields, string};
use crate::{names, rules};

object! {
    /// A managed domain.
    pub struct Domain {
        /// Its name: `example.com`, with labels in other alphabets as punycode.
        required name: String;
        /// Its name in its own alphabet, where that differs.
        optional name_unicode: Option<String>;
        /// How long its records may be kept, in seconds.
        optional ttl: Option<u64> as Whole;
        /// Its records as a zone file.
        optional zone_file: Option<String>;
    }
}

object! {
    /// The answer that carries one domain: `{"domain":Domain}`.
    pub struct DomainAnswer {
        /// The domain.
        required domain: Domain;
    }
}

object! {
    /// The answer to a list of domains.
    pub struct DomainList {
        /// The domains, oldest first.
        required domains: Vec<Domain> as OneOrMany<Domain>;
        /// The pages around this one.
        optional links: Option<Links>;
        /// The total over all pages.
        optional meta: Option<Meta>;
    }
}

/// A request to manage a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateDomain {
    /// Its name. Unique over all accounts.
    pub name: String,
    /// The address of a first A record, for the domain itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<Ipv4Addr>,
}

impl CreateDomain {
    /// Reads the request strictly, as the server does.
    ///
    /// # Errors
    /// All faults at once.
    pub fn decode(body: Map<String, Value>) -> Result<Self, Vec<FieldFault>> {
        let mut fields = Fields::new(body);
        let name = fields.required("name", |v| names::domain(string(v)?));
        let ip_address = fields.optional("ip_address", |v| rules::ipv4(string(v)?));
        let faults = fields.finish();
        name.filter(|_| faults.is_empty())
            .map(|name| Self { name, ip_address })
            .ok_or(faults)
    }
}
