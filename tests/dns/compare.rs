//! What two answers to one question must have in common, and what may differ.

use std::collections::BTreeSet;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::client::Way;

/// Compares an answer of ours with another server's; both have these zones.
pub(crate) fn same(
    ours: &Message,
    other: &Message,
    kind: RecordType,
    way: Way,
    zones: &[Name],
) -> Result<(), String> {
    let equal = |what: &str, equal: bool| if equal { Ok(()) } else { Err(what.to_owned()) };
    let (mine, theirs) = (&ours.metadata, &other.metadata);
    if kind == RecordType::AXFR {
        // No zone is copied to another server: nsd says NOTAUTH where it has no zone of that
        // name, and a policy needs no look-up for that (RFC 5936, section 2.2.1).
        return equal(
            "a refused copy",
            ours.answers.is_empty() && mine.response_code == ResponseCode::Refused,
        );
    }
    equal("code", mine.response_code == theirs.response_code)?;
    equal("the question", ours.queries == other.queries)?;
    equal(
        "recursion",
        mine.recursion_desired == theirs.recursion_desired
            && mine.recursion_available == theirs.recursion_available,
    )?;
    equal("EDNS", ours.edns.is_some() == other.edns.is_some())?;
    if let (Some(mine), Some(theirs)) = (&ours.edns, &other.edns) {
        equal(
            "EDNS flags",
            mine.flags().dnssec_ok == theirs.flags().dnssec_ok,
        )?;
    }
    if kind == RecordType::ANY && mine.response_code == ResponseCode::NoError {
        // nsd answers with all records of the name; here a question for any type has one
        // HINFO record (RFC 8482, section 4.2), so that it amplifies nothing.
        return equal("one record for any type", ours.answers.len() <= 1);
    }
    equal("authoritative", mine.authoritative == theirs.authoritative)?;
    equal("truncated", mine.truncation == theirs.truncation)?;
    if mine.truncation {
        // How many of the whole records come with it is each server's choice.
        return Ok(());
    }
    equal("answers", set(&ours.answers) == set(&other.answers))?;
    equal(
        "authority",
        set(&ours.authorities) == set(&authority(other, zones)),
    )?;
    equal(
        "additional",
        set(&ours.additionals) == set(&additional(ours, other, way, zones)),
    )
}

/// The additional section as far as it is comparable.
fn additional(ours: &Message, other: &Message, way: Way, zones: &[Name]) -> Vec<Record> {
    // Behind any aliases.
    let is_referral = authority(other, zones)
        .iter()
        .any(|record| record.record_type() == RecordType::NS);
    let Some(last) = other.answers.last().filter(|_| !is_referral) else {
        return other.additionals.clone();
    };
    if !way.by_tcp || last.record_type() == RecordType::SRV {
        // By UDP it depends on what else there is which of them fit. And nsd adds no
        // addresses of what SRV records point to; RFC 2782 says that a server should.
        return ours.additionals.clone();
    }
    // Nor are those of the zone's own name servers here, which nsd has added too.
    let targets: Vec<_> = other.answers.iter().filter_map(target).collect();
    let of_answers = |record: &&Record| targets.contains(&&record.name);
    other
        .additionals
        .iter()
        .filter(of_answers)
        .cloned()
        .collect()
}

fn target(record: &Record) -> Option<&Name> {
    match &record.data {
        RData::MX(mx) => Some(&mx.exchange),
        RData::NS(ns) => Some(&ns.0),
        _ => None,
    }
}

/// The authority section without the name servers of the zone itself beside a
/// positive answer: nsd adds them where they fit. Here they are left out, as
/// the client has found them already, and a forged question gets a smaller answer.
fn authority(message: &Message, zones: &[Name]) -> Vec<Record> {
    let is_positive = !message.answers.is_empty();
    let of_zone = |record: &Record| {
        is_positive && record.record_type() == RecordType::NS && zones.contains(&record.name)
    };
    let records = message.authorities.iter();
    records.filter(|record| !of_zone(record)).cloned().collect()
}

fn set(records: &[Record]) -> BTreeSet<String> {
    let text = |record: &Record| record.to_string().to_ascii_lowercase();
    records.iter().map(text).collect()
}
