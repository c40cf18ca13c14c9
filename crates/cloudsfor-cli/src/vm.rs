//! Virtual machines.

mod act;
mod asked;
mod console;
mod create;
pub(crate) mod ensure;
pub(crate) mod errored;
pub(crate) mod find;
pub(crate) mod goal;
pub(crate) mod list;
mod several;
pub(crate) mod snapshots;
mod ssh;
#[cfg(test)]
mod tests;
mod update;
mod usage;
pub(crate) mod view;
mod wait;
mod watch;

use clap::Subcommand;
use cloudsfor_core::Api;
use cloudsfor_types::{ActionType, VmSelector, VmStatus};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::delete::{Deletion, delete};
use crate::kinds::get::{Showing, get};
use crate::terminal::Terminal;
use snapshots::Kept;

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
    /// Start stopped VMs
    Start(asked::Power),
    /// Stop VMs as by its power switch
    Stop(asked::Power),
    /// Ask VMs to shut down
    Shutdown(asked::Power),
    /// Ask VMs to restart
    Reboot(asked::OnVms),
    /// Restart VMs as by its power switch
    Reset(asked::OnVms),
    /// Change memory and processors of stopped VMs, or the disk of any
    Resize(asked::Resize),
    /// Give a VM another name
    Rename(asked::Rename),
    /// Take snapshots of VMs
    Snapshot(asked::Snapshot),
    /// Put VMs' disks back to a snapshot or backup: what they hold now is lost
    Restore(asked::Restore),
    /// Make VMs anew from an image: what their disks hold now is lost
    Rebuild(asked::Rebuild),
    /// Wait until nothing runs on VMs, until they run, or answer
    Wait(several::Wait),
    /// Log in to a VM by SSH, or run a command there
    Ssh(ssh::Ssh),
    /// Sit down at the serial console of a VM on this machine
    ///
    /// Ctrl-] leaves it. Where input is no terminal, it is sent as it is, and output
    /// goes on until the VM stops. The VM is found in the data directory.
    Console(console::At),
    /// Say where the display of a VM on this machine is
    ///
    /// It is a socket that speaks VNC, for this user alone. The VM is found in the data
    /// directory.
    Vnc(console::Display),
    /// Show what happens to a VM, as it happens
    Watch(watch::Watch),
    Usage(usage::Usage),
    /// Make backups of VMs automatically
    EnableBackups(asked::OnVms),
    /// Make no more backups of VMs
    DisableBackups(asked::OnVms),
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
        Verb::Wait(args) => return several::wait(api, args, global, terminal).await,
        Verb::Ssh(args) => return ssh::ssh(api, args, global, terminal).await,
        Verb::Console(args) => return console::console(api, args, global, terminal).await,
        Verb::Vnc(args) => return console::vnc(api, args, global, terminal).await,
        Verb::Watch(args) => return watch::watch(api, args, global, terminal).await,
        Verb::List(args) => return list::list(api, args, global, terminal).await,
        Verb::Create(args) => return create::create(api, args, global, terminal).await,
        Verb::Get(args) => return get(&list::Vms::default(), api, args, global, terminal).await,
        Verb::Delete(args) => {
            return delete(&list::Vms::default(), api, args, global, terminal).await;
        }
        Verb::Usage(args) => return usage::usage(api, args, global, terminal).await,
        Verb::Update(args) => return update::update(api, args, global, terminal).await,
        Verb::Snapshots(args) => return args.list(Kept::Snapshots, api, global, terminal).await,
        Verb::Backups(args) => return args.list(Kept::Backups, api, global, terminal).await,
        Verb::Start(args) => args.asked(&ActionType::PowerOn, VmStatus::Running),
        Verb::Stop(args) => args.asked(&ActionType::PowerOff, VmStatus::Stopped),
        Verb::Shutdown(args) => args.asked(&ActionType::Shutdown, VmStatus::Stopped),
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
    act::act(api, asked, global, terminal).await
}
