//! What the user wants results to look like.

use std::collections::BTreeMap;

use clap::Args;

use super::Resource;
use super::field::{self, Field};
use super::format::Format;
use crate::terminal::Terminal;

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
        if !self.columns.is_empty() {
            return Some(self.named(&self.columns));
        }
        let usual: Vec<Field<T>> = self.named(self.usual::<T>()?);
        Some(usual.into_iter().filter(Field::is_known).collect())
    }

    /// Tells which of the profile's columns are none: a slip in the profile is no reason
    /// to fail when something was done already.
    pub(super) fn tell_slips<T: Resource>(&self, terminal: &mut Terminal) {
        let usual: Vec<Field<T>> = match self.columns.is_empty() {
            true => self
                .usual::<T>()
                .map(|names| self.named(names))
                .unwrap_or_default(),
            false => Vec::new(),
        };
        for slip in usual.iter().filter(|field| !field.is_known()) {
            let noun = T::NOUN.to_lowercase();
            let known: Vec<_> = T::COLUMNS.iter().map(|c| field::folded(c.header)).collect();
            terminal.warn(&format!(
                "the profile's columns of {noun} have {:?}, which is none: there are {}",
                slip.key(),
                known.join(", ")
            ));
        }
    }

    /// The columns that the profile asks for, where the output has columns.
    fn usual<T: Resource>(&self) -> Option<&[String]> {
        let usual = self.usual_columns.get(&T::NOUN.to_lowercase());
        let in_columns = matches!(self.output, Format::Table | Format::Csv);
        let usual = usual.filter(|usual| in_columns && !usual.is_empty());
        usual.map(Vec::as_slice)
    }

    fn named<T: Resource>(&self, names: &[String]) -> Vec<Field<T>> {
        let mut fields: Vec<Field<T>> = Vec::with_capacity(names.len());
        for name in names {
            let field = Field::named(name.trim());
            // In an object each name is there once.
            if !self.output.is_document() || fields.iter().all(|of| of.key() != field.key()) {
                fields.push(field);
            }
        }
        fields
    }
}
