//! What the deletions of all nouns share: asking, a result for each, and one
//! exit code for all.

use std::borrow::Cow;

use cloudsfor_core::Error;
use serde::Serialize;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::cell::ago;
use crate::output::{self, Format, Resource};
use crate::terminal::Terminal;

/// Something that can be deleted.
pub(crate) trait Deletable: Resource {
    /// What one is called: `VM`.
    const NOUN: &'static str;

    /// It as people know it, by its name where it has one beside its id.
    fn named(&self) -> String {
        match self.name() {
            "" => self.id().into_owned(),
            name => format!("{name} ({})", self.id()),
        }
    }

    /// Adds what programs are told of it to a failure.
    fn concerned(&self, failure: Failure) -> Failure {
        failure
    }
}

/// Something with contents, of which nobody should lose any unasked.
pub(crate) trait Precious: Deletable {
    /// What a deletion means, said above the list of what it is for.
    const WARNING: &'static str;

    /// What the user loses with it.
    fn losses(&self, now: jiff::Timestamp) -> String;
}

/// Refuses what would need a question that nobody can answer, before anything is
/// looked up.
pub(crate) fn can_confirm<T: Precious>(yes: bool, terminal: &Terminal) -> Result<(), Failure> {
    if yes || terminal.can_ask() {
        return Ok(());
    }
    let why = format!(
        "there is no terminal to ask on whether these {}s may really go",
        T::NOUN
    );
    Err(Failure::new(Exit::Usage, "nothing was deleted", why)
        .next("repeat the command with --yes if they may"))
}

/// Asks, unless told `yes`, whether these may go.
pub(crate) fn confirmed<T: Precious>(
    targets: &[T],
    yes: bool,
    terminal: &mut Terminal,
) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    terminal.say(T::WARNING);
    for target in targets {
        terminal.say(&format!("  {}", target.losses(terminal.now())));
    }
    let question = format!("Delete {}?", count(targets.len(), T::NOUN));
    let confirmed = terminal.confirm(&question).map_err(|error| {
        let next = format!("repeat the command with --yes if these {}s may go", T::NOUN);
        Failure::new(Exit::Error, "nothing was deleted", error.to_string()).next(next)
    })?;
    if !confirmed {
        terminal.note("Nothing was deleted.");
    }
    Ok(confirmed)
}

/// Each target once, though it be named twice. All are found before any is
/// touched, so that a slip in one name deletes none.
pub(crate) async fn find_each<S, T: Resource>(
    selectors: &[S],
    find: impl AsyncFn(&S) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut targets: Vec<T> = Vec::with_capacity(selectors.len());
    for selector in selectors {
        let target = find(selector).await?;
        if targets.iter().all(|known| known.id() != target.id()) {
            targets.push(target);
        }
    }
    Ok(targets)
}

/// What became of one target.
#[derive(Serialize)]
struct Outcome<'a> {
    id: Cow<'a, str>,
    name: &'a str,
    deleted: bool,
}

/// Deletes one after the other, and goes on when one fails.
pub(crate) async fn delete_each<T: Deletable>(
    targets: &[T],
    delete: impl AsyncFn(&T) -> Result<(), Error>,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let mut outcomes = Vec::with_capacity(targets.len());
    let mut failures = Vec::new();
    for target in targets {
        let result = delete(target).await;
        outcomes.push(Outcome {
            id: target.id(),
            name: target.name(),
            deleted: result.is_ok(),
        });
        match result {
            Ok(()) => show_deleted(target, global.output, terminal)?,
            Err(error) => {
                let failure = failed(target, &error);
                output::failure::failure(terminal, global.output, &failure);
                failures.push(failure.exit);
            }
        }
    }
    if global.output == Format::Json {
        output::json::write_pretty(terminal.out(), &outcomes)?;
    }
    Ok(match failures.first() {
        None => Exit::Done,
        Some(_) if failures.len() < targets.len() => Exit::Partial,
        Some(first) => *first,
    })
}

fn failed<T: Deletable>(target: &T, error: &Error) -> Failure {
    let (noun, named) = (T::NOUN, target.named());
    let failure = if error.may_have_been_applied() {
        let what = format!("it is unknown whether the {noun} {named} was deleted");
        let next = format!("repeat the command: a {noun} that is gone stays gone");
        Failure::of(error, what).instead(next)
    } else {
        Failure::of(error, format!("the {noun} {named} was not deleted"))
    };
    target.concerned(failure)
}

/// A line for each target as soon as it is gone; JSON comes as a whole at the
/// end.
fn show_deleted<T: Deletable>(
    target: &T,
    format: Format,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    match format {
        Format::Json => Ok(()),
        Format::Table => output::line(terminal, &format!("deleted {}", target.named())),
        Format::Id => output::line(terminal, &target.id()),
        Format::Name => output::line(terminal, target.name()),
    }
    .and_then(|()| terminal.flush())
    .map_err(Failure::from)
}

/// How long ago something was made, as far as that is known.
pub(crate) fn age(created_at: &cloudsfor_types::Timestamp, now: jiff::Timestamp) -> String {
    match created_at.instant() {
        Some(instant) => ago(instant, now),
        None => created_at.to_string(),
    }
}

pub(crate) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}
