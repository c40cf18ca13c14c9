//! Records of managed domains.

use std::net::Ipv6Addr;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::FieldFault;
use crate::lenient::{OneOrMany, Whole};
use crate::object::object;
use crate::open_enum::open_enum;
use crate::page::{Links, Meta};
use crate::request::{Fields, number, string};
use crate::rules;

open_enum! {
    /// What a record says.
    pub enum RecordType {
        /// An IPv4 address.
        A = "A",
        /// An IPv6 address.
        Aaaa = "AAAA",
        /// Another name for a host.
        Cname = "CNAME",
        /// A mail server.
        Mx = "MX",
        /// A name server.
        Ns = "NS",
        /// Where a service is.
        Srv = "SRV",
        /// Text.
        Txt = "TXT",
        /// The name of an address.
        Ptr = "PTR",
    }
}

object! {
    /// A record of a managed domain. What its type has no use for is `null`.
    pub struct DomainRecord {
        /// Its id: a number, unlike those of VMs.
        required id: u64 as Whole;
        /// What it says (`type` on the wire).
        required r#type: RecordType;
        /// Its name relative to the domain; `@` is the domain itself.
        nullable name: Option<String>;
        /// An address, a host's name, or text.
        nullable data: Option<String>;
        /// Which of several is preferred: the lowest.
        nullable priority: Option<u64> as Whole;
        /// The service's port.
        nullable port: Option<u64> as Whole;
        /// The share of those of one priority.
        nullable weight: Option<u64> as Whole;
    }
}

object! {
    /// The answer that carries one record: `{"domain_record":DomainRecord}`.
    pub struct DomainRecordAnswer {
        /// The record.
        required domain_record: DomainRecord;
    }
}

object! {
    /// The answer to a list of records.
    pub struct DomainRecordList {
        /// The records, oldest first.
        required domain_records: Vec<DomainRecord> as OneOrMany<DomainRecord>;
        /// The pages around this one.
        optional links: Option<Links>;
        /// The total over all pages.
        optional meta: Option<Meta>;
    }
}

/// A request to add a record, or to put another in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordSpec {
    /// What it says.
    pub r#type: RecordType,
    /// Its name relative to the domain; `@` is the domain itself.
    pub name: String,
    /// An address, a host's name, or text.
    pub data: String,
    /// Which of several is preferred: MX and SRV only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u16>,
    /// The service's port: SRV only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The share of those of one priority: SRV only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u16>,
}

impl RecordSpec {
    /// Reads the request strictly, as the server does.
    ///
    /// # Errors
    /// All faults at once.
    pub fn decode(body: Map<String, Value>) -> Result<Self, Vec<FieldFault>> {
        let mut fields = Fields::new(body);
        let kind = fields.required("type", |v| known_type(string(v)?));
        let name = fields.required("name", |v| record_name(string(v)?));
        let data = fields.required("data", |v| string(v).map(str::to_owned));
        let data = match (kind.as_ref(), data) {
            (Some(kind), Some(data)) => fields.check("data", data_of(kind, &data)),
            (_, data) => data,
        };
        let [priority, port, weight] = ["priority", "port", "weight"].map(|field| {
            let read = |v: &Value| rules::u16(number(v)?);
            match kind.as_ref().map(|kind| has(kind, field)) {
                Some(true) => fields.required(field, read),
                Some(false) => {
                    if fields.optional(field, read).is_some() {
                        fields.fault(field, "is not an attribute of this type");
                    }
                    None
                }
                None => fields.optional(field, read),
            }
        });
        let faults = fields.finish();
        match (kind, name, data) {
            (Some(kind), Some(name), Some(data)) if faults.is_empty() => Ok(Self {
                r#type: kind,
                name,
                data,
                priority,
                port,
                weight,
            }),
            _ => Err(faults),
        }
    }
}

fn has(kind: &RecordType, field: &str) -> bool {
    match field {
        "priority" => matches!(kind, RecordType::Mx | RecordType::Srv),
        _ => *kind == RecordType::Srv,
    }
}

fn known_type(name: &str) -> Result<RecordType, String> {
    match RecordType::from(name) {
        RecordType::Unknown(name) => {
            let known: Vec<_> = RecordType::KNOWN.iter().map(RecordType::as_str).collect();
            Err(format!("must be one of {}, not {name:?}", known.join(", ")))
        }
        kind => Ok(kind),
    }
}

/// A name within the domain: `@`, or labels, which may begin with an underscore;
/// the first may be `*`.
fn record_name(name: &str) -> Result<String, String> {
    if name == "@" || name == "*" {
        return Ok(name.to_owned());
    }
    let labels = name.strip_prefix("*.").unwrap_or(name);
    rules::dns_labels(labels)?;
    Ok(name.to_owned())
}

/// What the record says, in one spelling.
fn data_of(kind: &RecordType, data: &str) -> Result<String, String> {
    match kind {
        RecordType::A => rules::ipv4(data).map(|ip| ip.to_string()),
        RecordType::Aaaa => match data.parse::<Ipv6Addr>() {
            Ok(ip) => Ok(ip.to_string()),
            Err(_) => Err(format!("must be an IPv6 address, not {data:?}")),
        },
        RecordType::Txt => rules::txt(data).map(|()| data.to_owned()),
        _ if data == "@" => Ok(data.to_owned()),
        _ => {
            rules::dns_labels(data.strip_suffix('.').unwrap_or(data))?;
            Ok(data.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(body: &Value) -> Vec<String> {
        let decoded = RecordSpec::decode(body.as_object().unwrap().clone());
        decoded
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|fault| fault.name)
            .collect()
    }

    #[test]
    fn each_type_has_its_own_attributes() {
        for good in [
            json!({"type": "A", "name": "@", "data": "192.0.2.1"}),
            json!({"type": "AAAA", "name": "*", "data": "2001:db8::1"}),
            json!({"type": "CNAME", "name": "*.www", "data": "@"}),
            json!({"type": "MX", "name": "@", "data": "mail.example.com.", "priority": 10}),
            json!({"type": "SRV", "name": "_sip._tcp", "data": "sip", "priority": 0, "port": 5060, "weight": 65535}),
            json!({"type": "TXT", "name": "@", "data": "v=spf1 \"-all\""}),
        ] {
            assert!(faults(&good).is_empty(), "{good}");
        }
        for (bad, names) in [
            (json!({}), vec!["type", "name", "data"]),
            (
                json!({"type": "A", "name": "a b", "data": "192.0.2"}),
                vec!["name", "data"],
            ),
            (
                json!({"type": "AAAA", "name": "a", "data": "192.0.2.1"}),
                vec!["data"],
            ),
            (
                json!({"type": "MX", "name": "@", "data": "a b"}),
                vec!["data", "priority"],
            ),
            (
                json!({"type": "A", "name": "@", "data": "192.0.2.1", "port": 1}),
                vec!["port"],
            ),
            (
                json!({"type": "SRV", "name": "@", "data": "a", "priority": 65536, "port": -1, "weight": 0.5}),
                vec!["priority", "port", "weight"],
            ),
            (
                json!({"type": "TXT", "name": "@", "data": ""}),
                vec!["data"],
            ),
            (
                json!({"type": "LOC", "name": "@", "data": "x"}),
                vec!["type"],
            ),
        ] {
            assert_eq!(faults(&bad), names, "{bad}");
        }
    }
}
