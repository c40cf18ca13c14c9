//! What every answer may carry, and how requests are refused.

use cloudsfor_types::operations::{Method, Operation};
use serde_json::{Map, Value, json};

use super::content;

/// The headers of answers, and what they say.
const HEADERS: &[(&str, &str, &str)] = &[
    (
        "X-Request-Id",
        "string",
        "Names the request, for whoever runs the service.",
    ),
    ("X-Action-Id", "string", "The action that was begun."),
    (
        "Idempotent-Replayed",
        "string",
        "`true` if the request was carried out before under the same key, and this is the answer to it.",
    ),
    (
        "Idempotency-Key-Retention",
        "integer",
        "For how many seconds a key is remembered.",
    ),
    (
        "RateLimit-Limit",
        "integer",
        "How many requests an account may make in a minute, if there is a limit.",
    ),
    (
        "RateLimit-Remaining",
        "integer",
        "How many of them are left.",
    ),
    (
        "RateLimit-Reset",
        "integer",
        "In how many seconds there are more.",
    ),
    (
        "Retry-After",
        "integer",
        "After how many seconds to ask again.",
    ),
];

/// Refusals that have a name, and what they mean.
const REFUSALS: &[(&str, &str)] = &[
    ("Unauthorized", "Nobody is logged in by these credentials."),
    ("NotFound", "What the path names isn't there."),
    (
        "Conflict",
        "What is there is in no state for this, or the key names another request.",
    ),
    (
        "Unprocessable",
        "What was sent can't be carried out; `fields` names every fault.",
    ),
    ("TooManyRequests", "Too many at once or in a while."),
    ("Refused", "Refused."),
];

pub(super) fn headers() -> Map<String, Value> {
    let header = |(name, kind, description): &(&str, &str, &str)| {
        let header = json!({"description": description, "schema": {"type": kind}});
        ((*name).to_owned(), header)
    };
    HEADERS.iter().map(header).collect()
}

pub(super) fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

pub(super) fn refusals() -> Map<String, Value> {
    let refusal = |(name, description): &(&str, &str)| {
        let mut headers = json!({"X-Request-Id": header("X-Request-Id")});
        if *name == "TooManyRequests" {
            headers["Retry-After"] = header("Retry-After");
        }
        let refusal =
            json!({"description": description, "headers": headers, "content": content("Error")});
        ((*name).to_owned(), refusal)
    };
    REFUSALS.iter().map(refusal).collect()
}

pub(super) fn refusal(name: &str) -> Value {
    json!({"$ref": format!("#/components/responses/{name}")})
}

/// How an operation is answered: its success, and the refusals that it can meet.
pub(super) fn of(operation: &Operation, mut success: Value) -> Value {
    let changes = operation.method != Method::Get;
    let mut names = vec![
        "X-Request-Id",
        "RateLimit-Limit",
        "RateLimit-Remaining",
        "RateLimit-Reset",
    ];
    if operation.method == Method::Post {
        names.extend(["Idempotent-Replayed", "Idempotency-Key-Retention"]);
    }
    for name in names {
        success["headers"][name] = header(name);
    }
    let mut answers = json!({
        operation.success.to_string(): success,
        "401": refusal("Unauthorized"),
        "422": refusal("Unprocessable"),
        "429": refusal("TooManyRequests"),
        "default": refusal("Refused"),
    });
    if operation.path.contains('{') {
        answers["404"] = refusal("NotFound");
    }
    if changes {
        answers["409"] = refusal("Conflict");
    }
    answers
}
