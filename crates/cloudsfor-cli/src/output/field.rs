//! From what a user calls a column to its values.
//!
//! A field is a column of the noun's table (`ip`) or any attribute of the
//! server's object, by its path (`region.name`, `labels.role`).

use std::borrow::Cow;

use cloudsfor_types::Json;

use super::Resource;
use super::cell::{Cell, Times};
use super::compare::{Comparable, Decimal};
use super::table::{Column, Look};
use crate::exit::Exit;
use crate::failure::Failure;

/// A field of things of the type `T`.
pub(crate) struct Field<T: 'static> {
    /// As the user called it, or the column's header.
    name: String,
    column: Option<&'static Column<T>>,
}

/// A thing with its attributes, for as long as fields are looked at.
pub(crate) struct Row<'a, T> {
    pub(crate) item: &'a T,
    /// `Null` where no field needs them.
    object: Json,
}

impl<T: Resource> Field<T> {
    /// The field that a user calls so: the case of letters, and which of space,
    /// hyphen and underscore stands between words, make no difference.
    pub(crate) fn named(name: &str) -> Self {
        let column = T::COLUMNS
            .iter()
            .find(|column| folded(column.header) == folded(name));
        Self {
            name: name.to_owned(),
            column,
        }
    }

    /// All columns of the table.
    pub(crate) fn all() -> Vec<Self> {
        let fields = T::COLUMNS.iter().map(|column| Self {
            name: column.header.to_owned(),
            column: Some(column),
        });
        fields.collect()
    }

    pub(crate) fn is_attribute(&self) -> bool {
        self.column.is_none()
    }

    /// Whether the schema has such a field.
    pub(crate) fn is_known(&self) -> bool {
        self.column.is_some() || T::knows(&self.name)
    }

    /// Fails if neither the schema nor any of the things has such a field: a slip in its
    /// name shouldn't look like a value that is missing.
    pub(crate) fn check(&self, rows: &[Row<'_, T>]) -> Result<(), Failure> {
        let is_there = |row: &Row<'_, T>| attribute(&row.object, &self.name).is_some();
        if self.is_known() || rows.iter().any(is_there) {
            return Ok(());
        }
        let what = format!("there is no column {:?}", self.name);
        let columns: Vec<_> = T::COLUMNS.iter().map(|c| folded(c.header)).collect();
        let why = format!("no {} has an attribute of that name", T::NOUN);
        Err(Failure::new(Exit::Usage, what, why)
            .next(format!("columns: {}", columns.join(", ")))
            .next("or any attribute that -o json shows, by its path: region.name"))
    }

    /// Its header in a table.
    pub(crate) fn header(&self) -> Cow<'_, str> {
        match self.column {
            Some(column) => column.header.into(),
            None => self.name.to_uppercase().into(),
        }
    }

    /// Its name for programs.
    pub(crate) fn key(&self) -> String {
        match self.column {
            Some(column) => folded(column.header),
            None => self.name.clone(),
        }
    }

    pub(crate) fn look(&self) -> Look {
        self.column.map_or(Look::default(), |column| column.look)
    }

    /// Writes its value as a cell of a table.
    pub(crate) fn write(&self, row: &Row<'_, T>, cell: &mut Cell<'_>) {
        match self.column {
            Some(column) => (column.write)(row.item, cell),
            None => cell.json(attribute(&row.object, &self.name).unwrap_or(&Json::Null)),
        }
    }

    /// Fails if values of the field can never be what a user wrote.
    pub(crate) fn check_value(&self, wanted: &str) -> Result<(), Failure> {
        let is_number = self.column.is_some_and(|column| column.look.is_number());
        if !is_number || wanted.is_empty() || Decimal::parse(wanted).is_some() {
            return Ok(());
        }
        let what = format!("{wanted:?} can't be a value of {}", self.key());
        Err(Failure::new(Exit::Usage, what, "its values are numbers")
            .next(format!("write a number without a unit: {}=2", self.key())))
    }

    /// Its value to compare.
    pub(crate) fn comparable(&self, row: &Row<'_, T>) -> Comparable {
        let mut value = Comparable::Missing;
        match self.column {
            Some(column) => {
                (column.write)(
                    row.item,
                    &mut Cell::comparing(&mut String::new(), &mut value),
                );
            }
            None => match attribute(&row.object, &self.name) {
                Some(Json::String(text)) if is_time(&self.name) => value = Comparable::time(text),
                Some(found) => value = Comparable::json(found),
                None => {}
            },
        }
        value
    }

    /// Its value as text for programs.
    pub(crate) fn plain(&self, row: &Row<'_, T>) -> String {
        let mut text = String::new();
        self.write(row, &mut Cell::new(&mut text, Times::Plain));
        text
    }

    /// Its value in JSON: the server's own where the name is that of an
    /// attribute, else the text of the column.
    pub(crate) fn json(&self, row: &Row<'_, T>) -> Json {
        match attribute(&row.object, &self.key()) {
            Some(value) => value.clone(),
            None if self.column.is_none() => Json::Null,
            None => match self.plain(row) {
                text if text.is_empty() => Json::Null,
                text => text.into(),
            },
        }
    }
}

impl<'a, T: Resource> Row<'a, T> {
    /// The thing alone, for fields that are columns.
    pub(crate) fn bare(item: &'a T) -> Self {
        let object = Json::Null;
        Self { item, object }
    }

    pub(crate) fn with_attributes(item: &'a T) -> Self {
        // What came as JSON goes as JSON.
        let object = Json::of(item).unwrap_or_default();
        Self { item, object }
    }
}

/// What is at a path of an object: `region.name`, `networks.v4.0.ip_address`. An
/// attribute whose own name has dots in it goes before.
fn attribute<'v>(object: &'v Json, path: &str) -> Option<&'v Json> {
    let step = |value: &'v Json, key: &str| match value {
        Json::Object(attributes) => attributes.get(key),
        Json::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    };
    if let Some(value) = step(object, path) {
        return Some(value);
    }
    let mut dots = path.match_indices('.').map(|(at, _)| at);
    dots.find_map(|at| attribute(step(object, &path[..at])?, &path[at + 1..]))
}

/// Whether the contract says that the attribute is a point in time.
fn is_time(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    name.ends_with("_at") && !path.starts_with("labels.")
}

/// The name as all ways to write it have it: `part_of`.
pub(crate) fn folded(name: &str) -> String {
    name.to_lowercase().replace([' ', '-'], "_")
}

#[cfg(test)]
mod tests {
    use cloudsfor_types::{Network, Vm};
    use serde_json::json;

    use super::*;
    use crate::testing::{a_full_vm, a_vm};

    fn plain(vm: &Vm, name: &str) -> String {
        Field::named(name).plain(&Row::with_attributes(vm))
    }

    #[test]
    fn a_field_is_a_column_or_an_attribute_by_its_path() {
        let vm = a_full_vm();
        assert_eq!(plain(&vm, "ip"), "100.64.12.34");
        assert_eq!(plain(&vm, "Memory"), "0.5");
        assert_eq!(plain(&vm, "labels.role"), "web");
        assert_eq!(plain(&vm, "networks.v4.0.type"), "private");
        assert_eq!(plain(&vm, "features"), "backups,ipv6");
        assert_eq!(plain(&vm, "labels.nothing"), "");
        let dotted = a_vm(json!({"labels": {"a.b/c": "x"}}));
        assert_eq!(plain(&dotted, "labels.a.b/c"), "x");
        assert_eq!(Field::<Network>::named("part-of").key(), "part_of");
    }

    #[test]
    fn in_json_an_attribute_is_the_servers_own() {
        let vm = a_full_vm();
        let json = |name: &str| Field::named(name).json(&Row::with_attributes(&vm));
        assert_eq!(json("memory"), json!(0.5));
        assert_eq!(json("region")["name"], "moscow_01");
        assert_eq!(json("ip"), "100.64.12.34");
        assert_eq!(json("nothing"), Json::Null);
    }

    #[test]
    fn a_slip_in_a_name_is_an_error_that_lists_the_columns() {
        let vm = a_vm(json!({}));
        let rows = [Row::with_attributes(&vm)];
        assert!(Field::named("plan").check(&rows).is_ok());
        let error = Field::named("nmae").check(&rows).unwrap_err();
        assert!(error.next[0].contains("name, status"), "{:?}", error.next);
        // Whether there is anything to list makes no difference.
        assert!(Field::<Vm>::named("nmae").check(&[]).is_err());
        assert!(Field::<Vm>::named("region.nmae").check(&[]).is_err());
        for name in [
            "plan",
            "labels.any.key",
            "region.name",
            "image.distro",
            "networks.v4.0.type",
        ] {
            assert!(Field::<Vm>::named(name).check(&[]).is_ok(), "{name}");
        }
    }
}
