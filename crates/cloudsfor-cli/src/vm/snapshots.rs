//! `vm snapshots`

use clap::Args;
use cloudsfor_core::Api;
use cloudsfor_core::list::list_all;
use cloudsfor_types::VmSelector;
use cloudsfor_types::operations::LIST_VM_SNAPSHOTS;

use super::find::{find_id, named};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lists::show;
use crate::terminal::Terminal;

/// Whose snapshots to list.
#[derive(Args)]
pub(crate) struct Snapshots {
    /// The VM's name or id; `name:` and `id:` before it say which
    pub(super) vm: VmSelector,
}

/// Lists the snapshots of this VM.
pub(crate) async fn of(
    api: &dyn Api,
    vm: &VmSelector,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let undone = "can't list the snapshots of the VM";
    let id = find_id(api, vm, global, undone).await?;
    let fetch = |page, call| {
        let id = &id;
        async move { api.list_vm_snapshots(id, &page, &call).await }
    };
    let snapshots = list_all(LIST_VM_SNAPSHOTS.name, &global.call(), fetch)
        .await
        .map_err(|error| Failure::of(&error, format!("{undone} {}", named(vm))))?;
    let empty = format!("The VM {} has no snapshots.", named(vm));
    show(&snapshots, &empty, global, terminal)
}
