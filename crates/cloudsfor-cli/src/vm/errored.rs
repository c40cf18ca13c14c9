//! VMs that are `errored`: what was to make them failed.

use std::time::Duration;

use cloudsfor_core::list::list_all;
use cloudsfor_core::{Api, CallOptions};
use cloudsfor_types::operations::LIST_VM_ACTIONS;
use cloudsfor_types::{ActionStatus, ActionType, Vm, VmId};

use crate::exit::Exit;
use crate::failure::Failure;

/// The longest that an error waits for its cause.
const ASK_AT_MOST: Duration = Duration::from_secs(10);

/// What to tell of a VM that was waited for and is `errored`.
pub(super) async fn failure(api: &dyn Api, vm: &Vm) -> Failure {
    let what = format!("the VM {} ({}) could not be created", vm.name, vm.id);
    Failure::new(Exit::Error, what, why(api, &vm.id).await)
        .next("delete it, then create another; or make it anew with `vm rebuild`")
        .about(&vm.id)
}

/// Why it is so, in the cloud's words where they can be had.
pub(crate) async fn why(api: &dyn Api, id: &VmId) -> String {
    let known = "its creation failed in the cloud, and left it `errored`";
    match cause(api, id).await {
        Some(cause) => format!("{known}: {cause}"),
        None => known.to_owned(),
    }
}

/// What the last action says that was to make the VM and failed.
async fn cause(api: &dyn Api, id: &VmId) -> Option<String> {
    let call = CallOptions::default().with_timeout(ASK_AT_MOST);
    let actions = list_all(LIST_VM_ACTIONS.name, &call, |page, call| async move {
        api.list_vm_actions(id, &page, &call).await
    });
    let last = actions.await.ok()?.into_iter().rfind(|action| {
        let makes = matches!(action.r#type, ActionType::Create | ActionType::Rebuild);
        makes && action.status == ActionStatus::Errored
    });
    last?.error
}
