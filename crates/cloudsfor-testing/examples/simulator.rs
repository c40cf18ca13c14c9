//! A function of one's own, and its test by the simulator: what it does is there
//! afterwards, and goes right though the network doesn't.

use std::time::Duration;

use cloudsfor_core::types::{CreateVm, VmFilter, VmSpec, VmStatus};
use cloudsfor_core::{Api, CallOptions, Result, list_all_vms};
use cloudsfor_testing::operations::CREATE_VM;
use cloudsfor_testing::{Rule, Simulator};

/// Makes workers until there are so many.
async fn scale_to(api: &dyn Api, workers: usize) -> Result<()> {
    let call = CallOptions::default();
    let there = list_all_vms(api, &VmFilter::default(), &call).await?.len();
    for number in there..workers {
        let request = CreateVm::new(VmSpec {
            name: format!("worker-{number}"),
            region: "moscow_01".into(),
            image: "fedora-19".into(),
            size: 1.into(),
            cpu: 1,
            disk_size: 10,
        });
        api.create_vm(&request, &call).await?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let cloud = Simulator::new();
    let api = cloud.api();
    cloud.fail(Rule::on(CREATE_VM).nth(2).lose_answer());

    scale_to(&*api, 3).await?;
    cloud.advance(Duration::from_secs(3)).await;

    let running = VmFilter::default().with_status(VmStatus::Running);
    let vms = list_all_vms(&*api, &running, &CallOptions::default()).await?;
    assert_eq!(vms.len(), 3);
    println!("it works");
    Ok(())
}
