//! Virtual machines.

use std::time::Duration;

use async_trait::async_trait;
use cloudsfor_types::{
    ActionId, CreateVm, Snapshot, SnapshotId, UpdateVm, Vm, VmFilter, VmId, Warning, operations,
};

use crate::call::{CallOptions, IdempotencyKey};
use crate::error::{Error, Result};
use crate::list::list_all;
use crate::page::{Page, PageRequest};

/// A VM that was asked for: accepted, not yet running.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CreatedVm {
    /// The VM as it was when the server accepted it: `new` and locked.
    pub vm: Vm,
    /// The action that creates it, where the server names one.
    pub action_id: Option<ActionId>,
    /// Whether it was created by an earlier sending of this request: the server
    /// answered from its record of the idempotency key, or it was found by its
    /// unique name.
    pub replayed: bool,
    /// What the server found odd about the request that it accepted.
    pub warnings: Vec<Warning>,
}

impl CreatedVm {
    /// A VM that was accepted.
    pub fn new(vm: Vm, action_id: Option<ActionId>, replayed: bool) -> Self {
        Self {
            vm,
            action_id,
            replayed,
            warnings: Vec::new(),
        }
    }

    /// Sets what the server found odd about the request.
    #[must_use]
    pub fn with_warnings(mut self, warnings: Vec<Warning>) -> Self {
        self.warnings = warnings;
        self
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

    /// Lists all VMs as [`list_all_vms`](crate::list_all_vms) does, and hands each
    /// on as soon as it is there: a client reads them while they arrive, so that a
    /// list of any length takes the memory of one VM. If it fails, some may have
    /// been handed on.
    async fn each_vm(
        &self,
        filter: &VmFilter,
        call: &CallOptions,
        take: &mut (dyn FnMut(Vm) + Send),
    ) -> Result<()> {
        let page =
            async |page: PageRequest, call: CallOptions| self.list_vms(filter, &page, &call).await;
        let vms = list_all(operations::LIST_VMS.name, call, page).await?;
        vms.into_iter().for_each(take);
        Ok(())
    }

    /// Asks for a new VM. It is `new` and locked until it runs: see
    /// [`Vms::wait_vm`].
    ///
    /// # Errors
    /// A request that breaks a rule fails before it is sent, with every fault
    /// named ([`ErrorKind::Invalid`](crate::ErrorKind::Invalid)). When the answer
    /// is lost, see the crate's page for what is known then.
    async fn create_vm(&self, request: &CreateVm, call: &CallOptions) -> Result<CreatedVm> {
        let _ = (request, call);
        Err(Error::unsupported(operations::CREATE_VM.name))
    }

    /// Takes up a create again that was sent before under this key, perhaps by
    /// another process: the same request, within the time for which the server
    /// remembers keys (24 hours). If the server had carried it out, this is its
    /// VM; if not, it is carried out now.
    ///
    /// # Errors
    /// If the server doesn't say that it honours keys, nothing is sent:
    /// [`ErrorKind::Ambiguous`](crate::ErrorKind::Ambiguous) names the VMs that
    /// may be it. Every other error says that the create may have been carried
    /// out, since what was sent before may have been.
    async fn resume_create_vm(
        &self,
        request: &CreateVm,
        key: &IdempotencyKey,
        call: &CallOptions,
    ) -> Result<CreatedVm> {
        let _ = (request, key, call);
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

    /// Lists the snapshots of a VM, oldest first: all of them, or one page.
    async fn list_vm_snapshots(
        &self,
        id: &VmId,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Snapshot>> {
        let _ = (id, page, call);
        Err(Error::unsupported(operations::LIST_VM_SNAPSHOTS.name))
    }

    /// Lists the automatic backups of a VM, oldest first: all of them, or one
    /// page. Each is a valid image.
    async fn list_vm_backups(
        &self,
        id: &VmId,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Snapshot>> {
        let _ = (id, page, call);
        Err(Error::unsupported(operations::LIST_VM_BACKUPS.name))
    }

    /// Deletes a snapshot by the VM it was taken of.
    async fn delete_vm_snapshot(
        &self,
        id: &VmId,
        snapshot: &SnapshotId,
        call: &CallOptions,
    ) -> Result<()> {
        let _ = (id, snapshot, call);
        Err(Error::unsupported(operations::DELETE_VM_SNAPSHOT.name))
    }

    /// Changes a VM's labels and protection, and returns it as it is then.
    async fn update_vm(&self, id: &VmId, request: &UpdateVm, call: &CallOptions) -> Result<Vm> {
        let _ = (id, request, call);
        Err(Error::unsupported(operations::UPDATE_VM.name))
    }

    /// Deletes a VM, whatever runs on it.
    async fn delete_vm(&self, id: &VmId, call: &CallOptions) -> Result<()> {
        let _ = (id, call);
        Err(Error::unsupported(operations::DELETE_VM.name))
    }
}
