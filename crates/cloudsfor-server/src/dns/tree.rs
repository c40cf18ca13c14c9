//! One zone as a tree of names: where in it a name is.

use cloudsfor_types::{RecordSpec, RecordType};
use hickory_proto::rr::{Name, RecordType as WireType};
use rusqlite::Connection;

use super::rdata::rdata;
use crate::cloud::CloudResult;
use crate::cloud::zones::Zone;

/// A name's labels from the last to the first, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Labels(Vec<String>);

impl Labels {
    pub(super) fn of(name: &Name) -> Self {
        Self(name.iter().rev().map(label).collect())
    }
}

/// A label in lower case. One with bytes that no stored name has is a label that
/// no stored name has, too: it can't be mistaken for several.
fn label(bytes: &[u8]) -> String {
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_*".contains(byte);
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.iter().all(known) => text.to_ascii_lowercase(),
        _ => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("!{digits}")
        }
    }
}

/// A zone of the store, at one moment.
pub(super) struct Tree<'a> {
    connection: &'a Connection,
    zone: Zone,
}

/// Where a name is in a zone.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At or below a name at which another zone begins: the path of that.
    Below(String),
    /// It exists, or a wildcard stands for it: the path of what has its records.
    Node(String),
    /// Nowhere.
    Missing,
}

impl<'a> Tree<'a> {
    /// The zone that answers a question. What a zone's parent knows of it (DS) is
    /// asked of the parent, if that is here and has the zone's name servers.
    pub(super) fn of(
        connection: &'a Connection,
        labels: &Labels,
        kind: WireType,
    ) -> CloudResult<Option<Self>> {
        let Some(zone) = Zone::find(connection, &labels.0)? else {
            return Ok(None);
        };
        let depth = labels.0.len();
        if kind == WireType::DS
            && zone.labels() == depth
            && let Some(zone) = Zone::find(connection, &labels.0[..depth - 1])?
        {
            let parent = Self { connection, zone };
            if parent.is_cut(&parent.path(labels, depth))? {
                return Ok(Some(parent));
            }
        }
        Ok(Some(Self { connection, zone }))
    }

    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The zone's name, without a final dot.
    pub(super) fn origin(&self) -> &str {
        &self.zone.origin
    }

    /// The path within the zone of so many of a name's labels.
    fn path(&self, labels: &Labels, depth: usize) -> String {
        let within = &labels.0[self.zone.labels()..depth];
        within.iter().flat_map(|label| [label, "."]).collect()
    }

    /// The full name at a path, without a final dot.
    pub(super) fn name_of(&self, path: &str) -> String {
        let labels = path.rsplit('.').filter(|label| !label.is_empty());
        let labels: Vec<_> = labels.chain([self.origin()]).collect();
        labels.join(".")
    }

    /// Whether questions for a name are this zone's to answer.
    pub(super) fn answers_for(&self, labels: &Labels) -> CloudResult<bool> {
        let zone = Zone::find(self.connection, &labels.0)?;
        Ok(zone.is_some_and(|zone| zone.origin == self.zone.origin))
    }

    /// Where a name of this zone is, for a question of this type.
    pub(super) fn place(&self, labels: &Labels, kind: WireType) -> CloudResult<Place> {
        let (top, depth) = (self.zone.labels(), labels.0.len());
        for at in top + 1..=depth {
            let path = self.path(labels, at);
            if !self.zone.exists(self.connection, &path)? {
                let wildcard = self.wildcard(labels, at - 1)?;
                return Ok(wildcard.map_or(Place::Missing, Place::Node));
            }
            let asked_of_parent = at == depth && kind == WireType::DS;
            if !asked_of_parent && self.is_cut(&path)? {
                return Ok(Place::Below(path));
            }
        }
        Ok(Place::Node(self.path(labels, depth)))
    }

    /// The wildcard that stands for what isn't there below the nearest name that is,
    /// which has so many labels: its path, if it exists.
    fn wildcard(&self, labels: &Labels, encloser: usize) -> CloudResult<Option<String>> {
        let wildcard = format!("{}*.", self.path(labels, encloser));
        let exists = self.zone.exists(self.connection, &wildcard)?;
        Ok(Some(wildcard).filter(|_| exists))
    }

    /// The path of what has a name's records in this zone, if anything has. Those below a name at which
    /// another zone begins are glue.
    pub(super) fn own_path(&self, labels: &Labels, or_glue: bool) -> CloudResult<Option<String>> {
        let top = self.zone.labels();
        if labels.0.len() < top || !self.answers_for(labels)? {
            return Ok(None);
        }
        for at in top + 1..=labels.0.len() {
            let path = self.path(labels, at);
            if !self.zone.exists(self.connection, &path)? {
                return self.wildcard(labels, at - 1);
            }
            if !or_glue && self.is_cut(&path)? {
                return Ok(None);
            }
        }
        Ok(Some(self.path(labels, labels.0.len())))
    }

    /// Whether another zone begins here: at a name with name servers that can be said.
    fn is_cut(&self, path: &str) -> CloudResult<bool> {
        let servers = self.records(path, &RecordType::Ns)?;
        Ok(servers.iter().any(|server| rdata(server).is_ok()))
    }

    pub(super) fn records(&self, path: &str, kind: &RecordType) -> CloudResult<Vec<RecordSpec>> {
        self.zone.records(self.connection, path, kind)
    }

    pub(super) fn has_records(&self, path: &str) -> CloudResult<bool> {
        self.zone.has_records(self.connection, path)
    }
}
