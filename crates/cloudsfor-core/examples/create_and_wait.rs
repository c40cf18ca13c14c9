//! Creates a VM, whatever the network does, and waits until it answers by SSH.
//!
//! Run it again with the key that it printed, and it takes the same create up:
//! `create_and_wait NAME KEY`.

mod support;

use std::error::Error;
use std::time::Duration;

use cloudsfor_core::types::{CreateVm, VmFeature, VmSpec};
use cloudsfor_core::{CallOptions, IdempotencyKey, Vms, wait_for_ssh, wait_until_unlocked};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = support::client()?;
    let mut arguments = std::env::args().skip(1);
    let request = CreateVm::new(VmSpec {
        name: arguments.next().ok_or("give a name")?,
        region: "moscow_01".into(),
        image: "fedora-19".into(),
        size: 1.into(),
        cpu: 1,
        disk_size: 10,
    });
    let call = CallOptions::default();
    let created = match arguments.next() {
        Some(key) => {
            let key = IdempotencyKey::new(key)?;
            client.resume_create_vm(&request, &key, &call).await?
        }
        None => {
            let key = IdempotencyKey::random();
            eprintln!("key {key}");
            let call = call.with_idempotency_key(key);
            client.create_vm(&request, &call).await?
        }
    };

    let call = CallOptions::default().with_timeout(Duration::from_secs(300));
    let progress = |vm: &cloudsfor_core::types::Vm| eprintln!("{}", vm.status);
    let vm = wait_until_unlocked(&client, &created.vm.id, &call, progress).await?;
    println!("{} is {}", vm.id, vm.status);

    // There is nothing in a simulated VM that could answer.
    let simulated = vm.features.contains(&VmFeature::Simulated);
    let networks = vm.networks.unwrap_or_default();
    if !simulated
        && let Some(address) = networks.public_v4()
        && let Some(ip) = address.ip()
    {
        let port = address.ssh_port.unwrap_or(22);
        println!(
            "{}",
            wait_for_ssh(ip, port, Duration::from_secs(120)).await?
        );
    }
    Ok(())
}
