//! `vm snapshots` and `vm backups`

use clap::Args;
use cloudsfor_core::{Api, CallOptions, Error, Page, PageRequest};
use cloudsfor_types::operations::{LIST_VM_BACKUPS, LIST_VM_SNAPSHOTS, Operation};
use cloudsfor_types::{Snapshot, VmId, VmSelector};

use super::find::{find_id, named};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::Collection;
use crate::kinds::list::{Listing, list};
use crate::terminal::Terminal;

/// Whose snapshots or backups to list.
#[derive(Args)]
pub(crate) struct OfVm {
    /// The VM's name or id; `name:` and `id:` before it say which
    vm: VmSelector,

    #[command(flatten)]
    listing: Listing,
}

impl OfVm {
    pub(super) async fn list(
        &self,
        kept: Kept,
        api: &dyn Api,
        global: &Global,
        terminal: &mut Terminal,
    ) -> Result<Exit, Failure> {
        list_of(kept, api, &self.vm, &self.listing, global, terminal).await
    }
}

/// What is kept of a VM's disk.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kept {
    Snapshots,
    Backups,
}

impl Kept {
    fn name(self) -> &'static str {
        match self {
            Self::Snapshots => "snapshots",
            Self::Backups => "backups",
        }
    }
}

/// The snapshots or the automatic backups of one VM.
struct KeptOf<'a> {
    kept: Kept,
    id: VmId,
    vm: &'a VmSelector,
}

impl Collection for KeptOf<'_> {
    type Item = Snapshot;

    fn operation(&self) -> Operation {
        match self.kept {
            Kept::Snapshots => LIST_VM_SNAPSHOTS,
            Kept::Backups => LIST_VM_BACKUPS,
        }
    }

    fn all(&self) -> String {
        format!("{} of the VM {}", self.kept.name(), named(self.vm))
    }

    fn none(&self) -> String {
        format!("The VM {} has no {}.", named(self.vm), self.kept.name())
    }

    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Snapshot>, Error> {
        match self.kept {
            Kept::Snapshots => api.list_vm_snapshots(&self.id, page, call).await,
            Kept::Backups => api.list_vm_backups(&self.id, page, call).await,
        }
    }
}

/// Lists what is kept of this VM.
pub(crate) async fn list_of(
    kept: Kept,
    api: &dyn Api,
    vm: &VmSelector,
    listing: &Listing,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let undone = format!("can't list the {} of the VM", kept.name());
    let id = find_id(api, vm, global, &undone).await?;
    list(&KeptOf { kept, id, vm }, api, listing, global, terminal).await
}
