//! `vm delete`

use clap::Args;
use cloudsfor_core::Api;
use cloudsfor_types::{Vm, VmSelector};

use super::find::find;
use crate::args::Global;
use crate::deletion::{
    Deletable, Precious, age, can_confirm, confirmed, count, delete_each, find_each,
};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Which VMs to delete.
#[derive(Args)]
pub(crate) struct Delete {
    /// The VMs' names or ids; `name:` and `id:` before one say which
    #[arg(required = true, value_name = "VM")]
    vms: Vec<VmSelector>,

    /// Don't ask
    #[arg(short, long)]
    yes: bool,
}

pub(super) async fn delete(
    api: &dyn Api,
    args: &Delete,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    can_confirm::<Vm>(args.yes, terminal)?;
    let undone = "nothing was deleted: can't find the VM";
    let vms = find_each(&args.vms, async |vm| find(api, vm, global, undone).await).await?;
    if !confirmed(&vms, args.yes, terminal)? {
        return Ok(Exit::Error);
    }
    let call = global.call();
    delete_each(
        &vms,
        async |vm| api.delete_vm(&vm.id, &call).await,
        global,
        terminal,
    )
    .await
}

impl Deletable for Vm {
    const NOUN: &'static str = "VM";

    fn concerned(&self, failure: Failure) -> Failure {
        failure.about(&self.id)
    }
}

impl Precious for Vm {
    const WARNING: &'static str =
        "This deletes for good, with disks and backups; snapshots are kept:";

    fn losses(&self, now: jiff::Timestamp) -> String {
        format!(
            "{}, {}, created {}: {} GB of disk, {}; kept: {}",
            self.named(),
            self.status,
            age(&self.created_at, now),
            self.disk,
            count(self.backup_ids.len(), "backup"),
            count(self.snapshot_ids.len(), "snapshot"),
        )
    }
}
