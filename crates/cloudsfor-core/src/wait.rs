//! Waiting: until nothing runs on a VM, until actions have ended, until a VM can
//! be reached.
//!
//! ```
//! use std::time::Duration;
//!
//! use cloudsfor_core::types::{CreateVm, Vm};
//! use cloudsfor_core::{Api, CallOptions, Result, wait_until_unlocked};
//!
//! async fn create_and_wait(api: &dyn Api, request: &CreateVm) -> Result<Vm> {
//!     let created = api.create_vm(request, &CallOptions::default()).await?;
//!     let call = CallOptions::default().with_timeout(Duration::from_secs(300));
//!     wait_until_unlocked(api, &created.vm.id, &call, |vm| eprintln!("{}", vm.status)).await
//! }
//! ```
//!
//! What is waited for on the server, it is asked to tell of as soon as it has
//! happened (it waits 30 seconds at the longest). One that doesn't know how to
//! wait is asked again after a pause, of half a second at first and 5 seconds at
//! most. Errors that may pass ([`Error::is_retryable`](crate::Error::is_retryable))
//! don't end a wait.

mod actions;
mod pauses;
mod polling;
#[cfg(not(target_family = "wasm"))]
mod port;
mod vm;

use std::time::Duration;

pub use self::actions::{wait_for_action, wait_for_actions};
pub(crate) use self::pauses::Pauses;
#[cfg(not(target_family = "wasm"))]
pub use self::port::{wait_for_port, wait_for_ssh};
pub use self::vm::wait_until_unlocked;

/// How long is waited, unless the options say otherwise: 10 minutes.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(600);
