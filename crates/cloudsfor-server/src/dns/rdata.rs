//! Records as the wire has them.

use cloudsfor_types::{RecordSpec, RecordType};
use hickory_proto::ProtoError;
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NS, PTR, SRV, TXT};
use hickory_proto::rr::{Name, RData};

use crate::cloud::zones::strings;

/// The type by its name in the API; `None` for a type that records can't have.
pub(super) fn known_type(kind: hickory_proto::rr::RecordType) -> Option<RecordType> {
    use hickory_proto::rr::RecordType as Wire;
    Some(match kind {
        Wire::A => RecordType::A,
        Wire::AAAA => RecordType::Aaaa,
        Wire::CNAME => RecordType::Cname,
        Wire::MX => RecordType::Mx,
        Wire::NS => RecordType::Ns,
        Wire::SRV => RecordType::Srv,
        Wire::TXT => RecordType::Txt,
        Wire::PTR => RecordType::Ptr,
        _ => return None,
    })
}

/// A name as the wire has it, with or without a final dot, in lower case. Labels
/// are taken as they are: nothing is converted.
pub(super) fn name(text: &str) -> Result<Name, ProtoError> {
    let text = text.to_ascii_lowercase();
    let labels = text.strip_suffix('.').unwrap_or(&text).split('.');
    let labels = labels.filter(|label| !label.is_empty()).map(str::as_bytes);
    let mut name = Name::from_labels(labels)?;
    name.set_fqdn(true);
    Ok(name)
}

/// What a record says; an error for one from before the rules that names keep now.
pub(super) fn rdata(spec: &RecordSpec) -> Result<RData, String> {
    let number = |value: Option<u16>| value.unwrap_or_default();
    let target = || name(&spec.data).map_err(|error| error.to_string());
    let address = |error: std::net::AddrParseError| error.to_string();
    Ok(match spec.r#type {
        RecordType::A => RData::A(A(spec.data.parse().map_err(address)?)),
        RecordType::Aaaa => RData::AAAA(AAAA(spec.data.parse().map_err(address)?)),
        RecordType::Cname => RData::CNAME(CNAME(target()?)),
        RecordType::Mx => RData::MX(MX::new(number(spec.priority), target()?)),
        RecordType::Ns => RData::NS(NS(target()?)),
        RecordType::Ptr => RData::PTR(PTR(target()?)),
        RecordType::Srv => RData::SRV(SRV::new(
            number(spec.priority),
            number(spec.weight),
            number(spec.port),
            target()?,
        )),
        RecordType::Txt => RData::TXT(TXT::from_bytes(strings(&spec.data).collect())),
        RecordType::Unknown(ref kind) => return Err(format!("{kind} is not a type of a record")),
    })
}
