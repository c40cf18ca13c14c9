//! Lists all VMs, page by page.

mod support;

use std::error::Error;
use std::sync::Arc;

use cloudsfor_core::types::VmFilter;
use cloudsfor_core::{CallOptions, stream};
use futures_util::TryStreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Arc::new(support::client()?);
    let mut vms = stream::vms(client, VmFilter::default(), CallOptions::default()).items();
    while let Some(vm) = vms.try_next().await? {
        println!("{} {} {}", vm.id, vm.status, vm.name);
    }
    Ok(())
}
