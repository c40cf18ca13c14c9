//! What a test pays for a cloud of its own.

use std::time::{Duration, Instant};

use cloudsfor_core::CallOptions;
use cloudsfor_testing::Simulator;
use cloudsfor_types::CreateVm;

use super::measure::{Report, middle};
use super::server::example;

/// Clouds that are made.
const CLOUDS: usize = 21;

/// VMs that are created in each.
const CREATIONS: u32 = 50;

pub(super) fn measure() -> Result<Report, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let call = CallOptions::default();
    let request = example();
    let (mut firsts, mut creations) = (Vec::new(), Vec::new());
    for _ in 0..CLOUDS {
        let (first, creation) = runtime.block_on(one(&request, &call))?;
        firsts.push(first.as_secs_f64() * 1000.0);
        creations.push(creation.as_secs_f64() * 1000.0);
    }
    let mut report = Report::default();
    let first = middle(firsts.into_iter());
    report.at_most("fake, made and its first call", first, 5.0, "ms", "");
    let creation = middle(creations.into_iter());
    report.at_most("fake, a creation", creation, 0.5, "ms", "");
    Ok(report)
}

/// How long a cloud takes until its first answer, and then for a creation.
async fn one(
    request: &CreateVm,
    call: &CallOptions,
) -> cloudsfor_core::Result<(Duration, Duration)> {
    let began = Instant::now();
    let cloud = Simulator::new();
    let api = cloud.api();
    api.get_account(call).await?;
    let first = began.elapsed();
    let began = Instant::now();
    for _ in 0..CREATIONS {
        api.create_vm(request, call).await?;
    }
    Ok((first, began.elapsed() / CREATIONS))
}
