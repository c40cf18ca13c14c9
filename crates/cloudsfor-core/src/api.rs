//! The API as traits, without a word of HTTP.
//!
//! There is a small object-safe trait for each resource, and [`Api`] is their
//! sum. Programs hold an `Arc<dyn Api>` (or take a `&dyn Api`), so that a
//! [`Client`](crate::Client), a mock and any wrapper of one's own can stand in
//! for each other.
//!
//! # Implementing it
//! Every method has a default that answers
//! [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported). So an
//! implementation writes only what it has, and a method that is added in a minor
//! version breaks nobody's build.

use std::time::Duration;

use async_trait::async_trait;
use cloudsfor_types::{ActionId, CreateVm, Snapshot, Vm, VmFilter, VmId, operations};

use crate::call::CallOptions;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};

/// Everything that CloudsFor can do.
pub trait Api: Vms {}

impl<T: Vms + ?Sized> Api for T {}

/// A VM that was asked for: accepted, not yet running.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CreatedVm {
    /// The VM as it was when the server accepted it: `new` and locked.
    pub vm: Vm,
    /// The action that creates it, where the server names one.
    pub action_id: Option<ActionId>,
    /// Whether the server had carried out this request before, under the same
    /// idempotency key, and answered from its record.
    pub replayed: bool,
}

impl CreatedVm {
    /// A VM that was accepted.
    pub fn new(vm: Vm, action_id: Option<ActionId>, replayed: bool) -> Self {
        Self {
            vm,
            action_id,
            replayed,
        }
    }
}

/// Virtual machines.
#[async_trait]
pub trait Vms: Send + Sync {
    /// Lists VMs by creation time, then id: all of them, or one page.
    async fn list_vms(
        &self,
        filter: &VmFilter,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Vm>> {
        let _ = (filter, page, call);
        Err(Error::unsupported(operations::LIST_VMS.name))
    }

    /// Asks for a new VM. It is `new` and locked until it runs: see
    /// [`Vms::wait_vm`].
    ///
    /// # Errors
    /// A request that breaks a rule fails before it is sent, with every fault
    /// named ([`ErrorKind::Invalid`](crate::ErrorKind::Invalid)).
    async fn create_vm(&self, request: &CreateVm, call: &CallOptions) -> Result<CreatedVm> {
        let _ = (request, call);
        Err(Error::unsupported(operations::CREATE_VM.name))
    }

    /// Gets a VM as it is now.
    async fn get_vm(&self, id: &VmId, call: &CallOptions) -> Result<Vm> {
        let _ = (id, call);
        Err(Error::unsupported(operations::GET_VM.name))
    }

    /// Gets a VM as soon as no operation runs on it, or as it is when `at_most`
    /// is over (the server waits 30 seconds at the longest). A server that
    /// doesn't know how to wait answers at once; so look at
    /// [`Vm::locked`] and ask again.
    async fn wait_vm(&self, id: &VmId, at_most: Duration, call: &CallOptions) -> Result<Vm> {
        let _ = (id, at_most, call);
        Err(Error::unsupported(operations::GET_VM.name))
    }

    /// Lists the snapshots of a VM, oldest first.
    async fn list_vm_snapshots(&self, id: &VmId, call: &CallOptions) -> Result<Vec<Snapshot>> {
        let _ = (id, call);
        Err(Error::unsupported(operations::LIST_VM_SNAPSHOTS.name))
    }

    /// Deletes a VM, whatever runs on it.
    async fn delete_vm(&self, id: &VmId, call: &CallOptions) -> Result<()> {
        let _ = (id, call);
        Err(Error::unsupported(operations::DELETE_VM.name))
    }
}
