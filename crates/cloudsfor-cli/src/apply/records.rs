//! The records of a domain: what is to be made, changed and deleted so that its names
//! have the values of the file.
//!
//! Of a name and type that the file has, the file's values are the values. Names and
//! types that it doesn't have are left alone, as are the records that follow VMs.

use std::collections::HashMap;

use cloudsfor_types::{DomainRecord, RecordSpec, RecordType, Vm, names};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;

/// One thing to do in a domain.
#[derive(Debug)]
pub(super) enum RecordChange {
    Create(RecordSpec),
    /// Puts the values in the place of those of this record.
    Update(DomainRecord, RecordSpec),
    Delete(DomainRecord),
}

impl RecordChange {
    /// The sign, the record and the values of a step of the plan.
    pub(super) fn told(&self) -> (char, String, String) {
        match self {
            Self::Create(spec) => ('+', named(spec), values(spec)),
            Self::Update(is, spec) => {
                let was = is.spec().map(|is| values(&is)).unwrap_or_default();
                ('~', named(spec), format!("{was} -> {}", values(spec)))
            }
            Self::Delete(is) => match is.spec() {
                Some(is) => ('-', named(&is), values(&is)),
                None => ('-', is.id.to_string(), String::new()),
            },
        }
    }
}

fn named(spec: &RecordSpec) -> String {
    format!("{} {}", spec.r#type, spec.name)
}

fn values(spec: &RecordSpec) -> String {
    let numbers = [spec.priority, spec.weight, spec.port];
    let numbers = numbers
        .into_iter()
        .flatten()
        .map(|number| number.to_string());
    let all: Vec<_> = numbers.chain([spec.data.clone()]).collect();
    all.join(" ")
}

/// What brings the records of a domain to the wishes.
///
/// # Errors
/// If a record that the file doesn't have is in the way.
pub(super) fn changes(
    domain: &str,
    wishes: &[RecordSpec],
    existing: &[DomainRecord],
    vms: &[Vm],
    global: &Global,
) -> Result<Vec<RecordChange>, Failure> {
    let normal = |spec: &RecordSpec| spec.normal_in(domain).ok();
    // A record that can't be read can't be the file's: it is left alone.
    let existing: Vec<(RecordSpec, &DomainRecord)> = existing
        .iter()
        .filter_map(|record| Some((normal(&record.spec()?)?, record)))
        .collect();
    let own = existing
        .iter()
        .filter(|(spec, _)| !follows_vm(spec, domain, vms));
    let mut own: Vec<_> = own.cloned().collect();
    let mut missing: Vec<&RecordSpec> = Vec::new();
    let mut kept: Vec<u64> = Vec::new();
    for wish in wishes {
        let wanted = normal(wish);
        match own.iter().position(|(is, _)| Some(is) == wanted.as_ref()) {
            Some(at) => kept.push(own.swap_remove(at).1.id),
            None => missing.push(wish),
        }
    }
    // The list's own order.
    own.sort_by_key(|(_, record)| record.id);
    let mut managed: HashMap<(String, &RecordType), Vec<&DomainRecord>> = HashMap::new();
    for wish in wishes {
        let key = (wish.name.to_ascii_lowercase(), &wish.r#type);
        managed.entry(key).or_default();
    }
    for (spec, record) in &own {
        if let Some(others) = managed.get_mut(&(spec.name.clone(), &spec.r#type)) {
            others.push(record);
        }
    }
    for wish in &missing {
        let in_the_way = existing.iter().find(|(is, record)| {
            let is_managed = managed.contains_key(&(is.name.clone(), &is.r#type))
                && (own.iter().any(|(_, of)| of.id == record.id) || kept.contains(&record.id));
            let is_cname = [&is.r#type, &wish.r#type].contains(&&RecordType::Cname);
            is.name.eq_ignore_ascii_case(&wish.name) && is_cname && !is_managed
        });
        if let Some((is, record)) = in_the_way {
            return Err(conflict(domain, wish, is, record, vms, global));
        }
    }
    let mut changes = Vec::new();
    let mut creations = Vec::new();
    for wish in missing {
        let key = (wish.name.to_ascii_lowercase(), &wish.r#type);
        let others = managed.get_mut(&key).filter(|others| !others.is_empty());
        match others.map(|others| others.remove(0)) {
            Some(record) => changes.push(RecordChange::Update(record.clone(), wish.clone())),
            None => creations.push(RecordChange::Create(wish.clone())),
        }
    }
    let mut deletions: Vec<_> = managed.into_values().flatten().cloned().collect();
    deletions.sort_by_key(|record| record.id);
    changes.extend(creations);
    changes.extend(deletions.into_iter().map(RecordChange::Delete));
    Ok(changes)
}

/// Whether the record is one that the service keeps for a VM: the addresses of its
/// name, and the names of its addresses.
fn follows_vm(spec: &RecordSpec, domain: &str, vms: &[Vm]) -> bool {
    match spec.r#type {
        RecordType::Ptr => [".in-addr.arpa", ".ip6.arpa"]
            .iter()
            .any(|zone| names::normal(&spec.name).ends_with(zone)),
        RecordType::A | RecordType::Aaaa => {
            let name = names::normal(&names::full_name(&spec.name, domain));
            let mut named = vms.iter().filter(|vm| names::normal(&vm.name) == name);
            named.any(|vm| {
                let mut addresses = vm.networks.iter().flat_map(|of| of.iter());
                addresses.any(|address| address.ip_address == spec.data)
            })
        }
        _ => false,
    }
}

fn conflict(
    domain: &str,
    wish: &RecordSpec,
    is: &RecordSpec,
    record: &DomainRecord,
    vms: &[Vm],
    global: &Global,
) -> Failure {
    let what = format!(
        "the record {} of {domain} can't be what the file says",
        named(wish)
    );
    let why = format!(
        "the domain has {} ({}) beside it, and a CNAME is its name's only record",
        named(is),
        values(is)
    );
    let failure = Failure::new(Exit::Conflict, what, why);
    match follows_vm(is, domain, vms) {
        true => {
            failure.next("that record follows the VM of this name: give the record another name")
        }
        false => {
            let delete = format!("domain record delete {domain} {}", record.id);
            failure
                .next(format!("to delete it: {}", global.command(&delete)))
                .next("or give the record in the file another name")
        }
    }
}

#[cfg(test)]
mod tests {
    use cloudsfor_types::RecordSpec;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::testing::{a_vm, global};

    const DOMAIN: &str = "example.com";

    fn wish(text: &str) -> RecordSpec {
        let words: Vec<_> = text.split(' ').collect();
        let mut body = json!({"type": words[0], "name": words[1], "data": words[2]});
        if let Some(priority) = words.get(3) {
            body["priority"] = priority.parse::<u64>().unwrap().into();
        }
        RecordSpec::decode_in(body.as_object().unwrap().clone(), DOMAIN).unwrap()
    }

    fn stored(id: u64, spec: &RecordSpec) -> DomainRecord {
        let mut record = serde_json::to_value(spec).unwrap();
        record["id"] = id.into();
        serde_json::from_value(record).unwrap()
    }

    fn plan(wishes: &[&str], existing: &[&str]) -> Result<Vec<String>, Failure> {
        let wishes: Vec<_> = wishes.iter().map(|text| wish(text)).collect();
        let existing: Vec<_> = (1..)
            .zip(existing)
            .map(|(id, text)| stored(id, &wish(text)))
            .collect();
        let vms = [a_vm(json!({"name": "vm.example.com"}))];
        let changes = changes(DOMAIN, &wishes, &existing, &vms, &global())?;
        let told = changes.iter().map(RecordChange::told);
        Ok(told
            .map(|(sign, name, values)| format!("{sign} {name} {values}"))
            .collect())
    }

    #[test]
    fn the_files_values_are_the_values_of_a_name_and_type() {
        for (wishes, existing, told) in [
            (
                &["A www 192.0.2.2"][..],
                &["A www 192.0.2.1"][..],
                &["~ A www 192.0.2.1 -> 192.0.2.2"][..],
            ),
            (&["A www 192.0.2.1"], &["A WWW.example.com 192.0.2.1"], &[]),
            (
                &["A www 192.0.2.1"],
                &["A www 192.0.2.1", "A www 192.0.2.9"],
                &["- A www 192.0.2.9"],
            ),
            (
                &["A www 192.0.2.1", "A www 192.0.2.2"],
                &["A www 192.0.2.2"],
                &["+ A www 192.0.2.1"],
            ),
            (
                &["CNAME docs two"],
                &["CNAME docs one"],
                &["~ CNAME docs one.example.com. -> two.example.com."],
            ),
            (
                &["MX @ mail 20"],
                &["MX @ mail 10"],
                &["~ MX @ 10 mail.example.com. -> 20 mail.example.com."],
            ),
            (&["TXT k AbC"], &["TXT k aBc"], &["~ TXT k aBc -> AbC"]),
            (&["CNAME old host"], &["CNAME old HOST.example.com"], &[]),
            (
                &["CNAME old host"],
                &["CNAME old host."],
                &["~ CNAME old host. -> host.example.com."],
            ),
            // Other names and types, and what follows a VM, are left alone.
            (
                &["TXT www x"],
                &["A www 192.0.2.1", "TXT other y"],
                &["+ TXT www x"],
            ),
            (
                &["A vm 192.0.2.1"],
                &["A vm 100.64.0.2"],
                &["+ A vm 192.0.2.1"],
            ),
        ] {
            assert_eq!(
                plan(wishes, existing).unwrap(),
                told,
                "{wishes:?} {existing:?}"
            );
        }
    }

    #[test]
    fn what_is_in_the_way_of_a_cname_is_told_before_anything_is_done() {
        for (wishes, existing) in [
            (&["CNAME www a"][..], &["A www 192.0.2.1"][..]),
            (&["A www 192.0.2.1"], &["CNAME www a"]),
            (&["CNAME vm a"], &["A vm 100.64.0.2"]),
        ] {
            let failure = plan(wishes, existing).unwrap_err();
            assert_eq!(failure.exit.code(), 5, "{wishes:?}");
        }
    }

    fn any_spec() -> impl Strategy<Value = RecordSpec> {
        let name = prop_oneof![
            Just("@"),
            Just("a"),
            Just("b"),
            Just("B"),
            Just("a.example.com")
        ];
        let values = prop_oneof![
            "192[.]0[.]2[.][1-3]".prop_map(|data| format!("A N {data}")),
            "[a-bA-B]{1,2}".prop_map(|data| format!("TXT N {data}")),
            ("[a-b]{1,2}([.]?|[.]example[.]net)", 0u16..3)
                .prop_map(|(data, n)| format!("MX N {data} {n}")),
        ];
        (name, values).prop_map(|(name, values)| wish(&values.replacen('N', name, 1)))
    }

    proptest! {
        /// After the changes, a second plan is empty, and each name and type of the file
        /// has the file's values.
        #[test]
        fn a_second_plan_is_empty(
            wishes in prop::collection::vec(any_spec(), 0..6),
            existing in prop::collection::vec(any_spec(), 0..6),
        ) {
            let unique = |specs: Vec<RecordSpec>| {
                let mut all: Vec<RecordSpec> = Vec::new();
                for spec in specs {
                    let normal = spec.normal_in(DOMAIN).unwrap();
                    if all.iter().all(|other| other.normal_in(DOMAIN).unwrap() != normal) {
                        all.push(spec);
                    }
                }
                all
            };
            let wishes = unique(wishes);
            let mut records: Vec<_> = (1..).zip(unique(existing)).map(|(id, spec)| stored(id, &spec)).collect();
            let before: Vec<_> = records.clone();
            let planned = changes(DOMAIN, &wishes, &records, &[], &global()).unwrap();
            for change in planned {
                match change {
                    RecordChange::Create(spec) => records.push(stored(100 + records.len() as u64, &spec)),
                    RecordChange::Update(is, spec) => {
                        let at = records.iter().position(|record| record.id == is.id).unwrap();
                        records[at] = stored(is.id, &spec);
                    }
                    RecordChange::Delete(is) => records.retain(|record| record.id != is.id),
                }
            }
            prop_assert!(changes(DOMAIN, &wishes, &records, &[], &global()).unwrap().is_empty());
            let kind = |spec: &RecordSpec| (spec.name.to_ascii_lowercase(), spec.r#type.clone());
            for record in &records {
                let spec = record.spec().unwrap().normal_in(DOMAIN).unwrap();
                let is_named = wishes.iter().any(|wish| kind(&wish.normal_in(DOMAIN).unwrap()) == kind(&spec));
                let is_wanted = wishes.iter().any(|wish| wish.normal_in(DOMAIN).unwrap() == spec);
                let was_there = before.iter().any(|other| other.id == record.id);
                prop_assert!(is_wanted || (!is_named && was_there));
            }
        }
    }
}
