//! Takes a snapshot of every running VM, and waits for all of them together:
//! `snapshot_all NAME`.

mod support;

use std::error::Error;

use cloudsfor_core::bulk::{Bulk, Outcome};
use cloudsfor_core::types::{VmAction, VmFilter, VmStatus};
use cloudsfor_core::{Actions, CallOptions, list_all_vms, wait_for_actions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = &support::client()?;
    let name = std::env::args().nth(1).ok_or("give a name")?;
    let call = &CallOptions::default();

    let running = VmFilter::default().with_status(VmStatus::Running);
    let vms = list_all_vms(client, &running, call).await?;
    let snapshot = &VmAction::Snapshot { name };
    let begin = |id| async move { client.create_vm_action(id, snapshot, call).await };
    let begun = Bulk::default()
        .run(vms.iter().map(|vm| &vm.id), begin)
        .await;

    let mut ids = Vec::new();
    for (vm, outcome) in vms.iter().zip(begun) {
        match outcome {
            Outcome::Done(action) => ids.extend(action.action_id),
            Outcome::Failed(error) => eprintln!("{}: {error}", vm.name),
            Outcome::NotBegun => {}
        }
    }
    wait_for_actions(client, &ids, call, |action| {
        println!("{}: {}", action.vm_id(), action.status);
    })
    .await?;
    Ok(())
}
