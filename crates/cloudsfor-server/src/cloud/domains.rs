//! Managed domains.

use std::fmt::Write as _;

use cloudsfor_types::{CreateDomain, Domain, RecordSpec, RecordType, names};
use rusqlite::Connection;

use super::error::{CloudError, CloudResult};
use super::tx::Tx;
use super::{addressing, records};
use crate::store::accounts::AccountId;
use crate::store::domains::{self, DomainRow, RecordRow};
use crate::store::window::Position;

/// How long records may be kept, in seconds.
const TTL: u32 = 1800;

/// The service's own name server, which a zone must name.
const NAME_SERVER: &str = "ns1.cloudsfor.com.";

/// Where its operator gets mail, as DNS writes it.
const HOSTMASTER: &str = "hostmaster.cloudsfor.com.";

/// Adds a domain.
pub fn create(tx: &Tx<'_>, account: AccountId, request: &CreateDomain) -> CloudResult<Domain> {
    let name = &request.name;
    if let Some(other) = in_the_way(tx.connection, account, name)? {
        return Err(CloudError::Conflict(format!(
            "the domain {name} is managed already, or one above or below it by another account \
             ({other}): names are unique"
        )));
    }
    let id = domains::insert(tx.connection, account, name, TTL, tx.second())?;
    if let Some(ip) = request.ip_address {
        let spec = RecordSpec {
            r#type: RecordType::A,
            name: "@".into(),
            data: ip.to_string(),
            priority: None,
            port: None,
            weight: None,
        };
        domains::insert_record(tx.connection, id, &spec, None, tx.second())?;
    }
    records::follow_all(tx, account, name)?;
    get(tx.connection, account, name)
}

/// The domain that keeps this one from being added.
fn in_the_way(
    connection: &Connection,
    account: AccountId,
    name: &str,
) -> CloudResult<Option<String>> {
    if let Some(same) = domains::by_name(connection, name)? {
        return Ok(Some(same.name));
    }
    let above = parents(name).map(|parent| domains::by_name(connection, parent));
    for domain in above {
        if let Some(domain) = domain?
            && domain.account != account
        {
            return Ok(Some(domain.name));
        }
    }
    Ok(domains::below_of_other(connection, account, name)?.map(|domain| domain.name))
}

/// The names above this one, the nearest first.
pub(super) fn parents(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('.').map(|(at, _)| &name[at + 1..])
}

/// The account's domains, oldest first, with their places in the list.
pub fn list(connection: &Connection, account: AccountId) -> CloudResult<Vec<(Position, Domain)>> {
    let domains = domains::list(connection, account)?;
    domains
        .into_iter()
        .map(|row| Ok((row.position(), view(connection, row)?)))
        .collect()
}

/// The account's domain of this name.
pub fn get(connection: &Connection, account: AccountId, name: &str) -> CloudResult<Domain> {
    view(connection, row(connection, account, name)?)
}

pub(super) fn row(
    connection: &Connection,
    account: AccountId,
    name: &str,
) -> CloudResult<DomainRow> {
    domains::by_name(connection, name)?
        .filter(|domain| domain.account == account)
        .ok_or_else(|| CloudError::NotFound {
            what: "domain",
            id: name.to_owned(),
        })
}

/// Deletes the account's domain with its records.
pub fn delete(tx: &Tx<'_>, account: AccountId, name: &str) -> CloudResult<()> {
    let domain = row(tx.connection, account, name)?;
    domains::delete(tx.connection, domain.id)?;
    // A domain above it may have its VMs from now on.
    records::follow_all(tx, account, &domain.name)
}

fn view(connection: &Connection, row: DomainRow) -> CloudResult<Domain> {
    let records = domains::records(connection, row.id)?;
    Ok(Domain {
        zone_file: Some(zone_file(&row, &records)),
        name_unicode: names::unicode(&row.name),
        name: row.name,
        ttl: Some(row.ttl.into()),
        extra: Default::default(),
    })
}

/// A state of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    /// The domain's name.
    pub domain: String,
    serial: u32,
    newest_record: Option<u32>,
}

/// What answers for a name.
#[derive(Debug)]
pub enum Zone<T> {
    /// What the caller has kept of its version.
    Kept(T),
    /// A zone file.
    Text {
        /// The zone's name.
        origin: String,
        /// The file.
        text: String,
        /// The version of which it can be kept.
        version: Option<Version>,
    },
}

/// The zone that answers for a name: that of the managed domain which it is
/// nearest below, or one of the names of our addresses. `kept` says what the caller
/// has of a version.
pub fn zone<T>(
    connection: &Connection,
    name: &str,
    kept: impl FnOnce(&Version) -> Option<T>,
) -> CloudResult<Option<Zone<T>>> {
    let name = name.strip_suffix('.').unwrap_or(name);
    for above in std::iter::once(name).chain(parents(name)) {
        let Some(domain) = domains::by_name(connection, above)? else {
            continue;
        };
        let version = Version {
            domain: domain.name.to_ascii_lowercase(),
            serial: domain.serial,
            newest_record: domains::newest_record(connection, domain.id)?,
        };
        if let Some(kept) = kept(&version) {
            return Ok(Some(Zone::Kept(kept)));
        }
        let records = domains::records(connection, domain.id)?;
        return Ok(Some(Zone::Text {
            origin: format!("{}.", domain.name),
            text: zone_file(&domain, &records),
            version: Some(version),
        }));
    }
    let Some((ip, origin)) = addressing::of_reverse_name(name) else {
        return Ok(None);
    };
    let reverse_name = addressing::reverse_name(ip);
    let names = domains::names_of_address(connection, &reverse_name)?;
    if names.is_empty() && !addressing::is_ours(ip) {
        return Ok(None);
    }
    let mut text = head(&origin, TTL, 1);
    for name in names {
        let _ = writeln!(text, "{reverse_name} IN PTR {name}");
    }
    Ok(Some(Zone::Text {
        origin,
        text,
        version: None,
    }))
}

/// What each zone begins with.
fn head(origin: &str, ttl: u32, serial: u32) -> String {
    format!(
        "$ORIGIN {origin}\n$TTL {ttl}\n\
         @ IN SOA {NAME_SERVER} {HOSTMASTER} {serial} 10800 3600 604800 {ttl}\n\
         @ IN NS {NAME_SERVER}\n"
    )
}

/// The zone as text. The names of addresses belong to other zones.
fn zone_file(domain: &DomainRow, records: &[RecordRow]) -> String {
    let mut zone = head(&format!("{}.", domain.name), domain.ttl, domain.serial);
    for RecordRow {
        spec, follows_vm, ..
    } in records
    {
        if *follows_vm && spec.r#type == RecordType::Ptr {
            continue;
        }
        let _ = write!(zone, "{} IN {}", spec.name, spec.r#type);
        let numbers = [spec.priority, spec.weight, spec.port];
        for number in numbers.into_iter().flatten() {
            let _ = write!(zone, " {number}");
        }
        let _ = match spec.r#type {
            RecordType::Txt => writeln!(zone, " {}", quoted(&spec.data)),
            // In full, as not every reader knows '@' here.
            _ if spec.data == "@" => writeln!(zone, " {}.", domain.name),
            _ => writeln!(zone, " {}", spec.data),
        };
    }
    zone
}

/// Text as character strings of at most 255 bytes.
fn quoted(text: &str) -> String {
    let pieces: Vec<_> = text
        .as_bytes()
        .chunks(255)
        .map(|piece| {
            let piece = String::from_utf8_lossy(piece);
            format!("\"{}\"", piece.replace('\\', "\\\\").replace('"', "\\\""))
        })
        .collect();
    pieces.join(" ")
}

#[cfg(all(test, feature = "serve"))]
mod tests {
    use hickory_server::proto::rr::RData;
    use hickory_server::proto::serialize::txt::Parser;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_zone_file_parses_back_to_the_same_text(
            name in "(\\*\\.)?[a-z0-9_]([a-z0-9-]{0,20}[a-z0-9])?",
            text in "[ -~]{1,600}",
        ) {
            let domain = DomainRow {
                id: 1,
                account: AccountId(1),
                name: "example.com".into(),
                ttl: TTL,
                serial: 7,
                created_at: 0,
            };
            let record = RecordRow {
                id: 1,
                spec: RecordSpec {
                    r#type: RecordType::Txt,
                    name: name.clone(),
                    data: text.clone(),
                    priority: None,
                    port: None,
                    weight: None,
                },
                follows_vm: false,
                created_at: 0,
            };
            let zone = zone_file(&domain, &[record]);
            let (_, sets) = Parser::new(zone, None, None).parse().unwrap();
            let found: Vec<_> = sets
                .values()
                .flat_map(|set| set.records_without_rrsigs())
                .filter_map(|record| match &record.data {
                    RData::TXT(txt) => Some((record.name.to_string(), txt.txt_data.concat())),
                    _ => None,
                })
                .collect();
            prop_assert_eq!(found, [(format!("{name}.example.com."), text.into_bytes())]);
        }
    }
}
