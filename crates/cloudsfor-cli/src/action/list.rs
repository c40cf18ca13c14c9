//! `action list`

use clap::Args;
use cloudsfor_core::Api;
use cloudsfor_types::VmSelector;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lists::{every_page, show};
use crate::terminal::Terminal;
use crate::vm::find::{find_id, named};

/// Whose actions to list.
#[derive(Args)]
pub(crate) struct List {
    /// The VM's name or id (`name:` and `id:` before it say which); all VMs if
    /// there is none
    vm: Option<VmSelector>,
}

pub(super) async fn list(
    api: &dyn Api,
    args: &List,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let call = global.call();
    let (actions, empty) = match &args.vm {
        Some(vm) => {
            let undone = "can't list the actions of the VM";
            let id = find_id(api, vm, global, undone).await?;
            let what = format!("{undone} {}", named(vm));
            let fetch = async |page| api.list_vm_actions(&id, &page, &call).await;
            let actions = every_page(&what, fetch).await?;
            (actions, format!("The VM {} has no actions.", named(vm)))
        }
        None => {
            let fetch = async |page| api.list_actions(&page, &call).await;
            let actions = every_page("the actions can't be listed", fetch).await?;
            (actions, "There is no action.".to_owned())
        }
    };
    show(&actions, &empty, global, terminal)
}
