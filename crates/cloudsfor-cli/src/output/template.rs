//! `-o template=…`: each thing as a text of the user's own form.

use std::borrow::Cow;

use cloudsfor_types::Json;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, escape_formatter};
use serde::{Serialize, Serializer};

use super::clean::clean;
use crate::exit::Exit;
use crate::failure::Failure;

/// A template, ready to be filled in.
pub(super) struct Template(Environment<'static>);

/// What the template is called in its errors.
const NAME: &str = "template";

impl Template {
    pub(super) fn new(text: &str) -> Result<Self, Failure> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        // What the user wrote goes out as it is, what the server said harmless.
        environment.set_formatter(|out, state, value| {
            if value.is_none() {
                return Ok(());
            }
            match value.as_str().map(clean) {
                Some(Cow::Owned(harmless)) => escape_formatter(out, state, &harmless.into()),
                _ => escape_formatter(out, state, value),
            }
        });
        environment
            .add_template_owned(NAME, unescaped(text))
            .map_err(|error| unusable(&error))?;
        Ok(Self(environment))
    }

    /// The text for one thing without a line end, whose attributes the template names.
    pub(super) fn fill(&self, item: &impl Serialize) -> Result<String, Failure> {
        let filled = self.0.get_template(NAME).and_then(|template| {
            let value = Json::of(item).unwrap_or_default();
            template.render(Value::from(Serde(&Exact(&value))))
        });
        filled.map_err(|error| unusable(&error))
    }
}

/// A value whose numbers come out digit by digit: those that no number type of templates
/// holds are text there.
struct Exact<'a>(&'a Json);

impl Serialize for Exact<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::Number(number) if !self.0.has_plain_numbers() => {
                serializer.serialize_str(number.as_str())
            }
            Json::Array(items) => serializer.collect_seq(items.iter().map(Exact)),
            Json::Object(attributes) => {
                serializer.collect_map(attributes.iter().map(|(name, value)| (name, Exact(value))))
            }
            other => other.serialize(serializer),
        }
    }
}

/// `\n` and `\t` as in a shell's `printf`, since they are hard to type in quotes.
fn unescaped(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t")
}

fn unusable(error: &minijinja::Error) -> Failure {
    let detail = error.detail().map(|d| format!(": {d}")).unwrap_or_default();
    let why = format!("{}{detail}", error.kind());
    Failure::new(Exit::Usage, "the template can't be used", why)
        .next("write attributes as -o json shows them: -o template='{{ name }}: {{ region.name }}'")
        .next("one that may be missing: {{ plan | default(\"-\") }}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fill(template: &str) -> Result<String, Failure> {
        let item = json!({"name": "a\u{1b}[2J", "region": {"name": "moscow_01"}, "memory": 0.5});
        Template::new(template)?.fill(&item)
    }

    #[test]
    fn attributes_are_filled_in_and_harmless() {
        assert_eq!(
            fill(r"{{ name }}\t{{ region.name }} {{ memory }}\n").unwrap(),
            "a\\u{1b}[2J\tmoscow_01 0.5"
        );
        assert_eq!(fill("{{ plan | default('-') }}").unwrap(), "-");
    }

    #[test]
    fn a_slip_is_an_error() {
        for template in ["{{ nmae }}", "{{ name", "{% for %}"] {
            assert_eq!(fill(template).unwrap_err().exit.code(), 2, "{template}");
        }
    }
}
