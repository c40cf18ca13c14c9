//! What is asked of a zone: every name that it has or points to, names between,
//! beside, above and below them, each by every type that matters.

use std::collections::BTreeSet;

use hickory_proto::rr::{Name, RecordType};

use crate::chance::Chance;

const TYPES: [RecordType; 15] = [
    RecordType::A,
    RecordType::AAAA,
    RecordType::CNAME,
    RecordType::MX,
    RecordType::NS,
    RecordType::SRV,
    RecordType::TXT,
    RecordType::PTR,
    RecordType::SOA,
    RecordType::DS,
    RecordType::ANY,
    RecordType::HINFO,
    RecordType::CAA,
    RecordType::AXFR,
    RecordType::Unknown(65280),
];

/// The longest name, in bytes on the wire.
const NAME_MAX: usize = 255;

/// Questions about a zone, given as its file.
pub(crate) fn of(origin: &str, zone_file: &str, chance: &mut Chance) -> Vec<(Name, RecordType)> {
    let mut names = BTreeSet::new();
    let origin = Name::from_ascii(format!("{origin}.")).unwrap();
    for line in zone_file.lines().skip(2) {
        let owner = line.split(' ').next().unwrap();
        with_parents(&full(owner, &origin), &origin, &mut names);
        let target = line.rsplit(' ').next().unwrap();
        if target.ends_with('.')
            && let Ok(target) = Name::from_ascii(target)
        {
            with_parents(&target, &origin, &mut names);
        }
    }
    for name in names.clone() {
        for label in ["zz", "a", "*", "b.c", "A"] {
            let mut below = name.clone();
            for label in label.rsplit('.') {
                match below.prepend_label(label) {
                    Ok(longer) if longer.len() <= NAME_MAX => below = longer,
                    _ => {}
                }
            }
            names.insert(below);
        }
    }
    names.insert(Name::root());
    names.insert(origin.base_name());
    names.insert(Name::from_ascii("www.example.org.").unwrap());
    // A label with a dot in it, and one that is no text.
    for odd in [&b"a.b"[..], &b"\xff\x00"[..]] {
        names.extend(origin.prepend_label(odd));
    }
    let mut questions = Vec::new();
    for name in names {
        for kind in TYPES {
            // Unusual types by chance: what they get doesn't hang on them.
            let usual = u16::from(kind) < 64;
            if usual || chance.once_in(4) {
                questions.push((name.clone(), kind));
            }
        }
    }
    questions
}

fn full(owner: &str, origin: &Name) -> Name {
    if owner == "@" {
        return origin.clone();
    }
    let name = Name::from_ascii(owner).unwrap();
    if owner.ends_with('.') {
        return name;
    }
    name.append_domain(origin).unwrap()
}

fn with_parents(name: &Name, origin: &Name, names: &mut BTreeSet<Name>) {
    let mut name = name.clone();
    while origin.zone_of(&name) {
        names.insert(name.clone());
        name = name.base_name();
    }
    if !origin.zone_of(&name) && !name.is_root() {
        names.insert(name);
    }
}
