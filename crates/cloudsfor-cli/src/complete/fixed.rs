//! Values that are known without asking the cloud: formats, columns, statuses, types.

use clap_complete::CompletionCandidate;
use cloudsfor_types::{
    Action, ActionStatus, ActionType, Distro, Domain, DomainRecord, Network, RecordType, Region,
    Snapshot, SshKey, Vm, VmStatus,
};

use crate::output::format::Format;
use crate::output::{Resource, field};

/// What values an argument has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fixed {
    Format,
    /// Columns of a noun, separated by commas.
    Columns,
    /// `COLUMN=VALUE`
    Filter,
    VmStatus,
    RecordType,
}

impl Fixed {
    /// The values of the argument of this id.
    pub(super) fn of(noun: &str, arg: &str) -> Option<Self> {
        match (noun, arg) {
            (_, "output") => Some(Self::Format),
            (_, "columns" | "sort") => Some(Self::Columns),
            (_, "conditions") => Some(Self::Filter),
            ("vm", "status") => Some(Self::VmStatus),
            ("domain", "kind" | "r#type" | "type") => Some(Self::RecordType),
            _ => None,
        }
    }

    /// The values that begin so, of a verb of a noun.
    pub(super) fn values(self, noun: &str, verb: &str, current: &str) -> Vec<CompletionCandidate> {
        let (before, begun) = match self {
            Self::Columns => match current.rsplit_once(',') {
                Some((before, begun)) => (format!("{before},"), begun),
                None => (String::new(), current),
            },
            Self::Filter => match current.split_once('=') {
                Some((field, begun)) => (format!("{field}="), begun),
                None => (String::new(), current),
            },
            _ => (String::new(), current),
        };
        let values = match self {
            Self::Format => Format::names(),
            Self::Columns => columns(noun, verb),
            Self::Filter if before.is_empty() => {
                let columns = columns(noun, verb).into_iter();
                columns.map(|column| format!("{column}=")).collect()
            }
            Self::Filter => values_of(noun, before.trim_end_matches(['=', '!'])),
            Self::VmStatus => known(VmStatus::KNOWN, VmStatus::as_str),
            Self::RecordType => known(RecordType::KNOWN, RecordType::as_str),
        };
        values
            .into_iter()
            .filter(|value| value.starts_with(begun))
            .map(|value| CompletionCandidate::new(format!("{before}{value}")))
            .collect()
    }
}

fn known<T>(values: &[T], name: impl Fn(&T) -> &str) -> Vec<String> {
    values.iter().map(|value| name(value).to_owned()).collect()
}

/// The columns and attributes of what a command shows.
fn columns(noun: &str, verb: &str) -> Vec<String> {
    match (noun, verb) {
        ("vm", "snapshots" | "backups") | ("snapshot", _) => of::<Snapshot>(),
        ("vm", _) => of::<Vm>(),
        ("action", _) => of::<Action>(),
        ("key", _) => of::<SshKey>(),
        ("network", _) => of::<Network>(),
        ("region", _) => of::<Region>(),
        ("image", _) => of::<Distro>(),
        ("domain", "list" | "get" | "delete") => of::<Domain>(),
        ("domain", _) => of::<DomainRecord>(),
        _ => Vec::new(),
    }
}

fn of<T: Resource>() -> Vec<String> {
    let columns = T::COLUMNS.iter().map(|column| field::folded(column.header));
    let attributes = T::ATTRIBUTES.iter().chain(T::WITHIN);
    let attributes = attributes.map(|name| name.trim_end_matches('*').to_owned());
    let mut all: Vec<String> = Vec::new();
    for name in columns.chain(attributes) {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

fn values_of(noun: &str, field: &str) -> Vec<String> {
    match (noun, field) {
        ("vm", "status") => known(VmStatus::KNOWN, VmStatus::as_str),
        ("action", "status") => known(ActionStatus::KNOWN, ActionStatus::as_str),
        ("action", "type") => known(ActionType::KNOWN, ActionType::as_str),
        ("domain", "type") => known(RecordType::KNOWN, RecordType::as_str),
        (_, "locked" | "protected") => vec!["true".into(), "false".into()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(of: Fixed, noun: &str, current: &str) -> Vec<String> {
        let found = of.values(noun, "list", current);
        let text = |c: &CompletionCandidate| c.get_value().to_string_lossy().into_owned();
        found.iter().map(text).collect()
    }

    #[test]
    fn values_are_known_without_a_cloud() {
        assert_eq!(values(Fixed::Format, "vm", "js"), ["json"]);
        assert_eq!(values(Fixed::Columns, "vm", "vcp"), ["vcpus"]);
        assert_eq!(
            values(Fixed::Columns, "vm", "id,region.co"),
            [
                "id,region.country",
                "id,region.coordinates",
                "id,region.coordinates.lat",
                "id,region.coordinates.lng"
            ]
        );
        assert_eq!(values(Fixed::Filter, "vm", "stat"), ["status="]);
        assert_eq!(values(Fixed::Filter, "vm", "status=r"), ["status=running"]);
        assert_eq!(
            values(Fixed::Filter, "vm", "status!=r"),
            ["status!=running"]
        );
        assert_eq!(values(Fixed::VmStatus, "vm", "r"), ["running"]);
        assert_eq!(values(Fixed::RecordType, "domain", "C"), ["CNAME"]);
    }
}
