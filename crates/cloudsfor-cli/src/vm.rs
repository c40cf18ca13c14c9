//! Virtual machines.

mod create;
mod delete;
mod find;
mod get;
mod list;
mod snapshots;
#[cfg(test)]
mod tests;
mod view;
mod wait;

use clap::Subcommand;
use cloudsfor_core::Api;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// What can be done with VMs.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List VMs, oldest first
    List(list::List),
    /// Create a VM and wait until it runs
    Create(create::Create),
    /// Show a VM
    Get(get::Get),
    /// Delete VMs with their disks and backups
    Delete(delete::Delete),
    /// List the snapshots of a VM, oldest first
    Snapshots(snapshots::Snapshots),
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    match verb {
        Verb::List(args) => list::list(api, args, global, terminal).await,
        Verb::Create(args) => create::create(api, args, global, terminal).await,
        Verb::Get(args) => get::get(api, args, global, terminal).await,
        Verb::Delete(args) => delete::delete(api, args, global, terminal).await,
        Verb::Snapshots(args) => snapshots::snapshots(api, args, global, terminal).await,
    }
}
