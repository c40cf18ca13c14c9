//! A managed domain as a zone file (RFC 1035, section 5).

use std::fmt::Write as _;

use cloudsfor_types::RecordType;

use super::name_service::NameService;
use crate::store::domains::{DomainRow, RecordRow};

/// The timers of every zone's SOA record: refresh, retry and expire. No other
/// server copies a zone, so that none of them is ever used.
pub(super) const TIMERS: [u32; 3] = [10800, 3600, 604_800];

/// The longest character string of DNS, in bytes (RFC 1035, section 3.3).
const STRING_MAX: usize = 255;

/// The zone as text. The names of addresses belong to other zones.
pub(super) fn zone_file(
    service: &NameService,
    domain: &DomainRow,
    records: &[RecordRow],
) -> String {
    let DomainRow {
        name, ttl, serial, ..
    } = domain;
    let (server, hostmaster) = (service.server(), service.hostmaster());
    let [refresh, retry, expire] = TIMERS;
    let mut zone = format!(
        "$ORIGIN {name}.\n$TTL {ttl}\n\
         @ IN SOA {server} {hostmaster} {serial} {refresh} {retry} {expire} {ttl}\n\
         @ IN NS {server}\n"
    );
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

/// The character strings of a text: RFC 7208, section 3.3, and RFC 6376, section
/// 3.6.2.2, put them together without a space between them.
pub(crate) fn strings(text: &str) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().chunks(STRING_MAX)
}

fn quoted(text: &str) -> String {
    let pieces: Vec<_> = strings(text)
        .map(|piece| {
            let piece = String::from_utf8_lossy(piece);
            format!("\"{}\"", piece.replace('\\', "\\\\").replace('"', "\\\""))
        })
        .collect();
    pieces.join(" ")
}

#[cfg(all(test, feature = "serve"))]
mod tests {
    use cloudsfor_types::RecordSpec;
    use hickory_proto::rr::RData;
    use hickory_proto::serialize::txt::Parser;
    use proptest::prelude::*;

    use super::*;
    use crate::store::accounts::AccountId;

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
                ttl: 1800,
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
            let zone = zone_file(&NameService::default(), &domain, &[record]);
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
