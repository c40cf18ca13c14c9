//! Records of managed domains: the account's own, and those that follow its VMs.
//!
//! A VM whose name is a managed domain of its account, or in one, has its
//! addresses there (A, AAAA) and the names of its addresses (PTR). They follow
//! its creation, renaming and deletion, and can't be changed otherwise.

use std::net::IpAddr;

use cloudsfor_types::{DomainRecord, FieldFault, RecordSpec, RecordType, names};
use rusqlite::Connection;

use super::error::{CloudError, CloudResult};
use super::name_service::NameService;
use super::tx::Tx;
use super::{addressing, domains as managed, quota, record_rules};
use crate::store::accounts::AccountId;
use crate::store::domains::{self, DomainRow, RecordRow};
use crate::store::names as store_names;
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

/// Adds a record to the account's domain, given in the form in which it is kept:
/// that of [`RecordSpec::in_domain`].
pub fn create(
    tx: &Tx<'_>,
    account: AccountId,
    domain: &str,
    spec: &RecordSpec,
) -> CloudResult<DomainRecord> {
    let domain = managed::row(tx.connection, account, domain)?;
    let path = path_of(&spec.name, &domain)?;
    record_rules::check(tx.connection, &domain, spec, &path, None)?;
    quota::check_record(tx, account, domain.id)?;
    let (connection, path) = (tx.connection, Some(path.as_str()));
    let id = domains::insert_record(connection, domain.id, spec, path, None, tx.second())?;
    domains::touch(tx.connection, domain.id)?;
    row(tx.connection, domain.id, &id.to_string()).map(view)
}

/// Puts another record in the place of one of the account's domain, given as in
/// [`create`].
pub fn update(
    tx: &Tx<'_>,
    account: AccountId,
    domain: &str,
    id: &str,
    spec: &RecordSpec,
) -> CloudResult<DomainRecord> {
    let domain = managed::row(tx.connection, account, domain)?;
    let record = own(row(tx.connection, domain.id, id)?)?;
    let path = path_of(&spec.name, &domain)?;
    record_rules::check(tx.connection, &domain, spec, &path, Some(record.id))?;
    domains::update_record(tx.connection, record.id, spec, &path)?;
    domains::touch(tx.connection, domain.id)?;
    alias_gone(tx, &domain, &record)?;
    row(tx.connection, domain.id, id).map(view)
}

/// Deletes a record of the account's domain.
pub fn delete(tx: &Tx<'_>, account: AccountId, domain: &str, id: &str) -> CloudResult<()> {
    let domain = managed::row(tx.connection, account, domain)?;
    let record = own(row(tx.connection, domain.id, id)?)?;
    domains::delete_record(tx.connection, record.id)?;
    domains::touch(tx.connection, domain.id)?;
    alias_gone(tx, &domain, &record)
}

fn path_of(name: &str, domain: &DomainRow) -> CloudResult<String> {
    let relative = names::record_name(name, &domain.name)
        .map_err(|fault| CloudError::Invalid(vec![FieldFault::new("name", fault)]))?;
    Ok(store_names::relative_path(&relative))
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

/// A VM whose name had a CNAME, from before that was refused, has its own records
/// there once the CNAME is gone.
fn alias_gone(tx: &Tx<'_>, domain: &DomainRow, record: &RecordRow) -> CloudResult<()> {
    if record.spec.r#type != RecordType::Cname {
        return Ok(());
    }
    let Ok(relative) = names::record_name(&record.spec.name, &domain.name) else {
        return Ok(());
    };
    let name = names::full_name(&relative, &domain.name);
    let vms = vms::named(tx.connection, domain.account, &name)?;
    vms.iter().try_for_each(|vm| follow(tx, vm))
}

/// Makes the records of a VM what they should be.
pub(super) fn follow(tx: &Tx<'_>, vm: &VmRecord) -> CloudResult<()> {
    domains::forget_vm(tx.connection, &vm.id)?;
    begin(tx, vm)
}

/// Makes the records of a VM that has none.
pub(super) fn begin(tx: &Tx<'_>, vm: &VmRecord) -> CloudResult<()> {
    if !vm.name.contains('.') {
        return addresses(vm).try_for_each(|ip| name_address(tx, vm, ip, None));
    }
    let Some((domain, relative)) = nearest_domain(tx, vm)? else {
        return Ok(());
    };
    let path = store_names::relative_path(&relative);
    let connection = tx.connection;
    if let Some(alias) =
        store_names::of_type(connection, domain.id, &path, &RecordType::Cname, None)?
    {
        tracing::warn!(
            vm = %vm.id, name = vm.name, record = alias,
            "a VM's name has a CNAME: its addresses are left out of DNS"
        );
        return Ok(());
    }
    let name = names::shown_record_name(&relative, &domain.name);
    for ip in addresses(vm) {
        let kind = if ip.is_ipv4() {
            RecordType::A
        } else {
            RecordType::Aaaa
        };
        let address = spec(kind, name.clone(), ip.to_string());
        let (id, now) = (Some(&vm.id), tx.second());
        domains::insert_record(connection, domain.id, &address, Some(&path), id, now)?;
        let target = format!("{}.", vm.name);
        name_address(tx, vm, ip, Some(&target))?;
        let pointer = spec(RecordType::Ptr, addressing::reverse_name(ip), target);
        domains::insert_record(connection, domain.id, &pointer, None, id, now)?;
    }
    Ok(domains::touch(connection, domain.id)?)
}

/// The domain that a VM's name is in, if its account has one that is served, and
/// the name's relative form there.
fn nearest_domain(tx: &Tx<'_>, vm: &VmRecord) -> CloudResult<Option<(DomainRow, String)>> {
    let names = std::iter::once(vm.name.as_str()).chain(managed::parents(&vm.name));
    for name in names {
        let Some(domain) = domains::by_name(tx.connection, name)? else {
            continue;
        };
        let service = NameService::of(tx.connection)?;
        if domain.account != vm.account || !service.serves(&domain.name) {
            return Ok(None);
        }
        let relative = match vm.name.len().checked_sub(domain.name.len() + 1) {
            Some(length) => vm.name[..length].to_owned(),
            None => "@".to_owned(),
        };
        return Ok(Some((domain, relative)));
    }
    Ok(None)
}

fn addresses(vm: &VmRecord) -> impl Iterator<Item = IpAddr> {
    let v4 = IpAddr::V4(addressing::public_v4(vm));
    let v6 = addressing::public_v6(vm).map(IpAddr::V6);
    std::iter::once(v4).chain(v6)
}

fn name_address(tx: &Tx<'_>, vm: &VmRecord, ip: IpAddr, name: Option<&str>) -> CloudResult<()> {
    let reverse = addressing::reverse_name(ip);
    let path = store_names::path(reverse.trim_end_matches('.'));
    Ok(store_names::name_address(
        tx.connection,
        &path,
        &vm.id,
        name,
    )?)
}

fn spec(kind: RecordType, name: String, data: String) -> RecordSpec {
    RecordSpec {
        r#type: kind,
        name,
        data,
        priority: None,
        port: None,
        weight: None,
    }
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
