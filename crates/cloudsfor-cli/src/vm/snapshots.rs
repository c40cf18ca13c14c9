//! `vm snapshots`

use clap::Args;
use cloudsfor_core::Api;
use cloudsfor_types::VmSelector;

use super::find::{find_id, named};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::terminal::Terminal;

/// Whose snapshots to list.
#[derive(Args)]
pub(crate) struct Snapshots {
    /// The VM's name or id; `name:` and `id:` before it say which
    vm: VmSelector,
}

pub(super) async fn snapshots(
    api: &dyn Api,
    args: &Snapshots,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let undone = "can't list the snapshots of the VM";
    let id = find_id(api, &args.vm, global, undone).await?;
    let snapshots = api
        .list_vm_snapshots(&id, &global.call())
        .await
        .map_err(|error| Failure::of(&error, format!("{undone} {}", named(&args.vm))))?;
    output::list(terminal, global.output, &snapshots)?;
    if snapshots.is_empty() && global.output == Format::Table {
        terminal.note(&format!("The VM {} has no snapshots.", named(&args.vm)));
    }
    Ok(Exit::Done)
}
