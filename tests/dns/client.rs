//! Questions as a resolver asks them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, Query};
use hickory_proto::rr::{Name, RecordType};

use crate::chance::Chance;

/// How long an answer may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a question is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    pub(crate) by_tcp: bool,
    /// The size that EDNS says, if there is any, and whether DNSSEC is wanted.
    pub(crate) edns: Option<(u16, bool)>,
}

impl Way {
    pub(crate) fn tcp() -> Self {
        Self {
            by_tcp: true,
            edns: None,
        }
    }

    pub(crate) fn any(chance: &mut Chance) -> Self {
        let sizes = [0, 512, 700, 1232, 4096, 65535];
        let edns = (*chance.one_of(&sizes), chance.once_in(2));
        Self {
            by_tcp: chance.once_in(6),
            edns: (!chance.once_in(3)).then_some(edns),
        }
    }

    /// The largest answer that is allowed, in bytes.
    pub(crate) fn limit(self) -> usize {
        match (self.by_tcp, self.edns) {
            (true, _) => usize::from(u16::MAX),
            (_, None) => 512,
            (_, Some((size, _))) => usize::from(size.clamp(512, 1232)),
        }
    }
}

/// Asks a question, and reads the answer.
pub(crate) fn ask(server: SocketAddr, name: &Name, kind: RecordType, way: Way) -> Message {
    let bytes = exchange(server, &question(name, kind, way), way).unwrap();
    assert!(bytes.len() <= way.limit(), "{} bytes, {way:?}", bytes.len());
    Message::from_vec(&bytes).unwrap()
}

fn question(name: &Name, kind: RecordType, way: Way) -> Vec<u8> {
    let mut question = Message::query();
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(name.clone(), kind));
    if let Some((size, dnssec_ok)) = way.edns {
        let mut edns = Edns::new();
        // Not set_max_payload, which knows no size below 512.
        edns.set_max_payload(size);
        edns.set_dnssec_ok(dnssec_ok);
        question.set_edns(edns);
    }
    question.to_vec().unwrap()
}

fn exchange(server: SocketAddr, question: &[u8], way: Way) -> std::io::Result<Vec<u8>> {
    if way.by_tcp {
        let mut stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let length = question.len() as u16;
        stream.write_all(&[&length.to_be_bytes(), question].concat())?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut answer = vec![0; u16::from_be_bytes(length).into()];
        stream.read_exact(&mut answer)?;
        return Ok(answer);
    }
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(server)?;
    socket.send(question)?;
    let mut answer = vec![0; usize::from(u16::MAX)];
    let length = socket.recv(&mut answer)?;
    answer.truncate(length);
    Ok(answer)
}

/// Whether a server answers for a zone within a moment.
pub(crate) fn is_ready(server: SocketAddr, origin: &str) -> bool {
    let name = Name::from_ascii(format!("{origin}.")).unwrap();
    let way = Way::tcp();
    let answer = exchange(server, &question(&name, RecordType::SOA, way), way);
    let answer = answer.ok().and_then(|bytes| Message::from_vec(&bytes).ok());
    answer.is_some_and(|answer| !answer.answers.is_empty())
}
