//! Snapshots of VMs, which outlive their VM.

#[cfg(test)]
mod tests;
mod view;

use clap::{Args, Subcommand};
use cloudsfor_core::{Api, CallOptions, Error, Page, PageRequest};
use cloudsfor_types::operations::{LIST_SNAPSHOTS, Operation};
use cloudsfor_types::{Snapshot, SnapshotId, VmSelector, id};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::delete::{Deletion, delete};
use crate::kinds::get::{Showing, get};
use crate::kinds::list::{Listing, list};
use crate::kinds::selector::Selector;
use crate::kinds::{Collection, Deletable, Findable};
use crate::output::Resource;
use crate::output::cell::age;
use crate::terminal::Terminal;
use crate::vm::snapshots::{Kept, list_of};

/// What can be done with snapshots.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List the snapshots of a VM or of all, oldest first
    List(List),
    /// Show a snapshot
    Get(Showing<Selector>),
    /// Delete snapshots; VMs that were made of one are not touched
    Delete(Deletion<Selector>),
}

/// Whose snapshots to list.
#[derive(Args)]
pub(crate) struct List {
    /// The VM's name or id (`name:` and `id:` before it say which); all VMs, also
    /// those that are gone, if there is none
    vm: Option<VmSelector>,

    #[command(flatten)]
    listing: Listing,
}

/// The account's snapshots.
pub(crate) struct Snapshots;

impl Collection for Snapshots {
    type Item = Snapshot;

    fn operation(&self) -> Operation {
        LIST_SNAPSHOTS
    }

    fn none(&self) -> String {
        "There is no snapshot. `cloudsfor vm snapshot --help` says how to take one.".into()
    }

    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Snapshot>, Error> {
        api.list_snapshots(page, call).await
    }
}

impl Findable for Snapshots {
    type Id = SnapshotId;
    type Selector = Selector;

    fn id(selector: &Selector) -> Option<&str> {
        selector.id(id::is_canonical)
    }

    async fn get(
        &self,
        api: &dyn Api,
        id: &SnapshotId,
        call: &CallOptions,
    ) -> Result<Snapshot, Error> {
        api.get_snapshot(id, call).await
    }

    fn told_apart(snapshot: &Snapshot, now: jiff::Timestamp) -> String {
        let mut text = snapshot.named();
        if let Some(vm) = &snapshot.vm_id {
            text.push_str(&format!(", of the VM {vm}"));
        }
        if let Some(created_at) = &snapshot.created_at {
            text.push_str(&format!(", taken {}", age(created_at, now)));
        }
        if let Some(size) = snapshot.size_gigabytes {
            text.push_str(&format!(": {size} GB"));
        }
        text
    }
}

impl Deletable for Snapshots {
    const WARNING: Option<&'static str> =
        Some("This deletes for good; VMs that were made of a snapshot are not touched:");

    async fn delete(
        &self,
        api: &dyn Api,
        snapshot: &Snapshot,
        call: &CallOptions,
    ) -> Result<(), Error> {
        api.delete_snapshot(&snapshot.id, call).await
    }
}

pub(crate) async fn run(
    api: &dyn Api,
    verb: &Verb,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    match verb {
        Verb::List(args) => match &args.vm {
            Some(vm) => list_of(Kept::Snapshots, api, vm, &args.listing, global, terminal).await,
            None => list(&Snapshots, api, &args.listing, global, terminal).await,
        },
        Verb::Get(args) => get(&Snapshots, api, args, global, terminal).await,
        Verb::Delete(args) => delete(&Snapshots, api, args, global, terminal).await,
    }
}
