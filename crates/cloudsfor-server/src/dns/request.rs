//! A message that came in, as far as it decides the answer.

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, RecordType};

/// The length of a header, in bytes (RFC 1035, section 4.1.1).
pub(super) const HEADER: usize = 12;

/// The largest UDP answer to a question without EDNS, in bytes (RFC 1035, section
/// 4.2.1).
const WITHOUT_EDNS: u16 = 512;

/// The bits of the header's second half that an answer has from the question: the
/// operation, and whether recursion and unchecked data are wanted (RFC 4035,
/// section 3.1.6).
const KEPT_FLAGS: u16 = 0x7910;

/// A request to answer.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: u16,
    /// Those of its flags that the answer has too.
    pub(super) flags: u16,
    /// What is asked for, if that could be read.
    pub(super) query: Option<Query>,
    /// What it says by EDNS, if it has any.
    pub(super) edns: Option<Edns>,
    /// Why it isn't answered, or `NoError`.
    pub(super) refusal: ResponseCode,
}

/// What a request says by EDNS (RFC 6891).
#[derive(Debug, Clone, Copy)]
pub(super) struct Edns {
    /// The largest UDP answer that it takes, in bytes.
    pub(super) size: u16,
    /// Its flag for DNSSEC, which an answer repeats (RFC 3225, section 3).
    pub(super) dnssec_ok: bool,
}

impl Request {
    /// Reads a message; `None` if it is to stay without an answer, as it has no
    /// header or is an answer itself.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER)?;
        let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let flags = word(2);
        if flags & 0x8000 != 0 {
            return None;
        }
        let refused = |refusal| Self {
            id: word(0),
            flags: flags & KEPT_FLAGS,
            query: None,
            edns: None,
            refusal,
        };
        if flags & 0x7800 != 0 {
            return Some(refused(ResponseCode::NotImp));
        }
        // One question (RFC 9619), and neither answers nor authority.
        if [word(4), word(6)] != [1, 0] {
            return Some(refused(ResponseCode::FormErr));
        }
        let Ok(mut message) = Message::from_vec(bytes) else {
            return Some(refused(ResponseCode::FormErr));
        };
        let mut request = refused(ResponseCode::NoError);
        let query = message.queries.pop();
        if let Some(edns) = &message.edns {
            request.edns = Some(Edns {
                size: edns.max_payload().max(WITHOUT_EDNS),
                dnssec_ok: edns.flags().dnssec_ok,
            });
            if edns.version() > 0 {
                request.refusal = ResponseCode::BADVERS;
            }
        }
        if let Some(query) = &query
            && request.refusal == ResponseCode::NoError
        {
            request.refusal = refusal_of(query, word(8));
        }
        request.query = query;
        Some(request)
    }

    /// The largest answer by UDP, in bytes.
    pub(super) fn udp_size(&self, at_most: u16) -> u16 {
        self.edns
            .map_or(WITHOUT_EDNS, |edns| edns.size)
            .min(at_most)
    }
}

/// The code of a question that this service doesn't answer; `NoError` for others.
fn refusal_of(query: &Query, authorities: u16) -> ResponseCode {
    match query.query_type() {
        // No zone is copied to another server.
        RecordType::AXFR | RecordType::IXFR => ResponseCode::Refused,
        _ if authorities != 0 => ResponseCode::FormErr,
        RecordType::OPT | RecordType::ZERO => ResponseCode::FormErr,
        _ if query.query_class() != DNSClass::IN => ResponseCode::Refused,
        // TKEY, TSIG, and the mail agents of RFC 883.
        kind if matches!(u16::from(kind), 249 | 250 | 253 | 254) => ResponseCode::NotImp,
        _ => ResponseCode::NoError,
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::Message;
    use hickory_proto::rr::Name;
    use proptest::prelude::*;

    use super::*;

    fn question(kind: RecordType) -> Message {
        let mut question = Message::query();
        question.metadata.recursion_desired = true;
        question.add_query(Query::query(
            Name::from_ascii("www.example.com.").unwrap(),
            kind,
        ));
        question
    }

    fn refusal(bytes: &[u8]) -> Option<ResponseCode> {
        Request::read(bytes).map(|request| request.refusal)
    }

    #[test]
    fn what_is_no_question_gets_the_code_for_it() {
        let bytes = question(RecordType::A).to_vec().unwrap();
        let request = Request::read(&bytes).unwrap();
        assert_eq!(request.refusal, ResponseCode::NoError);
        assert_eq!((request.flags, request.udp_size(1232)), (0x0100, 512));

        let with = |at: usize, byte: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            bytes
        };
        assert_eq!(refusal(&with(2, 0x81)), None, "an answer");
        assert_eq!(refusal(&bytes[..11]), None, "no header");
        assert_eq!(refusal(&bytes[..12]), Some(ResponseCode::FormErr), "cut");
        assert_eq!(
            refusal(&with(2, 0x28)),
            Some(ResponseCode::NotImp),
            "an update"
        );
        assert_eq!(
            refusal(&with(5, 2)),
            Some(ResponseCode::FormErr),
            "two questions"
        );
        assert_eq!(refusal(&with(5, 0)), Some(ResponseCode::FormErr), "none");
        assert_eq!(
            refusal(&with(7, 1)),
            Some(ResponseCode::FormErr),
            "an answer in it"
        );
        assert_eq!(
            refusal(&with(12, 0xc0)),
            Some(ResponseCode::FormErr),
            "a loop"
        );
        for (kind, code) in [
            (RecordType::AXFR, ResponseCode::Refused),
            (RecordType::OPT, ResponseCode::FormErr),
            (RecordType::TSIG, ResponseCode::NotImp),
            (RecordType::ANY, ResponseCode::NoError),
            (RecordType::Unknown(65280), ResponseCode::NoError),
        ] {
            assert_eq!(
                refusal(&question(kind).to_vec().unwrap()),
                Some(code),
                "{kind}"
            );
        }
    }

    #[test]
    fn edns_says_how_large_an_answer_may_be() {
        for (said, size) in [(0, 512), (512, 512), (1000, 1000), (65535, 1232)] {
            let mut edns = hickory_proto::op::Edns::new();
            edns.set_max_payload(said);
            let mut question = question(RecordType::A);
            question.set_edns(edns);
            let request = Request::read(&question.to_vec().unwrap()).unwrap();
            assert_eq!(request.udp_size(1232), size, "{said}");
        }
        let mut edns = hickory_proto::op::Edns::new();
        edns.set_version(1);
        let mut question = question(RecordType::A);
        question.set_edns(edns);
        assert_eq!(
            refusal(&question.to_vec().unwrap()),
            Some(ResponseCode::BADVERS)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Request::read(&bytes);
            let mut question = question(RecordType::A).to_vec().unwrap();
            question.extend(bytes);
            let _ = Request::read(&question);
        }
    }
}
