//! Virtual machines.

mod act;
mod create;
pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod snapshots;
#[cfg(test)]
mod tests;
mod update;
pub(crate) mod view;
mod wait;

use clap::Subcommand;
use cloudsfor_core::Api;
use cloudsfor_types::{ActionType, VmSelector};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::delete::{Deletion, delete};
use crate::kinds::get::{Showing, get};
use crate::terminal::Terminal;

/// What can be done with VMs.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List VMs, oldest first
    List(list::List),
    /// Create a VM and wait until it runs
    Create(create::Create),
    /// Show a VM
    Get(Showing<VmSelector>),
    /// Delete VMs with their disks and backups
    Delete(Deletion<VmSelector>),
    /// Change a VM's labels and protection
    Update(update::Update),
    /// Start a stopped VM
    Start(act::OnVm),
    /// Stop a VM as by its power switch
    Stop(act::OnVm),
    /// Ask a VM to shut down
    Shutdown(act::OnVm),
    /// Ask a VM to restart
    Reboot(act::OnVm),
    /// Restart a VM as by its power switch
    Reset(act::OnVm),
    /// Change memory and processors of a stopped VM, or the disk of any
    Resize(act::Resize),
    /// Give a VM another name
    Rename(act::Rename),
    /// Take a snapshot of a VM
    Snapshot(act::Snapshot),
    /// Put a VM's disk back to a snapshot or backup: what it holds now is lost
    Restore(act::Restore),
    /// Make a VM anew from an image: what its disk holds now is lost
    Rebuild(act::Rebuild),
    /// Make backups of a VM automatically
    EnableBackups(act::OnVm),
    /// Make no more backups of a VM
    DisableBackups(act::OnVm),
    /// List the snapshots of a VM, oldest first
    Snapshots(snapshots::OfVm),
    /// List the automatic backups of a VM, oldest first
    Backups(snapshots::OfVm),
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let asked = match verb {
        Verb::List(args) => return list::list(api, args, global, terminal).await,
        Verb::Create(args) => return create::create(api, args, global, terminal).await,
        Verb::Get(args) => return get(&list::Vms::default(), api, args, global, terminal).await,
        Verb::Delete(args) => {
            return delete(&list::Vms::default(), api, args, global, terminal).await;
        }
        Verb::Update(args) => return update::update(api, args, global, terminal).await,
        Verb::Snapshots(args) => {
            return snapshots::of(api, &args.vm, &args.listing, global, terminal).await;
        }
        Verb::Backups(args) => return snapshots::backups(api, args, global, terminal).await,
        Verb::Start(args) => args.asked(&ActionType::PowerOn),
        Verb::Stop(args) => args.asked(&ActionType::PowerOff),
        Verb::Shutdown(args) => args.asked(&ActionType::Shutdown),
        Verb::Reboot(args) => args.asked(&ActionType::Reboot),
        Verb::Reset(args) => args.asked(&ActionType::PowerCycle),
        Verb::EnableBackups(args) => args.asked(&ActionType::EnableBackups),
        Verb::DisableBackups(args) => args.asked(&ActionType::DisableBackups),
        Verb::Resize(args) => args.asked(),
        Verb::Rename(args) => args.asked(),
        Verb::Snapshot(args) => args.asked(),
        Verb::Restore(args) => args.asked(),
        Verb::Rebuild(args) => args.asked(),
    };
    act::act(api, &asked, global, terminal).await
}
