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
    pub(super) vm: VmSelector,

    #[command(flatten)]
    pub(super) listing: Listing,
}

/// The snapshots of one VM.
struct SnapshotsOf<'a> {
    id: VmId,
    vm: &'a VmSelector,
}

impl Collection for SnapshotsOf<'_> {
    type Item = Snapshot;
    const LIST: Operation = LIST_VM_SNAPSHOTS;

    fn all(&self) -> String {
        format!("snapshots of the VM {}", named(self.vm))
    }

    fn none(&self) -> String {
        format!("The VM {} has no snapshots.", named(self.vm))
    }

    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Snapshot>, Error> {
        api.list_vm_snapshots(&self.id, page, call).await
    }
}

/// The automatic backups of one VM.
struct BackupsOf<'a> {
    id: VmId,
    vm: &'a VmSelector,
}

impl Collection for BackupsOf<'_> {
    type Item = Snapshot;
    const LIST: Operation = LIST_VM_BACKUPS;

    fn all(&self) -> String {
        format!("backups of the VM {}", named(self.vm))
    }

    fn none(&self) -> String {
        format!("The VM {} has no backups.", named(self.vm))
    }

    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Snapshot>, Error> {
        api.list_vm_backups(&self.id, page, call).await
    }
}

/// Lists the snapshots of this VM.
pub(crate) async fn of(
    api: &dyn Api,
    vm: &VmSelector,
    listing: &Listing,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let id = find_id(api, vm, global, "can't list the snapshots of the VM").await?;
    list(&SnapshotsOf { id, vm }, api, listing, global, terminal).await
}

/// Lists the backups of this VM.
pub(super) async fn backups(
    api: &dyn Api,
    args: &OfVm,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let vm = &args.vm;
    let id = find_id(api, vm, global, "can't list the backups of the VM").await?;
    list(&BackupsOf { id, vm }, api, &args.listing, global, terminal).await
}
