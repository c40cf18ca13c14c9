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
use crate::{names, quoted, rules};

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
        /// Its name relative to the domain; `@` is the domain itself. One that ends in
        /// the domain's name is written in full, with a final dot.
        nullable name: Option<String>;
        /// Its name in its own alphabet, where that differs.
        optional name_unicode: Option<String>;
        /// An address, a host's full name with a final dot, or text.
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
    /// Its name relative to the domain; `@` is the domain itself. A name that ends in
    /// the domain's name, or with a dot, is a full name.
    pub name: String,
    /// An address, text, or a host's name: one with a dot in it is a full name, one
    /// without is relative to the domain, and `@` is the domain itself.
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
    /// Reads the request strictly. What only its domain decides (which names are
    /// full, and how long they are together with the domain's) isn't checked here:
    /// [`RecordSpec::decode_in`].
    ///
    /// # Errors
    /// All faults at once.
    pub fn decode(body: Map<String, Value>) -> Result<Self, Vec<FieldFault>> {
        Self::read(body, names::record_name_alone, data_alone)
    }

    /// Reads the request strictly, as the server does: into the form in which the
    /// record is kept ([`RecordSpec::in_domain`]).
    ///
    /// # Errors
    /// All faults at once.
    pub fn decode_in(body: Map<String, Value>, domain: &str) -> Result<Self, Vec<FieldFault>> {
        Self::read(
            body,
            |name| shown_name(name, domain),
            |kind, data| data_in(kind, data, domain),
        )
    }

    fn read(
        body: Map<String, Value>,
        name_of: impl Fn(&str) -> Result<String, String>,
        data_of: impl Fn(&RecordType, &str) -> Result<String, String>,
    ) -> Result<Self, Vec<FieldFault>> {
        let mut fields = Fields::new(body);
        let kind = fields.required("type", |v| known_type(string(v)?));
        let name = fields.required("name", |v| name_of(string(v)?));
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

    /// The record as the server keeps and answers it in this domain: names in ASCII,
    /// `name` relative to the domain, a target in full with a final dot, an address in
    /// its one spelling, a text without quotation marks around it.
    ///
    /// # Errors
    /// A fault for each of `name` and `data` that breaks a rule.
    ///
    /// ```
    /// use cloudsfor_types::{RecordSpec, RecordType};
    ///
    /// let spec = RecordSpec {
    ///     r#type: RecordType::Cname,
    ///     name: "www.example.com".into(),
    ///     data: "a.example.com".into(),
    ///     priority: None,
    ///     port: None,
    ///     weight: None,
    /// };
    /// let kept = spec.in_domain("example.com").unwrap();
    /// assert_eq!((&*kept.name, &*kept.data), ("www", "a.example.com."));
    /// ```
    pub fn in_domain(&self, domain: &str) -> Result<Self, Vec<FieldFault>> {
        let name = shown_name(&self.name, domain);
        let data = data_in(&self.r#type, &self.data, domain);
        match (name, data) {
            (Ok(name), Ok(data)) => Ok(Self {
                name,
                data,
                ..self.clone()
            }),
            (name, data) => {
                let faults = [("name", name.err()), ("data", data.err())];
                let fault = |(field, message): (&str, Option<String>)| {
                    Some(FieldFault::new(field, message?))
                };
                Err(faults.into_iter().filter_map(fault).collect())
            }
        }
    }

    /// The form in which records of one domain are compared: as
    /// [`RecordSpec::in_domain`], with the letters of names in lower case. Two records
    /// are the same if all fields of this form are. A text stays as it is, byte for
    /// byte.
    ///
    /// # Errors
    /// As [`RecordSpec::in_domain`].
    ///
    /// ```
    /// use cloudsfor_types::{RecordSpec, RecordType};
    ///
    /// let mx = |name: &str, data: &str| RecordSpec {
    ///     r#type: RecordType::Mx,
    ///     name: name.into(),
    ///     data: data.into(),
    ///     priority: Some(10),
    ///     port: None,
    ///     weight: None,
    /// };
    /// let normal = |spec: RecordSpec| spec.normal_in("example.com").unwrap();
    /// assert_eq!(normal(mx("@", "mail")), normal(mx("Example.com.", "MAIL.example.com")));
    /// ```
    pub fn normal_in(&self, domain: &str) -> Result<Self, Vec<FieldFault>> {
        let mut normal = self.in_domain(domain)?;
        normal.name.make_ascii_lowercase();
        if normal.r#type.has_target() {
            normal.data.make_ascii_lowercase();
        }
        Ok(normal)
    }
}

impl RecordType {
    /// Whether its data are the name of a host.
    pub fn has_target(&self) -> bool {
        matches!(
            self,
            Self::Cname | Self::Mx | Self::Ns | Self::Srv | Self::Ptr
        )
    }
}

impl DomainRecord {
    /// The request that makes such a record; `None` if the answer lacks what every
    /// record has, or has a number that doesn't fit. A text that would have quotation
    /// marks taken off has others around it.
    pub fn spec(&self) -> Option<RecordSpec> {
        let number = |value: Option<u64>| value.map(u16::try_from).transpose().ok();
        let data = self.data.as_deref()?;
        Some(RecordSpec {
            r#type: self.r#type.clone(),
            name: self.name.clone()?,
            data: match self.r#type {
                RecordType::Txt => quoted::quoted(data).into_owned(),
                _ => data.to_owned(),
            },
            priority: number(self.priority)?,
            port: number(self.port)?,
            weight: number(self.weight)?,
        })
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

fn shown_name(name: &str, domain: &str) -> Result<String, String> {
    let relative = names::record_name(name, domain)?;
    Ok(names::shown_record_name(&relative, domain))
}

/// What the record says, in one spelling, as far as that needs no domain.
fn data_alone(kind: &RecordType, data: &str) -> Result<String, String> {
    match kind {
        RecordType::A => rules::ipv4(data).map(|ip| ip.to_string()),
        RecordType::Aaaa => match data.parse::<Ipv6Addr>() {
            Ok(ip) => Ok(ip.to_string()),
            Err(_) => Err(format!("must be an IPv6 address, not {data:?}")),
        },
        // Quotation marks are taken off once, by `data_in`.
        RecordType::Txt => rules::txt(&quoted::unquoted(data)).map(|()| data.to_owned()),
        _ => {
            let target = names::target_alone(data)?;
            host_or_root(kind, &target).map(|()| target)
        }
    }
}

fn data_in(kind: &RecordType, data: &str, domain: &str) -> Result<String, String> {
    if *kind == RecordType::Txt {
        let text = quoted::unquoted(data);
        return rules::txt(&text).map(|()| text.into_owned());
    }
    if !kind.has_target() {
        return data_alone(kind, data);
    }
    let target = names::target(data, domain)?;
    host_or_root(kind, &target).map(|()| target)
}

/// The root as a target says that there is no such service (RFC 2782, RFC 7505).
fn host_or_root(kind: &RecordType, target: &str) -> Result<(), String> {
    if target == "." && !matches!(kind, RecordType::Mx | RecordType::Srv) {
        return Err(format!(
            "must be a host's name: \".\" is a target of MX and SRV alone, not of {kind}"
        ));
    }
    Ok(())
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

    fn spec(kind: RecordType, name: &str, data: &str) -> RecordSpec {
        let priority = (kind == RecordType::Mx).then_some(10);
        RecordSpec {
            r#type: kind,
            name: name.into(),
            data: data.into(),
            priority,
            port: None,
            weight: None,
        }
    }

    #[test]
    fn the_form_in_a_domain_is_its_own_form() {
        for (kind, name, data, kept) in [
            (
                RecordType::Cname,
                "www.example.com",
                "a.example.com",
                ("www", "a.example.com."),
            ),
            (RecordType::Cname, "www", "a", ("www", "a.example.com.")),
            (RecordType::Mx, "example.com.", ".", ("@", ".")),
            (RecordType::Txt, "@", "\"a\" \"b\"", ("@", "ab")),
            (
                RecordType::A,
                "example.com.example.com.",
                "192.0.2.1",
                ("example.com.example.com.", "192.0.2.1"),
            ),
            (
                RecordType::Aaaa,
                "почта",
                "2001:DB8:0::1",
                ("xn--80a1acny", "2001:db8::1"),
            ),
        ] {
            let found = spec(kind, name, data).in_domain("example.com").unwrap();
            assert_eq!((&*found.name, &*found.data), kept);
            assert_eq!(found.in_domain("example.com").unwrap(), found);
        }
    }

    #[test]
    fn what_breaks_a_rule_in_its_domain_is_named_with_the_rest() {
        let label = "a".repeat(60);
        let long = format!("{label}.{label}.{label}.{label}");
        let body = json!({"type": "CNAME", "name": long, "data": ".", "port": 1, "ttl": 5});
        let faults = RecordSpec::decode_in(body.as_object().unwrap().clone(), "shop.example");
        let faults: Vec<_> = faults.unwrap_err().into_iter().map(|f| f.name).collect();
        assert_eq!(faults, ["name", "data", "port", "ttl"]);
        for kind in [RecordType::Cname, RecordType::Ns, RecordType::Ptr] {
            assert!(spec(kind, "a", ".").in_domain("example.com").is_err());
        }
    }

    #[test]
    fn a_request_is_made_of_an_answer() {
        let text = |data: &str| spec(RecordType::Txt, "@", data);
        let kept = text(r#""\"x\"""#).normal_in("example.com").unwrap();
        assert_eq!(kept.data, "\"x\"");
        let answer = json!({"id": 1, "type": "TXT", "name": "@", "data": kept.data});
        let answer: DomainRecord = serde_json::from_value(answer).unwrap();
        let again = answer.spec().unwrap().normal_in("Example.com");
        assert_eq!(again, Ok(kept));
        // What a client checks before it sends arrives as it is.
        let body = json!({"type": "TXT", "name": "@", "data": r#""\"x\"""#});
        let sent = RecordSpec::decode(body.as_object().unwrap().clone()).unwrap();
        assert_eq!(sent.data, r#""\"x\"""#);
    }

    #[test]
    fn host_names_are_compared_without_case_and_texts_byte_by_byte() {
        let normal = |spec: RecordSpec| spec.normal_in("Example.com").unwrap();
        assert_eq!(
            normal(spec(RecordType::Mx, "Mail", "HOST")),
            normal(spec(
                RecordType::Mx,
                "mail.example.com.",
                "host.example.com"
            ))
        );
        assert_ne!(
            normal(spec(RecordType::Txt, "@", "Text")),
            normal(spec(RecordType::Txt, "@", "text"))
        );
        assert_ne!(
            normal(spec(RecordType::Txt, "@", "text.")),
            normal(spec(RecordType::Txt, "@", "text"))
        );
    }
}
