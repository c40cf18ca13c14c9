//! Virtual machines over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use cloudsfor_types::operations::{
    DELETE_VM, DELETE_VM_SNAPSHOT, GET_VM, LIST_VM_BACKUPS, LIST_VM_SNAPSHOTS, LIST_VMS, UPDATE_VM,
};
use cloudsfor_types::{
    BackupList, CreateVm, Snapshot, SnapshotId, SnapshotList, UpdateVm, Vm, VmAnswer, VmFilter,
    VmId, VmList,
};

use super::Client;
use super::call::Target;
use crate::api::{CreatedVm, Vms};
use crate::call::{CallOptions, IdempotencyKey};
use crate::error::Result;
use crate::page::{Page, PageRequest};

// A VM is large, and its answer passes through many hands: hence in a box.
#[async_trait]
impl Vms for Client {
    async fn list_vms(
        &self,
        filter: &VmFilter,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Vm>> {
        let target = Target {
            query: filter.query(),
            ..Target::default()
        };
        self.list(&LIST_VMS, target, page, call, |list: VmList| {
            (list.vms, Some(list.links), list.meta)
        })
        .await
    }

    async fn each_vm(
        &self,
        filter: &VmFilter,
        call: &CallOptions,
        take: &mut (dyn FnMut(Vm) + Send),
    ) -> Result<()> {
        self.read_each_vm(filter, call, take).await
    }

    async fn create_vm(&self, request: &CreateVm, call: &CallOptions) -> Result<CreatedVm> {
        self.create_once(request, call).await
    }

    async fn resume_create_vm(
        &self,
        request: &CreateVm,
        key: &IdempotencyKey,
        call: &CallOptions,
    ) -> Result<CreatedVm> {
        self.resume_create(request, key, call).await
    }

    async fn get_vm(&self, id: &VmId, call: &CallOptions) -> Result<Vm> {
        let answer = self.get(&GET_VM, Target::at(&[id.as_str()]), call).await;
        answer.map(|answer: Box<VmAnswer>| answer.vm)
    }

    async fn wait_vm(&self, id: &VmId, at_most: Duration, call: &CallOptions) -> Result<Vm> {
        let answer = self
            .get_waiting(&GET_VM, Target::at(&[id.as_str()]), at_most, call)
            .await;
        answer.map(|answer: Box<VmAnswer>| answer.vm)
    }

    async fn list_vm_snapshots(
        &self,
        id: &VmId,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Snapshot>> {
        self.list(
            &LIST_VM_SNAPSHOTS,
            Target::at(&[id.as_str()]),
            page,
            call,
            |list: SnapshotList| (list.snapshots, list.links, list.meta),
        )
        .await
    }

    async fn list_vm_backups(
        &self,
        id: &VmId,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Snapshot>> {
        self.list(
            &LIST_VM_BACKUPS,
            Target::at(&[id.as_str()]),
            page,
            call,
            |list: BackupList| (list.backups, list.links, list.meta),
        )
        .await
    }

    async fn delete_vm_snapshot(
        &self,
        id: &VmId,
        snapshot: &SnapshotId,
        call: &CallOptions,
    ) -> Result<()> {
        self.delete(
            &DELETE_VM_SNAPSHOT,
            Target::at(&[id.as_str(), snapshot.as_str()]),
            call,
        )
        .await
    }

    async fn update_vm(&self, id: &VmId, request: &UpdateVm, call: &CallOptions) -> Result<Vm> {
        let answer = self
            .put_or_post(
                &UPDATE_VM,
                Target::at(&[id.as_str()]),
                request,
                UpdateVm::decode,
                call,
            )
            .await;
        answer.map(|answer: Box<VmAnswer>| answer.vm)
    }

    async fn delete_vm(&self, id: &VmId, call: &CallOptions) -> Result<()> {
        self.delete(&DELETE_VM, Target::at(&[id.as_str()]), call)
            .await
    }
}
