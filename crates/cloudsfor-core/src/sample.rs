//! VMs for the crate's own tests.

use cloudsfor_types::Vm;
use serde_json::json;

/// An unlocked VM.
pub(crate) fn vm(id: &str, name: &str) -> Vm {
    let vm = json!({"id": id, "name": name, "memory": 1, "vcpus": 1, "disk": 10,
        "locked": false, "status": "running", "created_at": "2015-01-14T16:36:31Z"});
    serde_json::from_value(vm).unwrap()
}

/// A VM on which an operation runs.
pub(crate) fn locked_vm(id: &str) -> Vm {
    let mut vm = vm(id, "example.com");
    vm.locked = true;
    vm
}
