//! A stateful fake of CloudsFor, for the tests of programs that use the SDK.
//!
//! It is the service itself, in memory of the test and without a socket: what is
//! created is there, quotas and states hold, and errors are the real ones. The
//! clock is moved by hand, ids follow from a seed, and requests fail when a rule
//! says so.
//!
//! ```
//! use std::time::Duration;
//!
//! use cloudsfor_core::types::{CreateVm, VmFilter, VmSpec, VmStatus};
//! use cloudsfor_core::{Api, CallOptions, PageRequest, Result};
//! use cloudsfor_testing::operations::CREATE_VM;
//! use cloudsfor_testing::{Rule, Simulator};
//!
//! // The program under test takes any `Api`.
//! async fn add_worker(api: &dyn Api, name: &str) -> Result<()> {
//!     let request = CreateVm::new(VmSpec {
//!         name: name.into(),
//!         region: "moscow_01".into(),
//!         image: "fedora-19".into(),
//!         size: 1.into(),
//!         cpu: 1,
//!         disk_size: 10,
//!     });
//!     api.create_vm(&request, &CallOptions::default()).await?;
//!     Ok(())
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let cloud = Simulator::new();
//! cloud.fail(Rule::on(CREATE_VM).nth(1).lose_answer());
//! let api = cloud.api();
//!
//! add_worker(&*api, "worker-1").await?;
//! cloud.advance(Duration::from_secs(3)).await;
//!
//! // The request went twice, and there is one VM.
//! let all = (VmFilter::default(), PageRequest::Whole, CallOptions::default());
//! let vms = api.list_vms(&all.0, &all.1, &all.2).await?.items;
//! assert_eq!(vms.len(), 1);
//! assert_eq!(vms[0].status, VmStatus::Running);
//! # Ok::<(), cloudsfor_core::Error>(())
//! # }).unwrap();
//! ```
//!
//! # What there is
//! - [`Simulator`]: the cloud. [`Simulator::builder`] sets its seed, its quota and
//!   how long its VMs take; [`Simulator::advance`] moves its clock.
//! - [`Rule`]: what goes wrong, and when. The rules name [`operations`].
//!
//! # What it is not
//! There is nothing inside its VMs, and no network: code that connects to a VM
//! needs another fake. A program that waits for a VM and moves no clock waits in
//! vain, unless VMs are [made at once](SimulatorBuilder::create_time).
//!
//! The same calls in the same order have the same results with the same seed.
//! Calls that are made at once come in an order that nobody has set.

mod builder;
mod faults;
mod operation;
mod retry;
mod simulator;
mod world;

pub use builder::{START, SimulatorBuilder};
pub use cloudsfor_server::faults::{Requests, Rule};
pub use cloudsfor_types::operations;
pub use http::StatusCode;
pub use simulator::Simulator;
