//! Snapshots of VMs, which outlive their VM.

#[cfg(test)]
mod tests;
mod view;

use clap::{Args, Subcommand};
use cloudsfor_core::Api;
use cloudsfor_types::{Snapshot, SnapshotId, VmSelector};

use crate::args::Global;
use crate::deletion::{Deletable, Precious, age, can_confirm, confirmed, delete_each, find_each};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lists::{every_page, show};
use crate::output;
use crate::terminal::Terminal;
use crate::vm;

/// What can be done with snapshots.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List the snapshots of a VM or of all, oldest first
    List(List),
    /// Show a snapshot
    Get(Get),
    /// Delete snapshots; VMs that were made of one are not touched
    Delete(Delete),
}

/// Whose snapshots to list.
#[derive(Args)]
pub(crate) struct List {
    /// The VM's name or id (`name:` and `id:` before it say which); all VMs, also
    /// those that are gone, if there is none
    vm: Option<VmSelector>,
}

/// Which snapshot to show.
#[derive(Args)]
pub(crate) struct Get {
    /// The snapshot's id
    #[arg(value_name = "ID")]
    snapshot: SnapshotId,
}

/// Which snapshots to delete.
#[derive(Args)]
pub(crate) struct Delete {
    /// The snapshots' ids
    #[arg(required = true, value_name = "ID")]
    snapshots: Vec<SnapshotId>,

    /// Don't ask
    #[arg(short, long)]
    yes: bool,
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    match verb {
        Verb::List(List { vm: Some(vm) }) => vm::snapshots::of(api, vm, global, terminal).await,
        Verb::List(List { vm: None }) => list(api, global, terminal).await,
        Verb::Get(args) => {
            let snapshot = find(api, &args.snapshot, global, "can't show the snapshot").await?;
            output::one(terminal, global.output, &snapshot)?;
            Ok(Exit::Done)
        }
        Verb::Delete(args) => delete(api, args, global, terminal).await,
    }
}

async fn list(api: &dyn Api, global: &Global, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let call = global.call();
    let fetch = async |page| api.list_snapshots(&page, &call).await;
    let snapshots = every_page("the snapshots can't be listed", fetch).await?;
    let empty = "There is no snapshot. `cloudsfor vm snapshot --help` says how to take one.";
    show(&snapshots, empty, global, terminal)
}

async fn find(
    api: &dyn Api,
    id: &SnapshotId,
    global: &Global,
    undone: &str,
) -> Result<Snapshot, Failure> {
    let found = api.get_snapshot(id, &global.call()).await;
    found.map_err(|error| Failure::of(&error, format!("{undone} {id}")))
}

async fn delete(
    api: &dyn Api,
    args: &Delete,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    can_confirm::<Snapshot>(args.yes, terminal)?;
    let undone = "nothing was deleted: can't find the snapshot";
    let find = async |id: &SnapshotId| find(api, id, global, undone).await;
    let snapshots = find_each(&args.snapshots, find).await?;
    if !confirmed(&snapshots, args.yes, terminal)? {
        return Ok(Exit::Error);
    }
    let call = global.call();
    let delete = async |snapshot: &Snapshot| api.delete_snapshot(&snapshot.id, &call).await;
    delete_each(&snapshots, delete, global, terminal).await
}

impl Deletable for Snapshot {
    const NOUN: &'static str = "snapshot";
}

impl Precious for Snapshot {
    const WARNING: &'static str =
        "This deletes for good; VMs that were made of a snapshot are not touched:";

    fn losses(&self, now: jiff::Timestamp) -> String {
        let mut losses = self.named();
        if let Some(vm) = &self.vm_id {
            losses.push_str(&format!(", of the VM {vm}"));
        }
        if let Some(created_at) = &self.created_at {
            losses.push_str(&format!(", taken {}", age(created_at, now)));
        }
        if let Some(size) = self.size_gigabytes {
            losses.push_str(&format!(": {size} GB"));
        }
        losses
    }
}
