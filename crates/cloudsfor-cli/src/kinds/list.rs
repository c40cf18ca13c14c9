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
use crate::output::{self, Format, Lister, Resource};
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
    let failed = |error| {
        let what = format!("the {} can't be listed", collection.all());
        Failure::of(&error, what).naming(|field| format!("--{field}"))
    };
    let is_plain = args.query.is_everything() && args.watch.is_none();
    if is_plain && Lister::<C::Item>::can(&global.view) {
        let number = show_each(collection, api, global, terminal, failed).await?;
        if number == 0 && global.view.output == Format::Table {
            terminal.note(&collection.none());
        }
        return Ok(Exit::Done);
    }
    let fetch = async || every(collection, api, &call).await.map_err(failed);
    show(args, global, terminal, fetch, || collection.none()).await
}

/// Shows a list while it arrives, and says how many there were.
async fn show_each<C: Collection>(
    collection: &C,
    api: &dyn Api,
    global: &Global,
    terminal: &mut Terminal,
    failed: impl Fn(Error) -> Failure,
) -> Result<usize, Failure> {
    let mut lister = Lister::begin(terminal, &global.view)?;
    let mut written = Ok(());
    let mut take = |item: C::Item| {
        if written.is_ok() {
            written = lister.add(&item);
        }
    };
    let arrived = collection.each(api, &global.call(), &mut take).await;
    arrived.map_err(failed)?;
    written?;
    lister.end()
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
    let name = collection.operation().name;
    list_all(name, call, |page: PageRequest, call| async move {
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
