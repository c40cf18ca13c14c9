//! The zones that the service answers for, as DNS looks them up: the managed
//! domains, the names of the VMs' addresses, and the service's own name.
//!
//! Nothing is kept between questions: each look-up is one of an index, so that an
//! answer is never older than the last change, whichever process made it, and a
//! change costs what it changes.

use std::net::IpAddr;

use cloudsfor_types::{RecordSpec, RecordType};
use rusqlite::Connection;

use super::addressing;
use super::domains::TTL;
use super::error::CloudResult;
use super::name_service::{NameService, is_within};
use super::record_rules::{SET_MAX, size};
use super::zone_file::TIMERS;
pub(crate) use super::zone_file::strings;
use crate::store::domains;
use crate::store::names as store_names;

/// Records of one name and type that are looked at: more don't fit an answer.
const SET_COUNT: u32 = (SET_MAX / 16) as u32;

/// The label below the service's own name below which addresses have names that
/// have none of their own.
const ADDRESSES: &str = "vm";

/// A zone.
#[derive(Debug)]
pub(crate) struct Zone {
    /// Its name, without a final dot.
    pub(crate) origin: String,
    /// How long its records may be kept, in seconds.
    pub(crate) ttl: u32,
    /// The serial number of its SOA record.
    pub(crate) serial: u32,
    kind: Kind,
    service: NameService,
}

#[derive(Debug)]
enum Kind {
    /// A managed domain, by its key.
    Managed(i64),
    /// The names of addresses: the path of the zone.
    Reverse(String),
    /// The service's own name.
    Own,
}

impl Zone {
    /// The nearest zone at or above a name, whose labels are given from the last to
    /// the first, in lower case. No account's domain is before the reverse zones and
    /// the service's own name.
    pub(crate) fn find(connection: &Connection, labels: &[String]) -> CloudResult<Option<Self>> {
        let service = NameService::of(connection)?;
        let own: Vec<&str> = service.name.rsplit('.').collect();
        if labels
            .iter()
            .map(String::as_str)
            .take(own.len())
            .eq(own.iter().copied())
        {
            return Ok(Some(Self::new(
                service.name.clone(),
                TTL,
                1,
                Kind::Own,
                service,
            )));
        }
        if labels.first().is_some_and(|label| label == "arpa")
            && labels
                .get(1)
                .is_some_and(|label| label == "in-addr" || label == "ip6")
        {
            return Self::reverse(connection, labels, service);
        }
        for count in (2..=labels.len()).rev() {
            let name: Vec<&str> = labels[..count].iter().rev().map(String::as_str).collect();
            if let Some(domain) = domains::by_name(connection, &name.join("."))? {
                let kind = Kind::Managed(domain.id);
                return Ok(Some(Self::new(
                    domain.name,
                    domain.ttl,
                    domain.serial,
                    kind,
                    service,
                )));
            }
        }
        Ok(None)
    }

    fn new(origin: String, ttl: u32, serial: u32, kind: Kind, service: NameService) -> Self {
        Self {
            origin,
            ttl,
            serial,
            kind,
            service,
        }
    }

    /// The zone of a reverse name: of a network whose addresses are the service's, or
    /// of which one has a name.
    fn reverse(
        connection: &Connection,
        labels: &[String],
        service: NameService,
    ) -> CloudResult<Option<Self>> {
        let Some((count, network)) = addressing::reverse_zone(labels) else {
            return Ok(None);
        };
        let path: String = labels[..count]
            .iter()
            .flat_map(|label| [label, "."])
            .collect();
        if !addressing::is_ours(network) && !store_names::address_exists(connection, &path)? {
            return Ok(None);
        }
        let origin: Vec<&str> = labels[..count].iter().rev().map(String::as_str).collect();
        Ok(Some(Self::new(
            origin.join("."),
            TTL,
            1,
            Kind::Reverse(path),
            service,
        )))
    }

    /// How many labels its name has.
    pub(crate) fn labels(&self) -> usize {
        self.origin.split('.').count()
    }

    /// The name server and the hostmaster of its SOA record, and its timers.
    pub(crate) fn authority(&self) -> (String, String, [u32; 3]) {
        (self.service.server(), self.service.hostmaster(), TIMERS)
    }

    /// Whether it has anything at or below a path, which is empty for the zone itself.
    pub(crate) fn exists(&self, connection: &Connection, path: &str) -> CloudResult<bool> {
        if path.is_empty() {
            return Ok(true);
        }
        match &self.kind {
            Kind::Managed(id) => Ok(store_names::exists(connection, *id, path)?),
            Kind::Reverse(zone) => Ok(store_names::address_exists(
                connection,
                &format!("{zone}{path}"),
            )?),
            Kind::Own => Ok(path == "ns1."
                || path.strip_suffix('.') == Some(ADDRESSES)
                || own_address(connection, path)?.is_some()),
        }
    }

    /// The records of one type at a path: no more than an answer holds.
    pub(crate) fn records(
        &self,
        connection: &Connection,
        path: &str,
        kind: &RecordType,
    ) -> CloudResult<Vec<RecordSpec>> {
        let mut found = Vec::new();
        if path.is_empty() && *kind == RecordType::Ns {
            found.push(spec(kind, self.service.server()));
        }
        match &self.kind {
            Kind::Managed(id) => {
                let set = store_names::set(connection, *id, path, kind, SET_COUNT)?;
                found.extend(set.into_iter().map(|record| record.spec));
            }
            Kind::Reverse(zone) if *kind == RecordType::Ptr => {
                found.extend(self.names_of(connection, &format!("{zone}{path}"))?);
            }
            Kind::Own if path == "ns1." => {
                let ips = self.service.addresses.iter().copied();
                found.extend(ips.filter_map(|ip| address(ip, kind)));
            }
            Kind::Own => {
                let ip = own_address(connection, path)?;
                found.extend(ip.and_then(|ip| address(ip, kind)));
            }
            Kind::Reverse(_) => {}
        }
        let mut length = 0;
        let fits = |(index, record): &(usize, RecordSpec)| {
            length += record.data.len();
            size(kind, index + 1, length) <= SET_MAX
        };
        let found = found.into_iter().enumerate().take_while(fits);
        Ok(found.map(|(_, record)| record).collect())
    }

    /// Whether it has records at a path, and not only below it.
    pub(crate) fn has_records(&self, connection: &Connection, path: &str) -> CloudResult<bool> {
        Ok(match &self.kind {
            _ if path.is_empty() => true,
            Kind::Managed(id) => store_names::any(connection, *id, path, None)?.is_some(),
            Kind::Reverse(_) => !self.records(connection, path, &RecordType::Ptr)?.is_empty(),
            Kind::Own => path != "vm." && self.exists(connection, path)?,
        })
    }

    /// The names of the address at a path. None is below the service's own name but
    /// those that it gives.
    fn names_of(&self, connection: &Connection, path: &str) -> CloudResult<Vec<RecordSpec>> {
        let names = store_names::names_of_address(connection, path, SET_COUNT)?;
        let own = || {
            let label = addressing::own_label(address_of(path)?);
            Some(format!("{label}.{ADDRESSES}.{}.", self.service.name))
        };
        let name = |name: Option<String>| match name {
            Some(name) => {
                let normal = cloudsfor_types::names::normal(&name);
                Some(name).filter(|_| !is_within(&normal, &self.service.name))
            }
            None => own(),
        };
        let names = names.into_iter().filter_map(name);
        Ok(names.map(|name| spec(&RecordType::Ptr, name)).collect())
    }
}

/// The address that the service's own zone names at a path, if a VM has it whose
/// name can be in no domain.
fn own_address(connection: &Connection, path: &str) -> CloudResult<Option<IpAddr>> {
    let label = path
        .strip_prefix(ADDRESSES)
        .and_then(|rest| rest.strip_prefix('.'));
    let label = label.and_then(|label| label.strip_suffix('.'));
    let Some(ip) = label.and_then(addressing::of_own_label) else {
        return Ok(None);
    };
    let reverse = addressing::reverse_name(ip);
    let path = store_names::path(reverse.trim_end_matches('.'));
    let names = store_names::names_of_address(connection, &path, SET_COUNT)?;
    Ok(names.iter().any(Option::is_none).then_some(ip))
}

/// The address whose reverse name has this path.
fn address_of(path: &str) -> Option<IpAddr> {
    let mut labels = path.strip_suffix('.')?.split('.').skip(1);
    match labels.next()? {
        "in-addr" => labels.collect::<Vec<_>>().join(".").parse().ok(),
        _ => {
            let digits: String = labels.collect();
            let bits = u128::from_str_radix(&digits, 16).ok();
            bits.filter(|_| digits.len() == 32)
                .map(|bits| IpAddr::from(bits.to_be_bytes()))
        }
    }
}

fn address(ip: IpAddr, kind: &RecordType) -> Option<RecordSpec> {
    let of_ip = if ip.is_ipv4() {
        RecordType::A
    } else {
        RecordType::Aaaa
    };
    (of_ip == *kind).then(|| spec(kind, ip.to_string()))
}

fn spec(kind: &RecordType, data: String) -> RecordSpec {
    RecordSpec {
        r#type: kind.clone(),
        name: String::new(),
        data,
        priority: None,
        port: None,
        weight: None,
    }
}
