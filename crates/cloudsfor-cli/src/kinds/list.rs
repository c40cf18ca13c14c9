//! `list`: shows all things of a collection, or those that match.

use std::time::Duration;

use clap::Args;
use cloudsfor_core::list::list_all;
use cloudsfor_core::{Api, CallOptions, Error, PageRequest};

use super::Collection;
use crate::args::{Global, duration};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::query::Query;
use crate::output::{self, Format, Resource};
use crate::terminal::Terminal;

/// How often `--watch` looks, unless told.
pub(super) const WATCH_EVERY: &str = "2s";

/// Which things to list, and how.
#[derive(Args)]
pub(crate) struct Listing {
    #[command(flatten)]
    pub(crate) query: Query,

    /// Show the list again and again, until Ctrl-C
    #[arg(long, value_name = "EVERY", value_parser = duration, num_args = 0..=1,
          require_equals = true, default_missing_value = WATCH_EVERY)]
    pub(crate) watch: Option<Duration>,
}

pub(crate) async fn list<C: Collection>(
    collection: &C,
    api: &dyn Api,
    args: &Listing,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let call = global.call();
    let fetch = async || {
        let items = every(collection, api, &call).await;
        let what = || format!("the {} can't be listed", collection.all());
        items.map_err(|error| Failure::of(&error, what()).naming(|field| format!("--{field}")))
    };
    let none = || collection.none();
    show(args, global, terminal, fetch, none).await
}

/// Shows what is fetched, as these arguments say; an empty list in words.
pub(crate) async fn show<T: Resource>(
    args: &Listing,
    global: &Global,
    terminal: &mut Terminal,
    fetch: impl AsyncFn() -> Result<Vec<T>, Failure>,
    none: impl Fn() -> String,
) -> Result<Exit, Failure> {
    let fetch = async || args.query.apply(fetch().await?);
    watched(args.watch, terminal, fetch, |items, terminal| {
        output::list(terminal, &global.view, items)?;
        if items.is_empty() && global.view.output == Format::Table {
            terminal.note(&match args.query.conditions.is_empty() {
                true => none(),
                false => format!("No {} matches.", T::NOUN),
            });
        }
        Ok(())
    })
    .await
}

/// All things of a collection, though the server may answer in pages.
pub(crate) async fn every<C: Collection + ?Sized>(
    collection: &C,
    api: &dyn Api,
    call: &CallOptions,
) -> Result<Vec<C::Item>, Error> {
    list_all(C::LIST.name, call, |page: PageRequest, call| async move {
        collection.page(api, &page, &call).await
    })
    .await
}

/// Shows what is fetched: once, or again and again until Ctrl-C.
pub(super) async fn watched<T>(
    every: Option<Duration>,
    terminal: &mut Terminal,
    fetch: impl AsyncFn() -> Result<T, Failure>,
    show: impl Fn(&T, &mut Terminal) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let Some(every) = every else {
        show(&fetch().await?, terminal)?;
        return Ok(Exit::Done);
    };
    let mut interrupt = terminal.interrupt();
    loop {
        let fetched = tokio::select! {
            biased;
            fetched = fetch() => fetched?,
            () = &mut interrupt => return Ok(Exit::Done),
        };
        terminal.begin_screen()?;
        show(&fetched, terminal)?;
        terminal.flush()?;
        tokio::select! {
            biased;
            () = tokio::time::sleep(every) => {}
            () = &mut interrupt => return Ok(Exit::Done),
        }
    }
}
