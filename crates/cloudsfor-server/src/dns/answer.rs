//! What a question's answer is: the algorithm of RFC 1034, section 4.3.2, for an
//! authoritative server alone, with wildcards by RFC 4592, negative answers by
//! RFC 2308, names that don't exist behind aliases by RFC 6604, and questions for
//! any type by RFC 8482.

use cloudsfor_types::RecordType;
use hickory_proto::op::{Query, ResponseCode};
use hickory_proto::rr::rdata::{HINFO, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType as WireType};
use rusqlite::Connection;

use super::message::Reply;
use super::rdata::{known_type, name, rdata};
use super::tree::{Labels, Place, Tree};
use crate::cloud::CloudResult;

/// The most aliases that are followed, one to the next.
const ALIASES: usize = 16;

/// The most targets whose addresses are looked up to spare a question.
const TARGETS: usize = 16;

/// The answer to a question.
pub(super) fn answer(connection: &Connection, query: &Query) -> CloudResult<Reply> {
    let labels = Labels::of(query.name());
    let Some(tree) = Tree::of(connection, &labels, query.query_type())? else {
        return Ok(Reply {
            sort: "refused".into(),
            ..Reply::code(ResponseCode::Refused)
        });
    };
    let reply = Reply {
        authoritative: true,
        ..Reply::code(ResponseCode::NoError)
    };
    let mut answering = Answering {
        tree,
        kind: query.query_type(),
        reply,
    };
    answering.run(query.name().clone(), labels)?;
    Ok(answering.reply)
}

struct Answering<'a> {
    tree: Tree<'a>,
    kind: WireType,
    reply: Reply,
}

impl Answering<'_> {
    fn run(&mut self, mut owner: Name, mut labels: Labels) -> CloudResult<()> {
        let mut seen = Vec::new();
        loop {
            match self.tree.place(&labels, self.kind)? {
                Place::Below(cut) => return self.refer(&cut, seen.is_empty()),
                Place::Missing => {
                    self.reply.code = ResponseCode::NXDomain;
                    self.reply.sort = format!("missing {}", self.tree.origin());
                    self.negative();
                    return Ok(());
                }
                Place::Node(path) => {
                    self.reply.sort = format!("{} {path} {}", self.tree.origin(), self.kind);
                    let Some(target) = self.alias(&path, &owner)? else {
                        return self.records(&path, &owner);
                    };
                    seen.push(labels);
                    labels = Labels::of(&target);
                    // A loop, or a name that is another zone's to answer.
                    if seen.len() > ALIASES
                        || seen.contains(&labels)
                        || !self.tree.answers_for(&labels)?
                    {
                        return Ok(());
                    }
                    owner = target;
                }
            }
        }
    }

    /// The target of the CNAME at a path, unless that itself is asked for.
    fn alias(&mut self, path: &str, owner: &Name) -> CloudResult<Option<Name>> {
        if self.kind == WireType::CNAME {
            return Ok(None);
        }
        let alias = self
            .set(path, &RecordType::Cname, owner)?
            .into_iter()
            .next();
        let Some(alias) = alias else {
            return Ok(None);
        };
        let target = match &alias.data {
            RData::CNAME(target) => target.0.clone(),
            _ => return Ok(None),
        };
        self.reply.answers.push(alias);
        // For a question for any type, the alias is the answer.
        Ok(Some(target).filter(|_| self.kind != WireType::ANY))
    }

    fn records(&mut self, path: &str, owner: &Name) -> CloudResult<()> {
        let found = match self.kind {
            WireType::ANY if !self.reply.answers.is_empty() => return Ok(()),
            // One record that says so, whatever there is (RFC 8482, section 4.2).
            WireType::ANY if self.tree.has_records(path)? => {
                let minimal = HINFO::new("RFC8482".into(), String::new());
                vec![self.record(owner, RData::HINFO(minimal))]
            }
            WireType::SOA if path.is_empty() => vec![self.soa(owner)],
            kind => match known_type(kind) {
                Some(kind) => self.set(path, &kind, owner)?,
                None => Vec::new(),
            },
        };
        if found.is_empty() {
            self.negative();
            return Ok(());
        }
        self.reply.additionals = self.addresses(&found, self.kind == WireType::NS)?;
        self.reply.answers.extend(found);
        Ok(())
    }

    /// The zone's SOA record, for as long as what isn't there may be remembered.
    fn negative(&mut self) {
        let soa = self.soa(&checked(self.tree.origin()));
        self.reply.authorities.push(soa);
    }

    /// The name servers of a zone below, with the addresses of those that are in it.
    fn refer(&mut self, cut: &str, first: bool) -> CloudResult<()> {
        let owner = checked(&self.tree.name_of(cut));
        let servers = self.set(cut, &RecordType::Ns, &owner)?;
        // What came before a referral, aliases, is of this zone.
        self.reply.authoritative = !first;
        self.reply.sort = format!("referral {} {cut}", self.tree.origin());
        let addresses = self.addresses(&servers, true)?;
        let (glue, others) = addresses
            .into_iter()
            .partition(|record| owner.zone_of(&record.name));
        self.reply.authorities = servers;
        (self.reply.glue, self.reply.additionals) = (glue, others);
        Ok(())
    }

    /// The addresses of the hosts that records point to, as far as this zone has
    /// them. Those of name servers may be glue.
    fn addresses(&self, records: &[Record], or_glue: bool) -> CloudResult<Vec<Record>> {
        let mut found: Vec<Record> = Vec::new();
        for record in records.iter().take(TARGETS) {
            let target = match &record.data {
                RData::NS(target) => &target.0,
                RData::MX(mx) => &mx.exchange,
                RData::SRV(srv) => &srv.target,
                _ => return Ok(found),
            };
            if found.iter().any(|found| found.name == *target) {
                continue;
            }
            let Some(path) = self.tree.own_path(&Labels::of(target), or_glue)? else {
                continue;
            };
            for kind in [RecordType::A, RecordType::Aaaa] {
                found.extend(self.set(&path, &kind, target)?);
            }
        }
        Ok(found)
    }

    /// The records of one type at a path, under a name. One that can't be written is
    /// left out, and logged: it costs itself, and no other.
    fn set(&self, path: &str, kind: &RecordType, owner: &Name) -> CloudResult<Vec<Record>> {
        let mut found: Vec<Record> = Vec::new();
        for spec in self.tree.records(path, kind)? {
            match rdata(&spec) {
                // No record twice (RFC 2181, section 5).
                Ok(data) if found.iter().any(|record| record.data == data) => {}
                Ok(data) => found.push(self.record(owner, data)),
                Err(error) => {
                    let (zone, data) = (self.tree.origin(), &spec.data);
                    tracing::warn!(error, zone, path, %kind, data, "a record is left out");
                }
            }
        }
        Ok(found)
    }

    fn soa(&self, owner: &Name) -> Record {
        let zone = self.tree.zone();
        let (server, hostmaster, [refresh, retry, expire]) = zone.authority();
        let soa = SOA::new(
            checked(&server),
            checked(&hostmaster),
            zone.serial,
            refresh as i32,
            retry as i32,
            expire as i32,
            zone.ttl,
        );
        self.record(owner, RData::SOA(soa))
    }

    fn record(&self, owner: &Name, data: RData) -> Record {
        Record::from_rdata(owner.clone(), self.tree.zone().ttl, data)
    }
}

/// A name of a zone, which was checked when it was set.
fn checked(text: &str) -> Name {
    name(text).unwrap_or_else(|error| {
        tracing::error!(%error, text, "a name can't be written");
        Name::root()
    })
}
