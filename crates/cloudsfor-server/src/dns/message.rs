//! An answer as bytes: no more of them than fit, whole records only.

use hickory_proto::ProtoError;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::Record;
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder};

use super::request::{HEADER, Request};

/// The largest answer by UDP, in bytes, whatever a question says: one that no
/// network cuts in pieces (DNS flag day 2020).
pub(super) const UDP_MAX: u16 = 1232;

/// The length of an OPT record without options, in bytes.
const OPT: u16 = 11;

const RESPONSE: u16 = 0x8000;
const AUTHORITATIVE: u16 = 0x0400;
const TRUNCATED: u16 = 0x0200;

/// What an answer says.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) code: ResponseCode,
    pub(super) authoritative: bool,
    pub(super) answers: Vec<Record>,
    pub(super) authorities: Vec<Record>,
    /// Addresses of name servers within the zone that is referred to: without them it
    /// can't be reached (RFC 9471).
    pub(super) glue: Vec<Record>,
    /// Additional records that spare the client a question: left out where they don't
    /// fit.
    pub(super) additionals: Vec<Record>,
    /// The kind of answer: the rate limit counts answers of one kind as the same.
    pub(super) sort: String,
}

impl Reply {
    /// An answer that has only a code.
    pub(super) fn code(code: ResponseCode) -> Self {
        Self {
            code,
            authoritative: false,
            answers: Vec::new(),
            authorities: Vec::new(),
            glue: Vec::new(),
            additionals: Vec::new(),
            sort: String::new(),
        }
    }

    /// The bytes of this answer: at most so many.
    pub(super) fn encode(&self, request: &Request, limit: u16) -> Vec<u8> {
        let needed = [&self.answers, &self.authorities, &self.glue];
        encode(self, request, &needed, &self.additionals, limit)
    }

    /// The bytes of this answer without its records, by which a client is told to ask
    /// by TCP.
    pub(super) fn encode_truncated(&self, request: &Request) -> Vec<u8> {
        let mut bytes = encode(self, request, &[], &[], UDP_MAX);
        bytes[2] |= (TRUNCATED >> 8) as u8;
        bytes
    }
}

fn encode(
    reply: &Reply,
    request: &Request,
    needed: &[&Vec<Record>],
    useful: &[Record],
    limit: u16,
) -> Vec<u8> {
    let mut flags = RESPONSE | request.flags | u16::from(reply.code.low());
    if reply.authoritative {
        flags |= AUTHORITATIVE;
    }
    let mut bytes = Vec::with_capacity(512);
    // Question, answers, authority, additional.
    let mut counts = [0u16; 4];
    let mut encoder = BinEncoder::new(&mut bytes);
    encoder.set_max_size(limit - request.edns.map_or(0, |_| OPT));
    let head = encoder.emit_vec(&[0; HEADER]);
    if let Some(query) = &request.query
        && head.and_then(|()| query.emit(&mut encoder)).is_ok()
    {
        counts[0] = 1;
    }
    for (index, records) in needed.iter().enumerate() {
        let (written, all) = write(&mut encoder, records);
        counts[index + 1] += written;
        if !all {
            flags |= TRUNCATED;
            break;
        }
    }
    if flags & TRUNCATED == 0 {
        // Whole sets, or nothing of them (RFC 2181, section 9).
        let of_one_set = |one: &Record, other: &Record| {
            one.name == other.name && one.record_type() == other.record_type()
        };
        for set in useful.chunk_by(of_one_set) {
            let start = encoder.offset();
            match write(&mut encoder, set) {
                (written, true) => counts[3] += written,
                _ => {
                    encoder.set_offset(start);
                    encoder.trim();
                }
            }
        }
        // A referral of whose name servers no address fits leads nowhere.
        let is_referral = reply.answers.is_empty() && !reply.authoritative;
        if is_referral && !useful.is_empty() && counts[3] == 0 {
            flags |= TRUNCATED;
        }
    }
    if let Some(edns) = request.edns {
        encoder.set_max_size(limit);
        let flags = if edns.dnssec_ok { [0x80, 0] } else { [0, 0] };
        let [size_high, size_low] = UDP_MAX.to_be_bytes();
        let code = reply.code.high();
        let opt = [
            0, 0, 41, size_high, size_low, code, 0, flags[0], flags[1], 0, 0,
        ];
        if encoder.emit_vec(&opt).is_ok() {
            counts[3] += 1;
        }
    }
    let words = [request.id, flags].into_iter().chain(counts);
    for (place, word) in bytes.chunks_exact_mut(2).zip(words) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

/// Writes records as far as they fit: how many, and whether that is all.
fn write(encoder: &mut BinEncoder<'_>, records: &[Record]) -> (u16, bool) {
    match encoder.emit_all(records.iter()) {
        Ok(written) => (written as u16, true),
        Err(ProtoError::NotAllRecordsWritten { count, .. }) => (count as u16, false),
        Err(error) => {
            tracing::error!(%error, "a record can't be written");
            (0, false)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use hickory_proto::op::{Message, Query};
    use hickory_proto::rr::rdata::A;
    use hickory_proto::rr::{Name, RData, RecordType};

    use super::*;
    use crate::dns::request::Edns;

    fn request(edns: Option<u16>) -> Request {
        let name = Name::from_ascii("www.example.com.").unwrap();
        Request {
            id: 7,
            flags: 0x0100,
            query: Some(Query::query(name, RecordType::A)),
            edns: edns.map(|size| Edns {
                size,
                dnssec_ok: true,
            }),
            refusal: ResponseCode::NoError,
        }
    }

    fn reply(addresses: u8) -> Reply {
        let name = Name::from_ascii("www.example.com.").unwrap();
        let address = |n| RData::A(A(Ipv4Addr::new(192, 0, 2, n)));
        Reply {
            authoritative: true,
            answers: (0..addresses)
                .map(|n| Record::from_rdata(name.clone(), 60, address(n)))
                .collect(),
            ..Reply::code(ResponseCode::NoError)
        }
    }

    #[test]
    fn an_answer_has_whole_records_and_never_more_bytes_than_allowed() {
        for edns in [None, Some(1232)] {
            for limit in 512..600 {
                let bytes = reply(60).encode(&request(edns), limit);
                assert!(bytes.len() <= limit.into() && bytes.len() > usize::from(limit) - 16);
                let read = Message::from_vec(&bytes).unwrap();
                assert!(read.metadata.truncation && read.metadata.authoritative);
                assert_eq!(read.edns.is_some(), edns.is_some());
                assert!(read.answers.len() > 25);
            }
        }
    }

    #[test]
    fn what_fits_is_not_truncated_and_says_how_it_was_asked() {
        let bytes = reply(3).encode(&request(Some(4096)), 512);
        let read = Message::from_vec(&bytes).unwrap();
        assert_eq!((read.answers.len(), read.metadata.truncation), (3, false));
        assert!(read.metadata.recursion_desired && !read.metadata.recursion_available);
        let edns = read.edns.unwrap();
        assert_eq!(
            (edns.max_payload(), edns.flags().dnssec_ok),
            (UDP_MAX, true)
        );
        // Owner names are pointers to the question's.
        assert_eq!(bytes.len(), 12 + 21 + 3 * 16 + 11);
    }

    #[test]
    fn what_is_only_useful_is_added_in_whole_sets_and_truncates_nothing() {
        let mut reply = reply(1);
        let other = Name::from_ascii("mail.example.com.").unwrap();
        let address = |n| RData::A(A(Ipv4Addr::new(198, 51, 100, n)));
        let useful = (0..60).map(|n| Record::from_rdata(other.clone(), 60, address(n)));
        reply.additionals = useful.collect();
        let last = Name::from_ascii("last.example.com.").unwrap();
        reply
            .additionals
            .push(Record::from_rdata(last, 60, address(1)));
        let read = Message::from_vec(&reply.encode(&request(None), 512)).unwrap();
        assert_eq!(
            (read.additionals.len(), read.metadata.truncation),
            (1, false)
        );
        let read = Message::from_vec(&reply.encode(&request(None), 1232)).unwrap();
        assert_eq!(read.additionals.len(), 61);
    }

    #[test]
    fn a_truncated_answer_has_no_records() {
        let bytes = reply(3).encode_truncated(&request(None));
        let read = Message::from_vec(&bytes).unwrap();
        assert!(read.answers.is_empty() && read.metadata.truncation);
        assert_eq!(read.queries.len(), 1);
    }

    #[test]
    fn a_code_of_edns_is_in_two_parts() {
        let bytes = Reply::code(ResponseCode::BADVERS).encode(&request(Some(512)), 512);
        let read = Message::from_vec(&bytes).unwrap();
        assert_eq!(read.edns.unwrap().rcode_high(), 1);
        assert_eq!(bytes[3] & 0x0f, 0);
    }
}
