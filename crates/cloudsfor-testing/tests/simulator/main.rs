//! The simulator as programs' tests use it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod determinism;
mod faults;
mod state;
mod tree;

use cloudsfor_core::types::{CreateVm, Vm, VmFilter, VmSpec};
use cloudsfor_core::{Api, CallOptions, PageRequest, Result};

fn call() -> CallOptions {
    CallOptions::default()
}

fn request(name: &str) -> CreateVm {
    CreateVm::new(VmSpec {
        name: name.into(),
        region: "moscow_01".into(),
        image: "fedora-19".into(),
        size: 1.into(),
        cpu: 1,
        disk_size: 10,
    })
}

async fn create(api: &dyn Api, name: &str) -> Result<Vm> {
    let created = api.create_vm(&request(name), &call()).await;
    created.map(|created| created.vm)
}

async fn list(api: &dyn Api) -> Result<Vec<Vm>> {
    let filter = VmFilter::default();
    let page = api.list_vms(&filter, &PageRequest::Whole, &call()).await;
    page.map(|page| page.items)
}
