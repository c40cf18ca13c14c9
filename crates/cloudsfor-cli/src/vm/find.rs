//! From what a user calls a VM to the VM.

use cloudsfor_core::{Api, find_vm};
use cloudsfor_types::{Vm, VmId, VmSelector};

use crate::args::{Global, selector};
use crate::failure::Failure;

/// Finds the VM. `undone` says what isn't done if there is none, or several.
pub(crate) async fn find(
    api: &dyn Api,
    vm: &VmSelector,
    global: &Global,
    undone: &str,
) -> Result<Vm, Failure> {
    find_vm(api, vm, &global.call())
        .await
        .map_err(|error| Failure::of(&error, format!("{undone} {}", named(vm))))
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
