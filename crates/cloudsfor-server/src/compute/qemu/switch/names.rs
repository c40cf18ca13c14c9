//! The members' names, as they are now: `web` and `web.internal`. Any other name is for
//! another name server, and whoever asks is told so.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use crate::compute::qemu::networks::{INTERNAL, Member, members};

/// For how long the members are what they were when they were last looked up.
const FRESH: Duration = Duration::from_secs(1);

/// For how long whoever asks may keep an answer, in seconds.
const TTL: u32 = 5;

/// The most addresses in an answer: so many fit one packet, whatever the name.
const ADDRESSES: usize = 16;

/// Names of a network whose directory this is.
pub(super) struct Names {
    dir: PathBuf,
    members: Vec<Member>,
    read_at: Option<Instant>,
}

impl Names {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            members: Vec::new(),
            read_at: None,
        }
    }

    /// What to answer to a question; nothing to what isn't one.
    pub(super) fn answer(&mut self, question: &[u8]) -> Option<Vec<u8>> {
        let asked = Message::from_vec(question).ok()?;
        let query = asked.queries.first()?.clone();
        if asked.metadata.message_type != MessageType::Query {
            return None;
        }
        let mut answer = Message::response(asked.metadata.id, asked.metadata.op_code);
        answer.metadata.recursion_desired = asked.metadata.recursion_desired;
        answer.metadata.authoritative = true;
        answer.add_query(query.clone());
        let found = self.find(query.name());
        answer.metadata.response_code = match (asked.metadata.op_code, &found) {
            (OpCode::Query, Some(_)) if query.query_class() != DNSClass::IN => {
                ResponseCode::Refused
            }
            (OpCode::Query, Some(addresses)) if addresses.is_empty() => ResponseCode::NXDomain,
            (OpCode::Query, Some(_)) => ResponseCode::NoError,
            (OpCode::Query, None) => ResponseCode::Refused,
            _ => ResponseCode::NotImp,
        };
        if answer.metadata.response_code == ResponseCode::NoError
            && query.query_type() == RecordType::A
        {
            for address in found.into_iter().flatten().take(ADDRESSES) {
                let address = RData::A(A(address));
                answer.add_answer(Record::from_rdata(query.name().clone(), TTL, address));
            }
        }
        answer.to_vec().ok()
    }

    /// The addresses of a name, none if it would be a member's and isn't; `None` if it
    /// is another name server's.
    fn find(&mut self, name: &Name) -> Option<Vec<Ipv4Addr>> {
        let name = name.to_ascii().to_ascii_lowercase();
        let name = name.trim_end_matches('.');
        let inside = name.strip_suffix(INTERNAL);
        let inside = inside.and_then(|name| name.strip_suffix('.'));
        self.read();
        let named = |name: &str| {
            let members = self.members.iter();
            let named = members.filter(|member| member.name.eq_ignore_ascii_case(name));
            named.map(|member| member.address).collect::<Vec<_>>()
        };
        match (named(name), inside) {
            (found, _) if !found.is_empty() => Some(found),
            (_, Some(inside)) => Some(named(inside)),
            (_, None) => None,
        }
    }

    fn read(&mut self) {
        if self
            .read_at
            .is_none_or(|read_at| read_at.elapsed() >= FRESH)
        {
            self.members = members(&self.dir);
            self.read_at = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use cloudsfor_types::VmId;
    use hickory_proto::op::Query;
    use proptest::prelude::*;

    use super::*;
    use crate::compute::qemu::networks::write_member;

    fn names() -> (tempfile::TempDir, Names) {
        let dir = tempfile::tempdir().unwrap();
        for (id, name, host) in [("a", "web", 2), ("b", "Web", 3), ("c", "db.example.com", 4)] {
            let member = Member {
                name: name.into(),
                address: [10, 0, 0, host].into(),
                gateway: [10, 0, 0, 1].into(),
            };
            write_member(dir.path(), &VmId::new(id).unwrap(), &member).unwrap();
        }
        let names = Names::new(dir.path().to_owned());
        (dir, names)
    }

    fn asked(names: &mut Names, name: &str, kind: RecordType) -> (ResponseCode, usize) {
        let mut question = Message::query();
        question.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
        let answer = names.answer(&question.to_vec().unwrap()).unwrap();
        let answer = Message::from_vec(&answer).unwrap();
        assert_eq!(answer.metadata.id, question.metadata.id);
        (answer.metadata.response_code, answer.answers.len())
    }

    #[test]
    fn members_are_found_by_their_names_and_others_are_refused() {
        let (_dir, mut names) = names();
        let mut a = |name: &str| asked(&mut names, name, RecordType::A);
        assert_eq!(a("web."), (ResponseCode::NoError, 2));
        assert_eq!(a("WEB.internal."), (ResponseCode::NoError, 2));
        assert_eq!(a("db.example.com."), (ResponseCode::NoError, 1));
        assert_eq!(a("nobody.internal."), (ResponseCode::NXDomain, 0));
        for other in ["nobody.", "example.com.", "internal.", "xinternal."] {
            assert_eq!(a(other), (ResponseCode::Refused, 0), "{other}");
        }
        // There are no such addresses, but there is such a name.
        let none = asked(&mut names, "web.", RecordType::AAAA);
        assert_eq!(none, (ResponseCode::NoError, 0));
    }

    proptest! {
        #[test]
        fn no_question_does_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Names::new("no-such-directory".into()).answer(&bytes);
        }
    }
}
