//! What the user wants results to look like.

use std::collections::BTreeMap;

use clap::Args;

use super::Resource;
use super::field::Field;
use super::format::Format;

/// The form of results, and which columns they have.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct View {
    /// What the output looks like: table, json, yaml, csv, id, name,
    /// template=TEMPLATE, ansible-inventory, ssh-config (see `cloudsfor help
    /// formatting`)
    #[arg(
        short,
        long,
        default_value = "table",
        hide_default_value = true,
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,

    /// Show these columns or attributes, in this order: id,name,region.name
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    columns: Vec<String>,

    /// Leave the line with the columns' names out
    #[arg(long)]
    pub(crate) no_headers: bool,

    /// The columns by noun that the user's profile asks for in tables and CSV.
    #[arg(skip)]
    pub(crate) usual_columns: BTreeMap<String, Vec<String>>,
}

impl View {
    /// The fields that were asked for, if any were.
    pub(super) fn fields<T: Resource>(&self) -> Option<Vec<Field<T>>> {
        let usual = self.usual_columns.get(&T::NOUN.to_lowercase());
        let in_columns = matches!(self.output, Format::Table | Format::Csv);
        let names = match usual {
            _ if !self.columns.is_empty() => &self.columns,
            Some(usual) if in_columns && !usual.is_empty() => usual,
            _ => return None,
        };
        let mut fields: Vec<Field<T>> = Vec::with_capacity(names.len());
        for name in names {
            let field = Field::named(name.trim());
            // In an object each name is there once.
            if !self.output.is_document() || fields.iter().all(|of| of.key() != field.key()) {
                fields.push(field);
            }
        }
        Some(fields)
    }
}
