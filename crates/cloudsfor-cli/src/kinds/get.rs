//! `get`: shows one thing.

use std::time::Duration;

use clap::Args;
use cloudsfor_core::Api;

use super::find::find;
use super::list::{WATCH_EVERY, watched};
use super::{Findable, Selects};
use crate::args::{Global, duration};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Described, Resource};
use crate::terminal::Terminal;

/// One thing.
#[derive(Args)]
pub(crate) struct One<S: Selects> {
    /// Its name or id; `name:` and `id:` before it say which
    #[arg(value_name = "NAME|ID")]
    pub(crate) which: S,
}

/// Which thing to show.
#[derive(Args)]
pub(crate) struct Showing<S: Selects> {
    #[command(flatten)]
    pub(crate) one: One<S>,

    /// Show it again and again, until Ctrl-C
    #[arg(long, value_name = "EVERY", value_parser = duration, num_args = 0..=1,
          require_equals = true, default_missing_value = WATCH_EVERY)]
    pub(crate) watch: Option<Duration>,
}

pub(crate) async fn get<C>(
    collection: &C,
    api: &dyn Api,
    args: &Showing<C::Selector>,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure>
where
    C: Findable<Item: Described>,
{
    let undone = format!("can't show the {}", C::Item::NOUN);
    let fetch = async || find(collection, api, &args.one.which, global, &undone).await;
    watched(args.watch, terminal, fetch, |item, terminal| {
        output::one(terminal, &global.view, item)
    })
    .await
}
