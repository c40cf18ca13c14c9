//! Deletes all VMs whose name begins with a prefix, some at a time:
//! `delete_by_prefix PREFIX`.

mod support;

use std::error::Error;

use cloudsfor_core::bulk::{Bulk, Outcome};
use cloudsfor_core::types::VmFilter;
use cloudsfor_core::{CallOptions, Vms, list_all_vms};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = &support::client()?;
    let prefix = std::env::args().nth(1).filter(|prefix| !prefix.is_empty());
    let prefix = prefix.ok_or("give a prefix")?;
    let call = &CallOptions::default();

    let mut vms = list_all_vms(client, &VmFilter::default(), call).await?;
    vms.retain(|vm| vm.name.starts_with(&prefix));
    let delete = |id| async move { client.delete_vm(id, call).await };
    let outcomes = Bulk::default()
        .with_concurrency(4)
        .run(vms.iter().map(|vm| &vm.id), delete)
        .await;
    for (vm, outcome) in vms.iter().zip(outcomes) {
        match outcome {
            Outcome::Done(()) => println!("{} {}: deleted", vm.id, vm.name),
            Outcome::Failed(error) => println!("{} {}: {error}", vm.id, vm.name),
            Outcome::NotBegun => println!("{} {}: not begun", vm.id, vm.name),
        }
    }
    Ok(())
}
