//! Creates a VM and tells what happens to it, until it runs: `watch_events NAME`.

mod support;

use std::error::Error;

use cloudsfor_core::types::{CreateVm, Event, VmSpec, VmStatus};
use cloudsfor_core::{CallOptions, Events, Vms};
use futures_util::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = support::client()?;
    let call = CallOptions::default();
    let request = CreateVm::new(VmSpec {
        name: std::env::args().nth(1).ok_or("give a name")?,
        region: "moscow_01".into(),
        image: "fedora-19".into(),
        size: 1.into(),
        cpu: 1,
        disk_size: 10,
    });

    // Opened before the VM is made, so that nothing of it is missed.
    let mut events = client.watch_events(None, &call).await?;
    let id = client.create_vm(&request, &call).await?.vm.id;
    while let Some(event) = events.next().await {
        match event? {
            Event::Action(action) if *action.vm_id() == id => {
                println!("{}: {}", action.r#type, action.status);
            }
            Event::Vm(vm) if vm.id == id => {
                println!("{} is {}", vm.name, vm.status);
                if vm.status == VmStatus::Running {
                    break;
                }
            }
            Event::Reset => println!("some events were missed"),
            _ => {}
        }
    }
    Ok(())
}
