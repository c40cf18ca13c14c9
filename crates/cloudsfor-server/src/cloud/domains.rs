//! Managed domains.

use cloudsfor_types::{CreateDomain, Domain, FieldFault, RecordSpec, RecordType, names};
use rusqlite::Connection;

use super::error::{CloudError, CloudResult};
use super::name_service::NameService;
use super::tx::Tx;
use super::zone_file::zone_file;
use super::{quota, records};
use crate::store::accounts::AccountId;
use crate::store::domains::{self, DomainRow};
use crate::store::window::Position;

/// How long records may be kept, in seconds.
pub(super) const TTL: u32 = 1800;

/// Adds a domain.
pub fn create(tx: &Tx<'_>, account: AccountId, request: &CreateDomain) -> CloudResult<Domain> {
    let name = &request.name;
    if let Some(why) = NameService::of(tx.connection)?.refusal(name) {
        return Err(CloudError::Invalid(vec![FieldFault::new("name", why)]));
    }
    if let Some(other) = in_the_way(tx.connection, account, name)? {
        return Err(CloudError::Conflict(format!(
            "the domain {name} is managed already, or one above or below it by another account \
             ({other}): names are unique"
        )));
    }
    quota::check_domain(tx, account)?;
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
        domains::insert_record(tx.connection, id, &spec, Some(""), None, tx.second())?;
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

/// The names above this one that can be domains, the nearest first: those of two
/// labels or more.
pub(super) fn parents(name: &str) -> impl Iterator<Item = &str> {
    let above = name.match_indices('.').map(|(at, _)| &name[at + 1..]);
    above.filter(|name| name.contains('.'))
}

/// The account's domains, oldest first, with their places in the list.
pub fn list(connection: &Connection, account: AccountId) -> CloudResult<Vec<(Position, Domain)>> {
    let service = NameService::of(connection)?;
    let domains = domains::list(connection, account)?;
    domains
        .into_iter()
        .map(|row| Ok((row.position(), view(connection, &service, row)?)))
        .collect()
}

/// The account's domain of this name.
pub fn get(connection: &Connection, account: AccountId, name: &str) -> CloudResult<Domain> {
    let service = NameService::of(connection)?;
    view(connection, &service, row(connection, account, name)?)
}

/// The account's domain of this name, which may be in another alphabet and in any
/// case of letters.
pub(super) fn row(
    connection: &Connection,
    account: AccountId,
    name: &str,
) -> CloudResult<DomainRow> {
    let in_ascii = names::domain(name);
    domains::by_name(connection, in_ascii.as_deref().unwrap_or(name))?
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

/// The domains that accounts have from before they were refused, and that are no
/// longer served: those in the reverse zones and below the service's own name.
pub fn not_served(connection: &Connection) -> CloudResult<Vec<String>> {
    let service = NameService::of(connection)?;
    let mut found = Vec::new();
    for zone in service.own_zones() {
        let domains = domains::at_or_below(connection, zone)?;
        found.extend(domains.into_iter().map(|domain| domain.name));
    }
    Ok(found)
}

fn view(connection: &Connection, service: &NameService, row: DomainRow) -> CloudResult<Domain> {
    let records = domains::records(connection, row.id)?;
    Ok(Domain {
        zone_file: Some(zone_file(service, &row, &records)),
        name_unicode: names::unicode(&row.name),
        name: row.name,
        ttl: Some(row.ttl.into()),
        extra: Default::default(),
    })
}
