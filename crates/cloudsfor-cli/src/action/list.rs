//! `action list`

use clap::Args;
use cloudsfor_core::{Api, CallOptions, Error, Page, PageRequest};
use cloudsfor_types::operations::{LIST_ACTIONS, LIST_VM_ACTIONS, Operation};
use cloudsfor_types::{Action, ActionId, VmId, VmSelector};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kinds::list::{Listing, list as listed};
use crate::kinds::selector::Selector;
use crate::kinds::{Collection, Findable};
use crate::terminal::Terminal;
use crate::vm::find::{find_id, named};

/// Whose actions to list.
#[derive(Args)]
pub(crate) struct List {
    /// The VM's name or id (`name:` and `id:` before it say which); all VMs if
    /// there is none
    vm: Option<VmSelector>,

    #[command(flatten)]
    listing: Listing,
}

/// The actions of all VMs.
pub(crate) struct Actions;

impl Collection for Actions {
    type Item = Action;

    fn operation(&self) -> Operation {
        LIST_ACTIONS
    }

    fn none(&self) -> String {
        "There is no action.".into()
    }

    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Action>, Error> {
        api.list_actions(page, call).await
    }
}

impl Findable for Actions {
    type Id = ActionId;
    type Selector = Selector;

    /// Actions have no names.
    fn id(selector: &Selector) -> Option<&str> {
        match selector {
            Selector::Id(id) | Selector::Name(id) | Selector::Either(id) => Some(id),
        }
    }

    async fn get(&self, api: &dyn Api, id: &ActionId, call: &CallOptions) -> Result<Action, Error> {
        api.get_action(id, call).await
    }
}

/// The actions of one VM.
struct OfVm<'a> {
    id: VmId,
    vm: &'a VmSelector,
}

impl Collection for OfVm<'_> {
    type Item = Action;

    fn operation(&self) -> Operation {
        LIST_VM_ACTIONS
    }

    fn all(&self) -> String {
        format!("actions of the VM {}", named(self.vm))
    }

    fn none(&self) -> String {
        format!("The VM {} has no actions.", named(self.vm))
    }

    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Action>, Error> {
        api.list_vm_actions(&self.id, page, call).await
    }
}

pub(super) async fn list(
    api: &dyn Api,
    args: &List,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let Some(vm) = &args.vm else {
        return listed(&Actions, api, &args.listing, global, terminal).await;
    };
    let id = find_id(api, vm, global, "can't list the actions of the VM").await?;
    listed(&OfVm { id, vm }, api, &args.listing, global, terminal).await
}
