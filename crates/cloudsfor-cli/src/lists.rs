//! What the lists of all nouns share.

use std::collections::HashSet;

use cloudsfor_core::{Error, Page, PageRequest};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Format, Resource};
use crate::terminal::Terminal;

/// All items of a list, though the server may answer in pages.
pub(crate) async fn every_page<T>(
    undone: &str,
    fetch: impl AsyncFn(PageRequest) -> Result<Page<T>, Error>,
) -> Result<Vec<T>, Failure> {
    let mut items = Vec::new();
    let mut seen = HashSet::new();
    let mut request = PageRequest::Whole;
    loop {
        let page = fetch(request)
            .await
            .map_err(|error| Failure::of(&error, undone))?;
        items.extend(page.items);
        let Some(next) = page.next else {
            return Ok(items);
        };
        if !seen.insert(next.clone()) {
            let why = "the server's pages don't end: one names an earlier one as its next";
            return Err(Failure::new(Exit::Unavailable, undone, why)
                .next("report this to the server's operator"));
        }
        request = PageRequest::Next(next);
    }
}

/// Shows a list, and says so if there is nothing in it.
pub(crate) fn show<T: Resource>(
    items: &[T],
    empty: &str,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    output::list(terminal, global.output, items)?;
    if items.is_empty() && global.output == Format::Table {
        terminal.note(empty);
    }
    Ok(Exit::Done)
}
