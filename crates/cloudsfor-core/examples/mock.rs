//! A function of one's own, and its test by a mock.

use cloudsfor_core::types::{Vm, VmFilter, VmStatus};
use cloudsfor_core::{Api, CallOptions, MockApi, Page, Result, list_all_vms};

/// The names of the VMs that don't run.
async fn idle(api: &dyn Api) -> Result<Vec<String>> {
    let vms = list_all_vms(api, &VmFilter::default(), &CallOptions::default()).await?;
    let idle = vms.into_iter().filter(|vm| vm.status != VmStatus::Running);
    Ok(idle.map(|vm| vm.name).collect())
}

fn vm(name: &str, status: &str) -> Vm {
    let vm = serde_json::json!({"id": name, "name": name, "memory": 1, "vcpus": 1, "disk": 10,
        "locked": false, "status": status, "created_at": "2015-01-14T16:36:31Z"});
    serde_json::from_value(vm).expect("it is a VM")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut api = MockApi::new();
    api.expect_list_vms()
        .return_once(|_, _, _| Ok(Page::whole(vec![vm("a", "running"), vm("b", "stopped")])));
    assert_eq!(idle(&api).await?, ["b"]);
    println!("it works");
    Ok(())
}
