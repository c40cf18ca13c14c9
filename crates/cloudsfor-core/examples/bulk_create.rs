//! Creates several VMs at once, four at a time: `bulk_create PREFIX NUMBER`. A VM
//! that is there already, from a run that was cut short, is not made again.

mod support;

use std::error::Error;

use cloudsfor_core::bulk::{Bulk, Outcome};
use cloudsfor_core::types::{CreateVm, VmSpec};
use cloudsfor_core::{CallOptions, ErrorKind, Vms};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = &support::client()?;
    let mut arguments = std::env::args().skip(1);
    let prefix = arguments.next().ok_or("give a prefix")?;
    let number: u32 = arguments.next().ok_or("give a number")?.parse()?;
    let call = &CallOptions::default();

    let names: Vec<_> = (1..=number).map(|n| format!("{prefix}{n}")).collect();
    let create = |name: String| async move {
        let request = CreateVm::new(VmSpec {
            name,
            region: "moscow_01".into(),
            image: "fedora-19".into(),
            size: 1.into(),
            cpu: 1,
            disk_size: 10,
        });
        client
            .create_vm(&request.with_unique_name(true), call)
            .await
    };
    let outcomes = Bulk::default()
        .with_concurrency(4)
        .run(names.clone(), create)
        .await;
    for (name, outcome) in names.iter().zip(outcomes) {
        match outcome {
            Outcome::Done(created) => println!("{name}: {}", created.vm.id),
            Outcome::Failed(error) if *error.kind() == ErrorKind::Conflict => {
                println!("{name}: is there");
            }
            Outcome::Failed(error) => println!("{name}: {error}"),
            Outcome::NotBegun => println!("{name}: not begun"),
        }
    }
    Ok(())
}
