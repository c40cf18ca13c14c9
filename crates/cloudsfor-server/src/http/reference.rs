//! `/api/v1/docs`: the API's description as a page. Plain HTML, made from the
//! OpenAPI document, so that it works offline, prints, and needs no script.

use std::fmt::Write as _;
use std::sync::OnceLock;

use axum::body::Body;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde_json::{Map, Value};

use super::BASE_PATH;
use super::openapi::document;

const STYLE: &str = include_str!("reference.css");

pub(super) async fn get() -> Response {
    static PAGE: OnceLock<String> = OnceLock::new();
    let page = PAGE.get_or_init(|| {
        let document = serde_json::from_str(document()).unwrap_or_default();
        page(&document)
    });
    let mut response = Response::new(Body::from(page.as_str()));
    let headers = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(CONTENT_TYPE, html);
    let policy = HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    );
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    response
}

fn page(document: &Value) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>CloudsFor API</title><style>{STYLE}</style></head><body><nav><h1>CloudsFor API</h1>"
    );
    let operations: Vec<_> = operations(document).collect();
    for (path, method, operation) in &operations {
        let _ = write!(
            page,
            "<a href=\"#{}\"><b class=\"{method}\">{method}</b> {}</a>",
            text(&operation["operationId"]),
            escaped(path)
        );
    }
    let _ = write!(
        page,
        "<a href=\"#schemas\">Schemas</a></nav><main><p>{} The base URL is <code>{BASE_PATH}</code>; \
         requests say who asks by basic authentication, with e-mail and password. The same for \
         programs: <a href=\"{BASE_PATH}/openapi.json\">openapi.json</a>.</p>",
        text(&document["info"]["description"])
    );
    for (path, method, operation) in &operations {
        write_operation(&mut page, path, method, operation, document);
    }
    page.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in object(&document["components"]["schemas"]) {
        let _ = write!(
            page,
            "<section id=\"schema-{0}\"><h3>{0}</h3>",
            escaped(name)
        );
        write_schema(&mut page, schema);
        page.push_str("</section>");
    }
    page.push_str("</main></body></html>");
    page
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    object(&document["paths"]).flat_map(|(path, methods)| {
        object(methods).map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

fn write_operation(
    page: &mut String,
    path: &str,
    method: &str,
    operation: &Value,
    document: &Value,
) {
    let _ = write!(
        page,
        "<section id=\"{}\"><h2><b class=\"{method}\">{method}</b> <code>{}</code></h2><p>{}. {}</p>",
        text(&operation["operationId"]),
        escaped(path),
        text(&operation["summary"]),
        text(&operation["description"])
    );
    let parameters = operation["parameters"].as_array();
    if let Some(parameters) = parameters.filter(|parameters| !parameters.is_empty()) {
        page.push_str("<table><tr><th>Parameter<th>In<th>Type<th>");
        for parameter in parameters {
            let parameter = resolved(parameter, document);
            let _ = write!(
                page,
                "<tr><td><code>{}</code><td>{}<td>{}<td>{}",
                text(&parameter["name"]),
                text(&parameter["in"]),
                kind(&parameter["schema"]),
                text(&parameter["description"])
            );
        }
        page.push_str("</table>");
    }
    if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
        let _ = write!(page, "<p>Body: {}</p>", kind(schema));
    }
    page.push_str("<ul class=\"answers\">");
    for (status, answer) in object(&operation["responses"]) {
        let answer = resolved(answer, document);
        let _ = write!(
            page,
            "<li><b>{}</b> {}",
            escaped(status),
            text(&answer["description"])
        );
        for (media_type, content) in object(&answer["content"]) {
            let _ = write!(
                page,
                " {}, {}",
                escaped(media_type),
                kind(&content["schema"])
            );
        }
    }
    page.push_str("</ul></section>");
}

fn write_schema(page: &mut String, schema: &Value) {
    if schema["oneOf"].is_array() {
        let _ = write!(
            page,
            "<p>One of these, by its <code>type</code>: {}</p>",
            kind(schema)
        );
    }
    let required: Vec<_> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    let mut properties = object(&schema["properties"]).peekable();
    if properties.peek().is_none() {
        return;
    }
    page.push_str("<table><tr><th>Attribute<th>Type<th>");
    for (name, property) in properties {
        let optional = if required.iter().any(|required| *required == name) {
            ""
        } else {
            "optional. "
        };
        let _ = write!(
            page,
            "<tr><td><code>{}</code><td>{}<td>{optional}{}",
            escaped(name),
            kind(property),
            text(&property["description"])
        );
    }
    page.push_str("</table>");
}

/// A schema in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
    {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escaped(name));
    }
    let mut words = Vec::new();
    let of = |name: &str| schema[name].as_array().into_iter().flatten();
    match &schema["type"] {
        Value::Array(kinds) => {
            words.push(kinds.iter().map(text).collect::<Vec<_>>().join(" or "));
        }
        kind => words.push(text(kind)),
    }
    words.extend(of("anyOf").map(kind));
    words.push(of("oneOf").map(kind).collect::<Vec<_>>().join(", "));
    if schema["items"].is_object() {
        words.push(format!("of {}", kind(&schema["items"])));
    }
    let values: Vec<_> = of("enum")
        .map(|value| format!("<code>{}</code>", text(value)))
        .collect();
    words.push(values.join(", "));
    for (name, said) in [
        ("const", "always"),
        ("format", "as"),
        ("minimum", "from"),
        ("maximum", "to"),
        ("multipleOf", "in steps of"),
        ("minLength", "from length"),
        ("maxLength", "to length"),
        ("pattern", "like"),
    ] {
        if !schema[name].is_null() {
            words.push(format!("{said} <code>{}</code>", text(&schema[name])));
        }
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// What a reference leads to.
fn resolved<'a>(value: &'a Value, document: &'a Value) -> &'a Value {
    let pointer = value["$ref"]
        .as_str()
        .and_then(|path| path.strip_prefix('#'));
    pointer
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(value)
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// A value as text; what is between backticks is code.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => {
            let parts = text.split('`').enumerate();
            let shown = parts.map(|(number, part)| match number % 2 {
                0 => escaped(part),
                _ => format!("<code>{}</code>", escaped(part)),
            });
            shown.collect()
        }
        other => escaped(&other.to_string()),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use cloudsfor_types::operations::OPERATIONS;

    use super::*;

    #[test]
    fn every_operation_and_every_schema_is_on_the_page_and_every_link_leads_somewhere() {
        let document: Value = serde_json::from_str(document()).unwrap();
        let page = page(&document);
        for operation in OPERATIONS {
            assert!(page.contains(&format!("<section id=\"{}\">", operation.name)));
        }
        let targets = page.split("href=\"#").skip(1);
        let mut links = 0;
        for target in targets {
            let id = target.split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
            links += 1;
        }
        assert!(links > 100);
    }

    #[test]
    fn what_the_document_says_is_no_markup() {
        let schema = serde_json::json!({"type": "string", "pattern": "<script>\"&"});
        assert_eq!(
            kind(&schema),
            "string like <code>&lt;script&gt;&quot;&amp;</code>"
        );
    }
}
