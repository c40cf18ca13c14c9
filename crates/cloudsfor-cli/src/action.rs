//! Actions: operations on VMs that take a while.

pub(crate) mod list;
mod several;
#[cfg(test)]
mod tests;
mod view;
pub(crate) mod wait;

use clap::Subcommand;
use cloudsfor_core::Api;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::get::{Showing, get};
use crate::kinds::selector::Selector;
use crate::terminal::Terminal;

/// What can be done with actions.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List the actions of a VM or of all, oldest first
    List(list::List),
    /// Show an action
    Get(Showing<Selector>),
    /// Wait until actions have ended
    Wait(several::Several),
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    match verb {
        Verb::List(args) => list::list(api, args, global, terminal).await,
        Verb::Get(args) => get(&list::Actions, api, args, global, terminal).await,
        Verb::Wait(args) => several::wait(api, args, global, terminal).await,
    }
}
