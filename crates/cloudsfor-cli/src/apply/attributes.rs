//! The attributes of a value of the file, taken one by one; every fault is noted with
//! its line and the attribute's path.

use cloudsfor_types::FieldFault;

use super::document::{Attribute, Node, Value};
use crate::output::compare::Decimal;

/// The faults of a file.
pub(super) type Faults = Vec<FieldFault>;

/// The attributes of one thing: of `vms[0]`, or of the file.
pub(super) struct Attributes {
    path: String,
    line: u64,
    rest: Vec<Attribute>,
    /// Those that were taken, with their lines.
    taken: Vec<(&'static str, u64)>,
}

impl Attributes {
    /// The attributes at this place; `None`, and a fault, if something else is there.
    pub(super) fn of(node: Node, path: &str, faults: &mut Faults) -> Option<Self> {
        let Value::Object(rest) = node.value else {
            let place = place(node.line, path);
            let message = format!(
                "must have attributes with values, not {}",
                node.value.told()
            );
            faults.push(FieldFault::new(place, message));
            return None;
        };
        Some(Self {
            path: path.to_owned(),
            line: node.line,
            rest,
            taken: Vec::new(),
        })
    }

    /// Takes an attribute that may be absent; `null` is absent.
    fn take(&mut self, name: &'static str, faults: &mut Faults) -> Option<Node> {
        let mut found = None;
        while let Some(at) = self.rest.iter().position(|of| of.name == name) {
            let attribute = self.rest.remove(at);
            if found.is_some() {
                let place = place(attribute.line, &self.below(name));
                faults.push(FieldFault::new(place, "is there twice: write it once"));
            } else {
                self.taken.push((name, attribute.line));
                found = Some(attribute.value);
            }
        }
        found.filter(|node| node.value != Value::Nothing)
    }

    /// Takes a text; a number or a word such as `yes` is taken as it is written.
    pub(super) fn text(&mut self, name: &'static str, faults: &mut Faults) -> Option<String> {
        let node = self.take(name, faults)?;
        text(node, &self.below(name), faults)
    }

    /// Takes a number; `unit` says of what.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        unit: &str,
        faults: &mut Faults,
    ) -> Option<f64> {
        let node = self.take(name, faults)?;
        let (Value::Number(written) | Value::Text(written)) = &node.value else {
            return self.wrong(name, &node, &format!("a number{unit}"), faults);
        };
        let number = Decimal::parse(written).and_then(|_| written.parse().ok());
        match number.filter(|number: &f64| number.is_finite()) {
            Some(number) if matches!(node.value, Value::Number(_)) => Some(number),
            _ => self.wrong(name, &node, &format!("a number{unit}"), faults),
        }
    }

    pub(super) fn boolean(&mut self, name: &'static str, faults: &mut Faults) -> Option<bool> {
        let node = self.take(name, faults)?;
        match node.value {
            Value::Bool(yes, _) => Some(yes),
            _ => self.wrong(name, &node, "true or false", faults),
        }
    }

    /// Takes a list, with the path of each item.
    pub(super) fn list(
        &mut self,
        name: &'static str,
        faults: &mut Faults,
    ) -> Option<Vec<(String, Node)>> {
        let node = self.take(name, faults)?;
        let path = self.below(name);
        match node.value {
            Value::List(items) => {
                let items = items.into_iter().enumerate();
                Some(
                    items
                        .map(|(i, item)| (format!("{path}[{i}]"), item))
                        .collect(),
                )
            }
            _ => self.wrong(name, &node, "a list", faults),
        }
    }

    /// Takes a list of texts.
    pub(super) fn texts(&mut self, name: &'static str, faults: &mut Faults) -> Option<Vec<String>> {
        let items = self.list(name, faults)?.into_iter();
        Some(
            items
                .filter_map(|(path, node)| text(node, &path, faults))
                .collect(),
        )
    }

    /// Takes names of the user's own choice, with a text each.
    pub(super) fn pairs(
        &mut self,
        name: &'static str,
        faults: &mut Faults,
    ) -> Option<Vec<(String, String)>> {
        let node = self.take(name, faults)?;
        let path = self.below(name);
        let Value::Object(attributes) = node.value else {
            return self.wrong(name, &node, "names with a text each", faults);
        };
        let mut pairs: Vec<(String, String)> = Vec::new();
        for attribute in attributes {
            let path = format!("{path}.{}", attribute.name);
            if pairs.iter().any(|(known, _)| *known == attribute.name) {
                let place = place(attribute.line, &path);
                faults.push(FieldFault::new(place, "is there twice: write it once"));
            } else if let Some(value) = text(attribute.value, &path, faults) {
                pairs.push((attribute.name, value));
            }
        }
        Some(pairs)
    }

    fn wrong<T>(&self, name: &str, node: &Node, wanted: &str, faults: &mut Faults) -> Option<T> {
        let place = place(node.line, &self.below(name));
        let message = format!("must be {wanted}, not {}", node.value.told());
        faults.push(FieldFault::new(place, message));
        None
    }

    /// Notes the faults of a request, whose attributes are these.
    pub(super) fn faulty(&self, found: Vec<FieldFault>, faults: &mut Faults) {
        for fault in found {
            let whole = fault.name.split(['[', '.']).next().unwrap_or_default();
            let taken = self.taken.iter().find(|(name, _)| *name == whole);
            let line = taken.map_or(self.line, |(_, line)| *line);
            let place = place(line, &self.below(&fault.name));
            // Of a value of a wrong type there is a fault already.
            let is_known = faults.iter().any(|known| known.name == place);
            if !is_known {
                faults.push(FieldFault::new(place, fault.message));
            }
        }
    }

    /// Notes a fault for each attribute that wasn't taken.
    pub(super) fn finish(&self, allowed: &[&str], faults: &mut Faults) {
        for attribute in &self.rest {
            let place = place(attribute.line, &self.below(&attribute.name));
            let message = format!(
                "is no attribute of a fleet: there are {}",
                allowed.join(", ")
            );
            faults.push(FieldFault::new(place, message));
        }
    }

    fn below(&self, name: &str) -> String {
        match self.path.is_empty() {
            true => name.to_owned(),
            false => format!("{}.{name}", self.path),
        }
    }
}

fn text(node: Node, path: &str, faults: &mut Faults) -> Option<String> {
    match node.value {
        Value::Text(text) | Value::Number(text) | Value::Bool(_, text) => Some(text),
        Value::Nothing => {
            let message = "must be a text: write \"\" for an empty one";
            faults.push(FieldFault::new(place(node.line, path), message));
            None
        }
        other => {
            let message = format!("must be a text, not {}", other.told());
            faults.push(FieldFault::new(place(node.line, path), message));
            None
        }
    }
}

fn place(line: u64, path: &str) -> String {
    match path.is_empty() {
        true => format!("line {line}:"),
        false => format!("line {line}: {path}"),
    }
}
