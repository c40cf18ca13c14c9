//! Errors on standard error: for people or as JSON.

use serde::Serialize;

use super::{Format, json};
use crate::failure::{Facts, Failure};
use crate::terminal::Terminal;

/// Shows a failure: three short parts for people, one line of JSON for programs
/// that asked for JSON.
pub(crate) fn failure(terminal: &mut Terminal, format: &Format, failure: &Failure) {
    if format.is_document() {
        // Serializing text into memory can't fail; if it did, the plain form
        // below would still tell the user.
        if let Ok(line) = json::line(&Envelope::of(failure)) {
            return terminal.say_json(&line);
        }
    }
    terminal.say_error(&failure.what);
    terminal.say(&format!("  why: {}", failure.why));
    for fault in &failure.facts.faults {
        terminal.say(&format!("       {} {}", fault.name, fault.message));
    }
    for candidate in &failure.facts.candidates {
        let line = (candidate.line)(terminal.now());
        terminal.say(&format!("       {line}"));
    }
    for (i, next) in failure.next.iter().enumerate() {
        let label = if i == 0 { "next:" } else { "     " };
        terminal.say(&format!(" {label} {next}"));
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    exit_code: u8,
    what: &'a str,
    why: &'a str,
    next: &'a [String],
    #[serde(flatten)]
    facts: &'a Facts,
}

impl<'a> Envelope<'a> {
    fn of(failure: &'a Failure) -> Self {
        Self {
            error: Body {
                exit_code: failure.exit.code(),
                what: &failure.what,
                why: &failure.why,
                next: &failure.next,
                facts: &failure.facts,
            },
        }
    }
}
