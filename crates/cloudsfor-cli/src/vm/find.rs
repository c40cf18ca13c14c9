//! From what a user calls a VM to the VM.

use cloudsfor_core::Api;
use cloudsfor_types::{Vm, VmId, VmSelector};

use super::list::Vms;
use crate::args::{Global, selector};
use crate::failure::Failure;
use crate::kinds;

/// Finds the VM. `undone` says what isn't done if there is none, or several.
pub(crate) async fn find(
    api: &dyn Api,
    vm: &VmSelector,
    global: &Global,
    undone: &str,
) -> Result<Vm, Failure> {
    kinds::find::find(&Vms::default(), api, vm, global, undone).await
}

/// Finds the VM's id, without a call if it is the id that was given.
pub(crate) async fn find_id(
    api: &dyn Api,
    vm: &VmSelector,
    global: &Global,
    undone: &str,
) -> Result<VmId, Failure> {
    match vm {
        VmSelector::Id(id) => Ok(id.clone()),
        VmSelector::Name(_) => find(api, vm, global, undone).await.map(|vm| vm.id),
    }
}

/// The VM as the user can name it again.
pub(crate) fn named(vm: &VmSelector) -> String {
    match vm {
        VmSelector::Id(id) => selector(id),
        VmSelector::Name(name) => name.clone(),
    }
}
