//! `vm watch`: what happens to one VM, as it happens.

use clap::Args;
use cloudsfor_core::Api;
use cloudsfor_types::{Event, VmId, VmSelector};

use super::find::find;
use crate::args::Global;
use crate::events::{Shown, follow};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Which VM to watch.
#[derive(Args)]
pub(crate) struct Watch {
    /// The VM's name or id; `name:` and `id:` before it say which
    #[arg(value_name = "NAME|ID")]
    vm: VmSelector,
}

pub(super) async fn watch(
    api: &dyn Api,
    args: &Watch,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let vm = find(api, &args.vm, global, "can't watch the VM").await?;
    let concerns = |event: &Event| match event {
        Event::Vm(changed) => Shown::If(changed.id == vm.id),
        Event::VmDeleted(id) => Shown::ThenEnd(is(id, &vm.id)),
        Event::Action(action) => Shown::If(*action.vm_id() == vm.id),
        _ => Shown::If(true),
    };
    follow(api, None, concerns, global, terminal).await
}

fn is(one: &VmId, other: &VmId) -> bool {
    one == other
}
