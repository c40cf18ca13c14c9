//! Shows the account and its VMs, without async.

mod support;

use std::error::Error;
use std::sync::Arc;

use cloudsfor_core::types::VmFilter;
use cloudsfor_core::{CallOptions, PageRequest, blocking};

fn main() -> Result<(), Box<dyn Error>> {
    let cloud = blocking::Client::new(Arc::new(support::client()?))?;
    let call = CallOptions::default();
    let account = cloud.get_account(&call)?;
    let vms = cloud.list_vms(&VmFilter::default(), &PageRequest::Whole, &call)?;
    println!("{} has {} VMs", account.email, vms.items.len());
    Ok(())
}
