//! Actions: operations on VMs that take a while.

mod list;
mod several;
#[cfg(test)]
mod tests;
mod view;
pub(crate) mod wait;

use clap::{Args, Subcommand};
use cloudsfor_core::Api;
use cloudsfor_types::ActionId;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::terminal::Terminal;

/// What can be done with actions.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List the actions of a VM or of all, oldest first
    List(list::List),
    /// Show an action
    Get(Get),
    /// Wait until actions have ended
    Wait(several::Several),
}

/// Which action to show.
#[derive(Args)]
pub(crate) struct Get {
    /// The action's id
    #[arg(value_name = "ID")]
    action: ActionId,
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    match verb {
        Verb::List(args) => list::list(api, args, global, terminal).await,
        Verb::Get(args) => get(api, args, global, terminal).await,
        Verb::Wait(args) => several::wait(api, args, global, terminal).await,
    }
}

async fn get(
    api: &dyn Api,
    args: &Get,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let action = api
        .get_action(&args.action, &global.call())
        .await
        .map_err(|error| Failure::of(&error, format!("can't show the action {}", args.action)))?;
    output::one(terminal, global.output, &action)?;
    Ok(Exit::Done)
}
