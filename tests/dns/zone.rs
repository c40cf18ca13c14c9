//! Zones at random: few labels, so that names meet, lie above one another, and
//! leave names without records between them.

use cloudsfor_types::{RecordSpec, RecordType};

use crate::chance::Chance;

const LABELS: [&str; 9] = [
    "a",
    "b",
    "c",
    "www",
    "_sip",
    "_tcp",
    "xn--e1afmkfd",
    "7",
    "a-b",
];

/// A zone's name: mostly short, sometimes of nearly the longest.
pub(crate) fn origin(chance: &mut Chance, index: u64) -> String {
    if chance.once_in(4) {
        let label = "o".repeat(60);
        return format!("{label}.{label}.zone{index}.example");
    }
    format!("zone{index}.example")
}

/// The records of a zone. Some of them contradict others: those are refused.
pub(crate) fn records(chance: &mut Chance, origin: &str) -> Vec<RecordSpec> {
    let count = 5 + chance.below(60);
    let mut specs: Vec<_> = (0..count).map(|_| record(chance, origin)).collect();
    if chance.once_in(2) {
        specs.extend(large_set(chance));
    }
    if chance.once_in(2) {
        specs.extend(chain(chance));
    }
    specs
}

fn record(chance: &mut Chance, origin: &str) -> RecordSpec {
    let kinds = [
        RecordType::A,
        RecordType::A,
        RecordType::Aaaa,
        RecordType::Cname,
        RecordType::Cname,
        RecordType::Mx,
        RecordType::Ns,
        RecordType::Srv,
        RecordType::Txt,
        RecordType::Ptr,
    ];
    let kind = chance.one_of(&kinds).clone();
    let mut name = name(chance);
    if kind == RecordType::Ns {
        // What name servers at a wildcard mean is not defined (RFC 4592, section 4.2).
        name = name.replace('*', "s");
    }
    let data = match kind {
        RecordType::A => format!("192.0.2.{}", chance.below(6)),
        RecordType::Aaaa => format!("2001:db8::{:x}", chance.below(6)),
        RecordType::Txt => text(chance),
        _ => target(chance, origin, &kind),
    };
    spec(chance, kind, name, data)
}

fn spec(chance: &mut Chance, kind: RecordType, name: String, data: String) -> RecordSpec {
    let mut number = |wanted: bool| wanted.then(|| chance.below(3) as u16);
    let is_srv = kind == RecordType::Srv;
    RecordSpec {
        priority: number(is_srv || kind == RecordType::Mx),
        port: number(is_srv),
        weight: number(is_srv),
        r#type: kind,
        name,
        data,
    }
}

/// A name relative to the zone.
fn name(chance: &mut Chance) -> String {
    if chance.once_in(6) {
        return "@".into();
    }
    let depth = 1 + chance.below(4);
    let mut labels: Vec<String> = (0..depth).map(|_| label(chance)).collect();
    if chance.once_in(5) {
        labels[0] = "*".into();
    }
    labels.join(".")
}

fn label(chance: &mut Chance) -> String {
    if chance.once_in(20) {
        return "l".repeat(55 + chance.below(9));
    }
    (*chance.one_of(&LABELS)).into()
}

/// Where a record points: mostly into the zone, so that aliases and addresses meet.
fn target(chance: &mut Chance, origin: &str, kind: &RecordType) -> String {
    match chance.below(8) {
        0 => "@".into(),
        1 => "elsewhere.example.org.".into(),
        2 if matches!(kind, RecordType::Mx | RecordType::Srv) => ".".into(),
        3 => format!("none.{origin}."),
        _ => match name(chance).replace('*', "w").as_str() {
            "@" => "@".into(),
            name => format!("{name}.{origin}."),
        },
    }
}

fn text(chance: &mut Chance) -> String {
    let length = match chance.below(8) {
        0 => 255,
        1 => 256,
        2 => 1 + chance.below(4096),
        _ => 1 + chance.below(80),
    };
    // Never quotation marks around the whole: those would be taken off.
    let characters: String = (0..length)
        .map(|_| char::from(b' ' + chance.below(95) as u8))
        .collect();
    format!("t{}", &characters[1..])
}

/// Records of one name that no answer by UDP holds.
fn large_set(chance: &mut Chance) -> Vec<RecordSpec> {
    let name = name(chance);
    let count = 20 + chance.below(400);
    (0..count)
        .map(|n| {
            let data = format!("198.51.{}.{}", n / 256, n % 256);
            spec(chance, RecordType::A, name.clone(), data)
        })
        .collect()
}

/// Aliases, one to the next; the last may lead nowhere, or to the first.
fn chain(chance: &mut Chance) -> Vec<RecordSpec> {
    let length = 2 + chance.below(6);
    let mut specs: Vec<_> = (0..length)
        .map(|n| {
            let data = format!("chain{}", n + 1);
            spec(chance, RecordType::Cname, format!("chain{n}"), data)
        })
        .collect();
    match chance.below(3) {
        0 => specs.push(spec(
            chance,
            RecordType::A,
            format!("chain{length}"),
            "192.0.2.9".into(),
        )),
        1 => specs.push(spec(
            chance,
            RecordType::Cname,
            format!("chain{length}"),
            "chain0".into(),
        )),
        _ => {}
    }
    specs
}
