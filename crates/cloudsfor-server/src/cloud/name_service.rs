//! What the operator decided about names: the service's own name, and the names
//! that no account may have. Kept in the store, so that every process which has
//! it open decides alike.

use std::net::IpAddr;

use cloudsfor_types::names;
use psl::{List, Psl, Type};
use rusqlite::Connection;

use super::error::CloudResult;
use crate::store::name_service::{self, NameServiceRow};

/// The service's own name, unless the operator names another.
pub const DEFAULT_NAME: &str = "cloudsfor.com";

/// The zones of the names of addresses: each address has its name in them, and no
/// account may say another.
const REVERSE_ZONES: [&str; 2] = ["in-addr.arpa", "ip6.arpa"];

/// Names above public suffixes that are none themselves, and below which the list
/// has no wildcard by which that could be told: counties of Norway.
const ABOVE_SUFFIXES: [&str; 11] = [
    "akershus.no",
    "buskerud.no",
    "hedmark.no",
    "hordaland.no",
    "more-og-romsdal.no",
    "nordland.no",
    "ostfold.no",
    "telemark.no",
    "vestfold.no",
    "xn--mre-og-romsdal-qqb.no",
    "xn--stfold-9xa.no",
];

/// How the operator set the name service up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameService {
    /// The service's own name, without a final dot: every zone names `ns1.` and
    /// `hostmaster.` below it.
    pub name: String,
    /// The addresses of `ns1.`; it has none if this is empty.
    pub addresses: Vec<IpAddr>,
    /// Suffixes that no account may have: a domain that is one, is above or is
    /// below one is refused.
    pub reserved: Vec<String>,
}

impl Default for NameService {
    fn default() -> Self {
        Self {
            name: DEFAULT_NAME.into(),
            addresses: Vec::new(),
            reserved: Vec::new(),
        }
    }
}

impl NameService {
    /// As the store has it.
    ///
    /// # Errors
    /// Those of the store.
    pub fn of(connection: &Connection) -> CloudResult<Self> {
        let row = name_service::get(connection)?;
        Ok(row.map_or_else(Self::default, |row| Self {
            name: row.name,
            addresses: row
                .addresses
                .iter()
                .filter_map(|a| a.parse().ok())
                .collect(),
            reserved: row.reserved,
        }))
    }

    /// Writes it down, for every process that has the store open.
    ///
    /// # Errors
    /// Those of the store.
    pub fn keep(&self, connection: &Connection) -> CloudResult<()> {
        let row = NameServiceRow {
            name: names::normal(&self.name),
            addresses: self.addresses.iter().map(IpAddr::to_string).collect(),
            reserved: self
                .reserved
                .iter()
                .map(|name| names::normal(name))
                .collect(),
        };
        Ok(name_service::set(connection, &row)?)
    }

    /// The name server of every zone, with a final dot.
    pub fn server(&self) -> String {
        format!("ns1.{}.", self.name)
    }

    /// Where its operator gets mail, as DNS writes it.
    pub fn hostmaster(&self) -> String {
        format!("hostmaster.{}.", self.name)
    }

    /// Why no account may have this domain, if none may: the end of the sentence
    /// "`name` …".
    pub fn refusal(&self, domain: &str) -> Option<String> {
        let domain = names::normal(domain);
        let related = |other: &str| is_within(&domain, other) || is_within(other, &domain);
        if let Some(zone) = REVERSE_ZONES.into_iter().find(|zone| related(zone)) {
            return Some(format!(
                "must not be in {zone}: the names of addresses follow the VMs that have them"
            ));
        }
        if related(&self.name) {
            return Some(format!(
                "must not be, be above or be below {}: that is the service's own name",
                self.name
            ));
        }
        if let Some(reserved) = self.reserved.iter().find(|reserved| related(reserved)) {
            return Some(format!(
                "must not be, be above or be below {reserved}: the service's operator reserves it"
            ));
        }
        if is_public_suffix_or_above(&domain) {
            return Some(format!(
                "must be a name that one owner can have, and {domain} is a public suffix or above \
                 one: name a domain below it"
            ));
        }
        None
    }

    /// Whether a domain is served although an account has it from before it was
    /// refused: those in the reverse zones and below the service's own name aren't.
    pub fn serves(&self, domain: &str) -> bool {
        let domain = names::normal(domain);
        !is_within(&domain, &self.name)
            && !REVERSE_ZONES.iter().any(|zone| is_within(&domain, zone))
    }

    /// The names below which no account's domain is served.
    pub(super) fn own_zones(&self) -> impl Iterator<Item = &str> {
        REVERSE_ZONES.into_iter().chain([self.name.as_str()])
    }
}

/// Whether a name in its normal form is another or below it.
pub(super) fn is_within(name: &str, above: &str) -> bool {
    let below = name.strip_suffix(above);
    below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

/// By the ICANN part of the list. A name of no known suffix is none, although the
/// list has an implicit rule by which the last label of any name is.
fn is_public_suffix_or_above(domain: &str) -> bool {
    is_public_suffix(domain)
        || is_public_suffix(&format!("0.{domain}"))
        || ABOVE_SUFFIXES.contains(&domain)
}

fn is_public_suffix(name: &str) -> bool {
    List.suffix(name.as_bytes()).is_some_and(|suffix| {
        suffix.typ() == Some(Type::Icann) && suffix.as_bytes() == name.as_bytes()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(domain: &str) -> bool {
        let service = NameService {
            reserved: vec!["corp.example".into()],
            ..NameService::default()
        };
        service.refusal(domain).is_some()
    }

    #[test]
    fn what_belongs_to_no_account_is_refused() {
        for domain in [
            "in-addr.arpa",
            "64.100.In-Addr.arpa",
            "2.0.64.100.in-addr.arpa",
            "8.b.d.0.1.0.0.2.ip6.arpa",
            "cloudsfor.com",
            "ns1.cloudsfor.com",
            "CLOUDSFOR.COM",
            "corp.example",
            "a.corp.example",
            "co.uk",
            "CO.UK",
            "kawasaki.jp",
            "sch.uk",
            "nes.akershus.no",
            "akershus.no",
            "xn--mre-og-romsdal-qqb.no",
            "xn--p1ai",
        ] {
            assert!(refused(domain), "{domain}");
        }
        for domain in [
            "example.com",
            "shop.co.uk",
            "shop.example",
            // Private suffixes belong to one owner, who may have them.
            "github.io",
            "city.kawasaki.jp",
            "a.b.kawasaki.jp",
            "notcloudsfor.com",
            "my-cloudsfor.com",
            "in-addr.arpa.example",
            "e164.arpa.example",
            "xn--e1afmkfd.xn--p1ai",
        ] {
            assert!(!refused(domain), "{domain}");
        }
    }

    #[test]
    fn a_name_above_the_services_own_is_refused_too() {
        let service = NameService {
            name: "cloud.example.com".into(),
            ..NameService::default()
        };
        assert!(service.refusal("example.com").is_some());
        // One that exists stays, and is served but for what is the service's.
        assert!(service.serves("example.com"));
        assert!(!service.serves("a.cloud.example.com"));
        assert!(!service.serves("64.100.in-addr.arpa"));
    }

    #[test]
    fn each_listed_name_is_above_a_public_suffix_and_is_none() {
        let below = [
            "os",
            "nes",
            "valer",
            "heroy",
            "sande",
            "bo",
            "xn--hery-ira",
            "xn--vler-qoa",
        ];
        for above in ABOVE_SUFFIXES {
            assert!(!is_public_suffix(above), "{above}");
            let is_one = |label: &str| is_public_suffix(&format!("{label}.{above}"));
            assert!(below.iter().any(|label| is_one(label)), "{above}");
        }
    }
}
