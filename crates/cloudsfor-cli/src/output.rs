//! Rendering: everything that is shown of an answer or an error, in one place.
//!
//! A noun says what its columns and details are ([`Resource`]); how they look as
//! a table, as JSON or in a pipe is decided here.

pub(crate) mod cell;
pub(crate) mod clean;
pub(crate) mod failure;
pub(crate) mod json;
pub(crate) mod style;
pub(crate) mod table;

use std::borrow::Cow;
use std::io;

use clap::ValueEnum;
use serde::Serialize;

use crate::terminal::Terminal;
use cell::{Cell, Times};
use clean::clean;
use table::{Column, Table, width};

/// What output looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
    Id,
    Name,
}

/// Something that can be listed.
pub(crate) trait Resource: Serialize + Sized + 'static {
    /// The columns of its table.
    const COLUMNS: &'static [Column<Self>];

    /// What commands take for it; a number for some.
    fn id(&self) -> Cow<'_, str>;

    fn name(&self) -> &str;
}

/// Something that can be shown alone.
pub(crate) trait Described: Resource {
    fn details(&self, details: &mut Details);
}

/// Shows a list.
pub(crate) fn list<T: Resource>(
    terminal: &mut Terminal,
    format: Format,
    items: &[T],
) -> io::Result<()> {
    match format {
        Format::Table => {
            let times = terminal.times(Times::Ago);
            let table = Table::new(T::COLUMNS, items, times);
            let (width, paint) = (terminal.width(), terminal.paint());
            let left_out = table.write(terminal.out(), width, paint)?;
            if !left_out.is_empty() {
                terminal.note(&format!(
                    "Left out, as the terminal is too narrow: {}",
                    left_out.join(", ")
                ));
            }
            Ok(())
        }
        Format::Json => json::write_pretty(terminal.out(), &items),
        Format::Id => lines(terminal, items.iter().map(T::id)),
        Format::Name => lines(terminal, items.iter().map(|item| item.name().into())),
    }
}

/// Shows one thing.
pub(crate) fn one<T: Described>(
    terminal: &mut Terminal,
    format: Format,
    item: &T,
) -> io::Result<()> {
    match format {
        Format::Table => {
            let mut details = Details {
                times: terminal.times(Times::Both),
                lines: Vec::new(),
            };
            item.details(&mut details);
            details.write(terminal)
        }
        Format::Json => json::write_pretty(terminal.out(), item),
        Format::Id => line(terminal, &item.id()),
        Format::Name => line(terminal, item.name()),
    }
}

/// Shows one line.
pub(crate) fn line(terminal: &mut Terminal, text: &str) -> io::Result<()> {
    writeln!(terminal.out(), "{}", clean(text))
}

fn lines<'a>(
    terminal: &mut Terminal,
    texts: impl IntoIterator<Item = Cow<'a, str>>,
) -> io::Result<()> {
    texts.into_iter().try_for_each(|text| line(terminal, &text))
}

/// The lines that describe one thing: a label and a value each.
pub(crate) struct Details {
    times: Times,
    lines: Vec<(&'static str, String, bool)>,
}

impl Details {
    pub(crate) fn line(&mut self, label: &'static str, write: impl FnOnce(&mut Cell<'_>)) {
        self.push(label, write, false);
    }

    /// A word for a state, which gets a colour.
    pub(crate) fn status(&mut self, label: &'static str, status: &str) {
        self.push(label, |cell| cell.text(status), true);
    }

    fn push(&mut self, label: &'static str, write: impl FnOnce(&mut Cell<'_>), is_status: bool) {
        let mut text = String::new();
        write(&mut Cell::new(&mut text, self.times));
        self.lines.push((label, text, is_status));
    }

    fn write(&self, terminal: &mut Terminal) -> io::Result<()> {
        let paint = terminal.paint();
        let widest = self.lines.iter().map(|(label, ..)| width(label)).max();
        let indent = widest.unwrap_or_default() + 1;
        let out = terminal.out();
        for (label, text, is_status) in &self.lines {
            write!(out, "{label}:{:1$}", "", indent - width(label))?;
            if *is_status {
                paint.status(out, text)?;
            } else {
                out.write_all(text.as_bytes())?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}
