//! `delete`: asks, deletes several at a time, tells of each, and ends with one
//! exit code for all.

use std::borrow::Cow;
use std::cell::RefCell;

use clap::Args;
use cloudsfor_core::bulk::{Bulk, Outcome};
use cloudsfor_core::{Api, Error, ErrorKind};
use serde::Serialize;

use super::targets::{Targets, find_each};
use super::{Deletable, Selects, count};
use crate::args::Global;
use crate::confirm::{Confirmation, confirmed};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Format, Resource};
use crate::terminal::Terminal;

/// Which things to delete.
#[derive(Args)]
pub(crate) struct Deletion<S: Selects> {
    #[command(flatten)]
    pub(crate) targets: Targets<S>,

    /// Don't ask
    #[arg(short, long)]
    pub(crate) yes: bool,
}

pub(crate) async fn delete<C: Deletable>(
    collection: &C,
    api: &dyn Api,
    args: &Deletion<C::Selector>,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let noun = C::Item::NOUN;
    let asks = C::WARNING.is_some() && !args.yes && !global.dry_run;
    let confirmation = Confirmation {
        undone: "nothing was deleted",
        question: &|number| format!("Delete {}?", count(number, noun)),
    };
    if asks {
        confirmation.possible(terminal)?;
    }
    let selectors = args.targets.all(global, terminal)?;
    let undone = format!("nothing was deleted: can't find the {noun}");
    let items = find_each(collection, api, &selectors, global, &undone).await?;
    if let (true, Some(warning)) = (asks, C::WARNING) {
        let now = terminal.now();
        let losses: Vec<_> = items.iter().map(|item| C::losses(item, now)).collect();
        if !confirmed(&confirmation, warning, &losses, terminal)? {
            return Ok(Exit::Error);
        }
    }
    delete_each(collection, api, &items, global, terminal).await
}

/// What became of one target.
#[derive(Serialize)]
struct Deleted<'a> {
    id: Cow<'a, str>,
    name: &'a str,
    deleted: bool,
}

/// Deletes some at a time, and goes on when one fails.
async fn delete_each<C: Deletable>(
    collection: &C,
    api: &dyn Api,
    items: &[C::Item],
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let call = &global.call();
    let shown = &RefCell::new((terminal, Ok(())));
    let outcomes = Bulk::default()
        .run(items, |item| async move {
            let result = collection.delete(api, item, call).await;
            let (terminal, written) = &mut *shown.borrow_mut();
            match &result {
                Ok(()) if written.is_ok() => *written = tell(item, &global.view.output, terminal),
                Ok(()) => {}
                Err(error) => {
                    let mut failure = C::concerned(item, failed(item, error));
                    if error.kind() == &ErrorKind::Protected {
                        let unprotect = format!("vm update {} --unprotect", item.id());
                        let unprotect = global.command(&unprotect);
                        failure =
                            failure.instead(format!("if it may really go, first: {unprotect}"));
                    }
                    global.tell_failure(terminal, &failure);
                }
            }
            result
        })
        .await;
    let (terminal, written) = &mut *shown.borrow_mut();
    std::mem::replace(written, Ok(()))?;
    let ends: Vec<Result<(), Exit>> = outcomes.iter().map(end).collect();
    let deleted = ends.iter().filter(|end| end.is_ok()).count();
    if global.dry_run {
        // The end of a dry run shows what would have been sent.
    } else if global.view.output.is_document() {
        let outcomes: Vec<_> = items
            .iter()
            .zip(&ends)
            .map(|(item, end)| Deleted {
                id: item.id(),
                name: item.name(),
                deleted: end.is_ok(),
            })
            .collect();
        output::document(terminal, &global.view, &outcomes)?;
    } else if deleted < items.len() && items.len() > 1 {
        terminal.note(&format!(
            "{deleted} of {} deleted.",
            count(items.len(), C::Item::NOUN)
        ));
    }
    Ok(Exit::of_several(&ends))
}

fn end(outcome: &Outcome<()>) -> Result<(), Exit> {
    match outcome {
        Outcome::Done(()) => Ok(()),
        Outcome::Failed(error) => Err(Exit::of(error.kind())),
        Outcome::NotBegun => Err(Exit::Error),
    }
}

fn failed<T: Resource>(item: &T, error: &Error) -> Failure {
    let (noun, named) = (T::NOUN, item.named());
    if error.may_have_been_applied() {
        let what = format!("it is unknown whether the {noun} {named} was deleted");
        let next = format!("repeat the command: a {noun} that is gone stays gone");
        Failure::of(error, what).instead(next)
    } else {
        Failure::of(error, format!("the {noun} {named} was not deleted"))
    }
}

/// A line for each target as soon as it is gone; a document comes as a whole at
/// the end.
fn tell<T: Resource>(item: &T, format: &Format, terminal: &mut Terminal) -> std::io::Result<()> {
    match format {
        Format::Json | Format::Yaml => return Ok(()),
        Format::Id => output::line(terminal, &item.id())?,
        Format::Name => output::line(terminal, item.name())?,
        _ => output::line(terminal, &format!("deleted {}", item.named()))?,
    }
    terminal.flush()
}
