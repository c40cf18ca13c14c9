//! Which records can be beside one another. All look-ups are by index: none reads
//! more of a domain than the names that are meant.

use cloudsfor_types::{Reason, RecordSpec, RecordType, names};
use rusqlite::Connection;

use super::domains::parents;
use super::error::{CloudError, CloudResult};
use crate::store::accounts::AccountId;
use crate::store::domains::{self, DomainRow};
use crate::store::names as store_names;
use crate::store::vms;

/// The most bytes that the records of one name and type take in an answer: with a
/// question, aliases on the way and the rest of a message, they fit its 65,535
/// (RFC 1035, section 4.2.2).
pub(super) const SET_MAX: usize = 48 * 1024;

/// The bytes of a record beside its data, with its owner's name as a pointer.
const HEAD: usize = 12;

/// No record twice, nothing beside a CNAME (RFC 1034, section 3.6.2), and no more
/// of one name and type than an answer holds. `but` is the record in whose place
/// this one comes.
pub(super) fn check(
    connection: &Connection,
    domain: &DomainRow,
    spec: &RecordSpec,
    path: &str,
    but: Option<u32>,
) -> CloudResult<()> {
    let exists = |id: u32, why: &str| {
        Err(CloudError::Conflict(format!(
            "the domain has the record {id} already: {why}"
        )))
    };
    if let Some(same) = store_names::same(connection, domain.id, path, spec, but)? {
        return exists(same, "it says the same");
    }
    if spec.r#type == RecordType::Cname {
        alone(connection, domain, spec, path, but)?;
    } else if let Some(alias) =
        store_names::of_type(connection, domain.id, path, &RecordType::Cname, but)?
    {
        return exists(alias, "no record can be beside a CNAME of the same name");
    }
    fits(connection, domain, spec, path, but)
}

/// Whether a CNAME would be the only record of its name.
fn alone(
    connection: &Connection,
    domain: &DomainRow,
    spec: &RecordSpec,
    path: &str,
    but: Option<u32>,
) -> CloudResult<()> {
    if path.is_empty() {
        return Err(CloudError::Conflict(format!(
            "{} has the records that every domain has (SOA, NS): no CNAME can be beside them",
            domain.name
        )));
    }
    if let Some(other) = store_names::any(connection, domain.id, path, but)? {
        return Err(CloudError::Conflict(format!(
            "the domain has the record {other} already: no record can be beside a CNAME of the \
             same name"
        )));
    }
    let Ok(relative) = names::record_name(&spec.name, &domain.name) else {
        return Ok(());
    };
    let name = names::full_name(&relative, &domain.name);
    match vms::holder_of_name(connection, domain.account, &name)? {
        Some(vm) => Err(CloudError::Conflict(format!(
            "the VM {vm} has the name {name}: no CNAME can be beside its address"
        ))),
        None => Ok(()),
    }
}

/// Whether a VM of the account can have a name: not one that has a CNAME.
pub(super) fn check_vm_name(
    connection: &Connection,
    account: AccountId,
    name: &str,
) -> CloudResult<()> {
    for above in std::iter::once(name).chain(parents(name)) {
        let Some(domain) = domains::by_name(connection, above)? else {
            continue;
        };
        if domain.account != account {
            break;
        }
        let relative = name[..name.len() - above.len()].trim_end_matches('.');
        let path = match relative {
            "" => String::new(),
            _ => store_names::path(relative),
        };
        let alias = store_names::of_type(connection, domain.id, &path, &RecordType::Cname, None)?;
        if let Some(alias) = alias {
            return Err(CloudError::Conflict(format!(
                "the name {name} has a CNAME, the record {alias} of the domain {}: delete that \
                 first, or take another name",
                domain.name
            )));
        }
    }
    Ok(())
}

fn fits(
    connection: &Connection,
    domain: &DomainRow,
    spec: &RecordSpec,
    path: &str,
    but: Option<u32>,
) -> CloudResult<()> {
    let kind = &spec.r#type;
    let (count, length) = store_names::size_of_set(connection, domain.id, path, kind, but)?;
    let size = size(kind, count + 1, length + spec.data.len());
    if size > SET_MAX {
        return Err(CloudError::Refused {
            reason: Reason::Quota,
            message: format!(
                "the {kind} records of this name would take {size} bytes in an answer of DNS, and \
                 the limit of a record set is {SET_MAX}: delete some of them first"
            ),
        });
    }
    Ok(())
}

/// At most so many bytes do records of one type take in an answer, whose data have
/// so many characters together.
pub(super) fn size(kind: &RecordType, count: usize, length: usize) -> usize {
    match kind {
        RecordType::A => count * (HEAD + 4),
        RecordType::Aaaa => count * (HEAD + 16),
        // A byte of length for each string.
        RecordType::Txt => count * (HEAD + 1) + length + length / 255,
        // Priority, weight and port, and one byte more than the name's characters.
        _ => count * (HEAD + 7) + length,
    }
}
