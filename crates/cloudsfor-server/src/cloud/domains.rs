//! Managed domains.

use std::fmt::Write as _;

use cloudsfor_types::{CreateDomain, Domain, RecordSpec, RecordType};
use rusqlite::Connection;

use super::error::{CloudError, CloudResult};
use super::records;
use super::tx::Tx;
use crate::store::accounts::AccountId;
use crate::store::domains::{self, DomainRow, RecordRow};
use crate::store::window::Position;

/// How long records may be kept, in seconds.
const TTL: u32 = 1800;

/// The service's own name server, which a zone must name.
const NAME_SERVER: &str = "ns1.cloudsfor.com.";

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
        name: row.name,
        ttl: Some(row.ttl.into()),
        extra: Default::default(),
    })
}

/// The zone as text. The names of addresses belong to other zones.
fn zone_file(domain: &DomainRow, records: &[RecordRow]) -> String {
    let mut zone = format!("$ORIGIN {}.\n$TTL {}\n", domain.name, domain.ttl);
    let _ = writeln!(
        zone,
        "@ IN SOA {NAME_SERVER} hostmaster.cloudsfor.com. {} 10800 3600 604800 {}",
        domain.serial, domain.ttl
    );
    let _ = writeln!(zone, "@ IN NS {NAME_SERVER}");
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
