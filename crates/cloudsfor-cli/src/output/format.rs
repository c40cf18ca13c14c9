//! The forms that output can have.

use std::str::FromStr;

/// What output looks like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Format {
    /// Aligned columns, or a line for each detail.
    #[default]
    Table,
    /// The server's own objects.
    Json,
    /// The same as YAML.
    Yaml,
    /// The columns of the table, with values as programs want them.
    Csv,
    Id,
    Name,
    /// A text with `{{ attribute }}` in it, for each thing.
    Template(String),
    /// VMs as an inventory of Ansible.
    AnsibleInventory,
    /// VMs as hosts of OpenSSH's configuration.
    SshConfig,
}

/// The forms without parameters, by the names that users give them.
const NAMED: [(&str, Format); 8] = [
    ("table", Format::Table),
    ("json", Format::Json),
    ("yaml", Format::Yaml),
    ("csv", Format::Csv),
    ("id", Format::Id),
    ("name", Format::Name),
    ("ansible-inventory", Format::AnsibleInventory),
    ("ssh-config", Format::SshConfig),
];

impl Format {
    /// Whether programs read it that want one document: results come as a whole
    /// at the end, and errors as JSON.
    pub(crate) fn is_document(&self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }

    /// What users call all forms.
    pub(crate) fn names() -> Vec<String> {
        let named = NAMED.iter().map(|(name, _)| *name);
        named.chain(["template="]).map(str::to_owned).collect()
    }

    /// What users call it.
    pub(crate) fn name(&self) -> &'static str {
        let named = NAMED.iter().find(|(_, format)| format == self);
        named.map_or("template", |(name, _)| name)
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(template) = text.strip_prefix("template=") {
            return Ok(Self::Template(template.to_owned()));
        }
        let named = NAMED.iter().find(|(name, _)| *name == text);
        named.map(|(_, format)| format.clone()).ok_or_else(|| {
            let names = NAMED.map(|(name, _)| name).join(", ");
            format!("must be one of {names}, or template=TEMPLATE")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_by_their_names() {
        for (name, format) in NAMED {
            assert_eq!(name.parse(), Ok(format.clone()));
            assert_eq!(format.name(), name);
        }
        let template = Format::Template("{{ id }}=".into());
        assert_eq!("template={{ id }}=".parse(), Ok(template));
        assert!("template".parse::<Format>().is_err() && "JSON".parse::<Format>().is_err());
    }
}
