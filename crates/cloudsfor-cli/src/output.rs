//! Rendering: everything that is shown of an answer or an error, in one place.
//!
//! A noun says what its columns and details are ([`Resource`]); how they look as
//! a table, as JSON or in a pipe is decided here.

pub(crate) mod cell;
pub(crate) mod clean;
pub(crate) mod compare;
mod csv;
pub(crate) mod failure;
pub(crate) mod field;
pub(crate) mod format;
pub(crate) mod hosts;
pub(crate) mod json;
mod lister;
pub(crate) mod query;
pub(crate) mod style;
pub(crate) mod table;
mod template;
mod view;
mod yaml;

use std::borrow::Cow;
use std::io;

use cloudsfor_types::Json;
use serde::{Serialize, Serializer};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;
use cell::{Cell, Times};
use clean::clean;
use field::{Field, Row};
pub(crate) use format::Format;
use hosts::Host;
pub(crate) use lister::Lister;
use table::{Column, Table, width};
use template::Template;
pub(crate) use view::View;

/// Something that can be listed.
pub(crate) trait Resource: Serialize + Sized + Send + Sync + 'static {
    /// What one is called: `VM`.
    const NOUN: &'static str;

    /// The columns of its table.
    const COLUMNS: &'static [Column<Self>];

    /// The attributes of its object that the contract names, by their names.
    const ATTRIBUTES: &'static [&'static str];

    /// Those within its attributes, by their paths: `region.name`, and `labels.*` for
    /// all below.
    const WITHIN: &'static [&'static str] = &[];

    /// Whether the contract names an attribute of this path.
    fn knows(path: &str) -> bool {
        let is_it = |known: &&str| match known.strip_suffix('*') {
            Some(above) => path.starts_with(above),
            None => path == *known,
        };
        Self::ATTRIBUTES.contains(&path) || Self::WITHIN.iter().any(is_it)
    }

    /// What commands take for it; a number for some.
    fn id(&self) -> Cow<'_, str>;

    fn name(&self) -> &str;

    /// It as people know it, by its name where it has one beside its id.
    fn named(&self) -> String {
        let (id, name) = (self.id(), self.name());
        if name.is_empty() || name == id {
            id.into_owned()
        } else {
            format!("{name} ({id})")
        }
    }

    /// It as a host for other programs, if things of this kind are such.
    fn host(&self) -> Option<Host<'_>> {
        None
    }
}

/// Something that can be shown alone.
pub(crate) trait Described: Resource {
    fn details(&self, details: &mut Details);
}

/// Shows a list.
pub(crate) fn list<T: Resource>(
    terminal: &mut Terminal,
    view: &View,
    items: &[T],
) -> Result<(), Failure> {
    if Lister::<T>::can(view) {
        let mut lister = Lister::begin(terminal, view)?;
        items.iter().try_for_each(|item| lister.add(item))?;
        return lister.end().map(drop);
    }
    if let Format::AnsibleInventory | Format::SshConfig = view.output {
        let hosts: Option<Vec<_>> = items.iter().map(T::host).collect();
        return write_hosts(terminal, &view.output, hosts.as_deref());
    }
    view.tell_slips::<T>(terminal);
    let Some(fields) = view.fields::<T>() else {
        return document(terminal, view, &items);
    };
    let rows: Vec<_> = items.iter().map(Row::with_attributes).collect();
    fields.iter().try_for_each(|field| field.check(&rows))?;
    match view.output {
        Format::Csv => csv::write(terminal.out(), &fields, rows, !view.no_headers)?,
        Format::Table => {
            let mut table = Table::new(&fields, terminal.times(Times::Ago));
            rows.iter().for_each(|row| table.add(&fields, row));
            let (width, paint) = (terminal.width(), terminal.paint());
            let left_out = table.write(terminal.out(), width, paint, !view.no_headers)?;
            tell_left_out(&left_out, terminal);
        }
        _ => {
            let objects: Vec<_> = rows.iter().map(|row| object(&fields, row)).collect();
            document(terminal, view, &objects)?;
        }
    }
    Ok(())
}

fn tell_left_out(left_out: &[String], terminal: &mut Terminal) {
    if !left_out.is_empty() {
        let names = left_out.join(", ");
        terminal.note(&format!("Left out, as the terminal is too narrow: {names}"));
    }
}

/// Shows one thing.
pub(crate) fn one<T: Described>(
    terminal: &mut Terminal,
    view: &View,
    item: &T,
) -> Result<(), Failure> {
    match (&view.output, view.fields::<T>()) {
        (Format::Table, None) => {
            let mut details = Details {
                times: terminal.times(Times::Both),
                lines: Vec::new(),
            };
            item.details(&mut details);
            Ok(details.write(terminal)?)
        }
        (Format::Json, None) => Ok(json::write_pretty(terminal.out(), item)?),
        (Format::Yaml, None) => write_yaml(terminal, item),
        (Format::Json | Format::Yaml, Some(fields)) => document(
            terminal,
            view,
            &object(&fields, &Row::with_attributes(item)),
        ),
        _ => list(terminal, view, std::slice::from_ref(item)),
    }
}

/// Shows a value that is no resource's as JSON or YAML.
pub(crate) fn document(
    terminal: &mut Terminal,
    view: &View,
    value: &impl Serialize,
) -> Result<(), Failure> {
    match view.output {
        Format::Yaml => write_yaml(terminal, value),
        _ => Ok(json::write_pretty(terminal.out(), value)?),
    }
}

fn write_yaml(terminal: &mut Terminal, value: &impl Serialize) -> Result<(), Failure> {
    let unwritable = |why: String| Failure::new(Exit::Error, "this can't be shown as YAML", why);
    let document = yaml::document(value).map_err(unwritable)?;
    Ok(terminal.out().write_all(document.as_bytes())?)
}

/// What these fields of a thing are.
fn object<T: Resource>(fields: &[Field<T>], row: &Row<'_, T>) -> Object {
    let pairs = fields.iter().map(|field| (field.key(), field.json(row)));
    Object(pairs.collect())
}

/// An object whose attributes stay in their order.
struct Object(Vec<(String, Json)>);

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

fn write_hosts(
    terminal: &mut Terminal,
    format: &Format,
    hosts: Option<&[Host<'_>]>,
) -> Result<(), Failure> {
    let Some(hosts) = hosts else {
        let what = format!("this can't be shown as {}", format.name());
        return Err(
            Failure::new(Exit::Usage, what, "that is for VMs").next(format!(
                "list VMs as {}: vm list -o {}",
                format.name(),
                format.name()
            )),
        );
    };
    let safe = hosts::Safe::of(hosts);
    if *format == Format::AnsibleInventory {
        json::write_pretty(terminal.out(), &safe.ansible_inventory())?;
    } else {
        safe.ssh_config(terminal.out())?;
    }
    for sentence in &safe.left_out {
        terminal.say(&format!("warning: {sentence}"));
    }
    Ok(())
}

/// The text that a template makes of a value.
pub(crate) fn filled(template: &str, value: &impl Serialize) -> Result<String, Failure> {
    Template::new(template)?.fill(value)
}

/// Shows one line.
pub(crate) fn line(terminal: &mut Terminal, text: &str) -> io::Result<()> {
    writeln!(terminal.out(), "{}", clean(text))
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
