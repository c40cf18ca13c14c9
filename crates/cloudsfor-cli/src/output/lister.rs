//! Lists that are shown while they arrive, so that a long one takes little memory:
//! lines at once, a table as its text, which waits for the width of its columns.

use super::cell::Times;
use super::field::{Field, Row};
use super::json::Array;
use super::table::Table;
use super::template::Template;
use super::{Format, Resource, View, csv, line, tell_left_out};
use crate::failure::Failure;
use crate::terminal::Terminal;

/// A list that is being shown.
pub(crate) struct Lister<'t, T: Resource> {
    terminal: &'t mut Terminal,
    fields: Vec<Field<T>>,
    form: Form,
    with_headers: bool,
    number: usize,
}

enum Form {
    Table(Table),
    Csv,
    Json(Array),
    Id,
    Name,
    Template(Template),
}

impl<'t, T: Resource> Lister<'t, T> {
    /// Whether lists of this look can be shown so: each thing by itself.
    pub(crate) fn can(view: &View) -> bool {
        let fields = view.fields::<T>();
        match &view.output {
            Format::Table | Format::Csv => !fields.iter().flatten().any(Field::is_attribute),
            Format::Json => fields.is_none(),
            Format::Id | Format::Name | Format::Template(_) => true,
            Format::Yaml | Format::AnsibleInventory | Format::SshConfig => false,
        }
    }

    /// Begins a list, whose look [can](Self::can) be shown so.
    pub(crate) fn begin(terminal: &'t mut Terminal, view: &View) -> Result<Self, Failure> {
        view.tell_slips::<T>(terminal);
        let fields = view.fields().unwrap_or_else(Field::all);
        let with_headers = !view.no_headers;
        let form = match &view.output {
            Format::Json => Form::Json(Array::default()),
            Format::Id => Form::Id,
            Format::Name => Form::Name,
            Format::Template(text) => Form::Template(Template::new(text)?),
            Format::Csv => Form::Csv,
            _ => Form::Table(Table::new(&fields, terminal.times(Times::Ago))),
        };
        if let Form::Csv = form {
            csv::write(terminal.out(), &fields, [], with_headers)?;
        }
        Ok(Self {
            terminal,
            fields,
            form,
            with_headers,
            number: 0,
        })
    }

    pub(crate) fn add(&mut self, item: &T) -> Result<(), Failure> {
        self.number += 1;
        match &mut self.form {
            Form::Table(table) => table.add(&self.fields, &Row::bare(item)),
            Form::Csv => csv::write(self.terminal.out(), &self.fields, [Row::bare(item)], false)?,
            Form::Json(array) => array.add(self.terminal.out(), item)?,
            Form::Id => line(self.terminal, &item.id())?,
            Form::Name => line(self.terminal, item.name())?,
            Form::Template(template) => {
                let filled = template.fill(item)?;
                writeln!(self.terminal.out(), "{filled}")?;
            }
        }
        Ok(())
    }

    /// Ends the list, and says how many there were.
    pub(crate) fn end(self) -> Result<usize, Failure> {
        let terminal = self.terminal;
        match self.form {
            Form::Json(array) => array.end(terminal.out())?,
            Form::Table(table) => {
                let (width, paint) = (terminal.width(), terminal.paint());
                let left_out = table.write(terminal.out(), width, paint, self.with_headers)?;
                tell_left_out(&left_out, terminal);
            }
            _ => {}
        }
        Ok(self.number)
    }
}
