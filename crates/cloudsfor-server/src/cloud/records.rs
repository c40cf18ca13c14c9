//! Records of managed domains: the account's own, and those that follow its VMs.
//!
//! A VM whose name is a managed domain of its account, or in one, has its
//! addresses there (A, AAAA) and the names of its addresses (PTR). They follow
//! its creation, renaming and deletion, and can't be changed otherwise.

use std::net::IpAddr;

use cloudsfor_types::{DomainRecord, RecordSpec, RecordType, names};
use rusqlite::Connection;

use super::error::{CloudError, CloudResult};
use super::tx::Tx;
use super::{addressing, domains as managed};
use crate::store::accounts::AccountId;
use crate::store::domains::{self, RecordRow};
use crate::store::vms::{self, VmRecord};
use crate::store::window::Position;

/// The records of the account's domain, oldest first, with their places in the
/// list.
pub fn list(
    connection: &Connection,
    account: AccountId,
    domain: &str,
) -> CloudResult<Vec<(Position, DomainRecord)>> {
    let domain = managed::row(connection, account, domain)?;
    let records = domains::records(connection, domain.id)?;
    Ok(records
        .into_iter()
        .map(|record| (record.position(), view(record)))
        .collect())
}

/// The record with this id of the account's domain.
pub fn get(
    connection: &Connection,
    account: AccountId,
    domain: &str,
    id: &str,
) -> CloudResult<DomainRecord> {
    let domain = managed::row(connection, account, domain)?;
    row(connection, domain.id, id).map(view)
}

fn row(connection: &Connection, domain_id: i64, id: &str) -> CloudResult<RecordRow> {
    let number = id.parse().ok();
    let record = number
        .map(|id| domains::get_record(connection, domain_id, id))
        .transpose()?;
    record.flatten().ok_or_else(|| CloudError::NotFound {
        what: "record",
        id: id.to_owned(),
    })
}

/// Adds a record to the account's domain.
pub fn create(
    tx: &Tx<'_>,
    account: AccountId,
    domain: &str,
    spec: &RecordSpec,
) -> CloudResult<DomainRecord> {
    let domain = managed::row(tx.connection, account, domain)?;
    check(tx.connection, domain.id, spec, None)?;
    let id = domains::insert_record(tx.connection, domain.id, spec, None, tx.second())?;
    domains::touch(tx.connection, domain.id)?;
    row(tx.connection, domain.id, &id.to_string()).map(view)
}

/// Puts another record in the place of one of the account's domain.
pub fn update(
    tx: &Tx<'_>,
    account: AccountId,
    domain: &str,
    id: &str,
    spec: &RecordSpec,
) -> CloudResult<DomainRecord> {
    let domain = managed::row(tx.connection, account, domain)?;
    let record = own(row(tx.connection, domain.id, id)?)?;
    check(tx.connection, domain.id, spec, Some(record.id))?;
    domains::update_record(tx.connection, record.id, spec)?;
    domains::touch(tx.connection, domain.id)?;
    row(tx.connection, domain.id, id).map(view)
}

/// Deletes a record of the account's domain.
pub fn delete(tx: &Tx<'_>, account: AccountId, domain: &str, id: &str) -> CloudResult<()> {
    let domain = managed::row(tx.connection, account, domain)?;
    let record = own(row(tx.connection, domain.id, id)?)?;
    domains::delete_record(tx.connection, record.id)?;
    Ok(domains::touch(tx.connection, domain.id)?)
}

fn own(record: RecordRow) -> CloudResult<RecordRow> {
    if record.follows_vm {
        return Err(CloudError::Forbidden(format!(
            "the record {} follows a VM and can't be changed: rename or delete the VM",
            record.id
        )));
    }
    Ok(record)
}

/// No record twice, and nothing beside a CNAME (as DNS has it).
fn check(
    connection: &Connection,
    domain_id: i64,
    spec: &RecordSpec,
    but: Option<u32>,
) -> CloudResult<()> {
    let others = domains::records(connection, domain_id)?;
    let others = others.iter().filter(|other| Some(other.id) != but);
    let conflict = |other: &RecordRow, why: &str| {
        Err(CloudError::Conflict(format!(
            "the domain has the record {} already: {why}",
            other.id
        )))
    };
    for other in others.filter(|other| other.spec.name.eq_ignore_ascii_case(&spec.name)) {
        if other.spec.r#type == spec.r#type && other.spec.data == spec.data {
            return conflict(other, "it says the same");
        }
        if [&other.spec.r#type, &spec.r#type].contains(&&RecordType::Cname) {
            return conflict(other, "no record can be beside a CNAME of the same name");
        }
    }
    Ok(())
}

/// Makes the records of a VM what they should be.
pub(super) fn follow(tx: &Tx<'_>, vm: &VmRecord) -> CloudResult<()> {
    domains::forget_vm(tx.connection, &vm.id)?;
    let names = std::iter::once(vm.name.as_str()).chain(managed::parents(&vm.name));
    for name in names {
        let Some(domain) = domains::by_name(tx.connection, name)? else {
            continue;
        };
        if domain.account != vm.account {
            break;
        }
        let relative = match vm.name.len().checked_sub(domain.name.len() + 1) {
            Some(length) => &vm.name[..length],
            None => "@",
        };
        for spec in specs(vm, relative) {
            domains::insert_record(tx.connection, domain.id, &spec, Some(&vm.id), tx.second())?;
        }
        domains::touch(tx.connection, domain.id)?;
        break;
    }
    Ok(())
}

/// Makes the records of all of the account's VMs in a domain what they should
/// be, after the domain came or went.
pub(super) fn follow_all(tx: &Tx<'_>, account: AccountId, domain: &str) -> CloudResult<()> {
    let vms = vms::named_within(tx.connection, account, domain)?;
    vms.iter().try_for_each(|vm| follow(tx, vm))
}

/// Removes the records of a VM that is being deleted.
pub(super) fn forget(tx: &Tx<'_>, vm: &VmRecord) -> CloudResult<()> {
    Ok(domains::forget_vm(tx.connection, &vm.id)?)
}

fn specs(vm: &VmRecord, relative: &str) -> Vec<RecordSpec> {
    let v4 = IpAddr::V4(addressing::public_v4(vm));
    let v6 = addressing::public_v6(vm).map(IpAddr::V6);
    let spec = |kind, name: String, data: String| RecordSpec {
        r#type: kind,
        name,
        data,
        priority: None,
        port: None,
        weight: None,
    };
    let both = |ip: IpAddr| {
        let kind = if ip.is_ipv4() {
            RecordType::A
        } else {
            RecordType::Aaaa
        };
        [
            spec(kind, relative.to_owned(), ip.to_string()),
            spec(
                RecordType::Ptr,
                addressing::reverse_name(ip),
                format!("{}.", vm.name),
            ),
        ]
    };
    std::iter::once(v4).chain(v6).flat_map(both).collect()
}

fn view(record: RecordRow) -> DomainRecord {
    DomainRecord {
        id: record.id.into(),
        r#type: record.spec.r#type,
        name_unicode: names::unicode(&record.spec.name),
        name: Some(record.spec.name),
        data: Some(record.spec.data),
        priority: record.spec.priority.map(Into::into),
        port: record.spec.port.map(Into::into),
        weight: record.spec.weight.map(Into::into),
        extra: Default::default(),
    }
}
