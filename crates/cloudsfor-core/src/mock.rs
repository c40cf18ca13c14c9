//! `MockApi`: the API with answers that a test prescribes.
//!
//! ```
//! use cloudsfor_core::{CallOptions, Error, ErrorKind, MockApi, Vms};
//! use cloudsfor_types::VmId;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let mut api = MockApi::new();
//! api.expect_delete_vm()
//!     .returning(|_, _| Err(Error::new(ErrorKind::NotFound, "delete_vm", "there is no such VM")));
//!
//! let id = VmId::new("9a33ef4fec394360a88e3c60b78b5dbc").unwrap();
//! let error = api.delete_vm(&id, &CallOptions::default()).await.unwrap_err();
//! assert_eq!(error.kind(), &ErrorKind::NotFound);
//! # });
//! ```

use std::time::Duration;

use async_trait::async_trait;
use cloudsfor_types::{
    Account, Action, ActionId, CreateDomain, CreateKey, CreateNetwork, CreateVm, Distro, Domain,
    DomainRecord, EventCursor, Network, NetworkId, RecordSpec, Region, Snapshot, SnapshotId,
    SshKey, UpdateKey, UpdateVm, Vm, VmAction, VmFilter, VmId,
};

use crate::api::{
    Accounts, Actions, Catalog, CreatedVm, Domains, Events, KeySelector, Keys, Networks, Snapshots,
    Vms,
};
use crate::call::{CallOptions, IdempotencyKey};
use crate::error::Result;
use crate::events::EventStream;
use crate::page::{Page, PageRequest};

mockall::mock! {
    /// The API with answers that a test prescribes: `expect_…` for each method.
    #[derive(Debug)]
    pub Api {}

    #[async_trait]
    impl Accounts for Api {
        async fn get_account(&self, call: &CallOptions) -> Result<Account>;
    }

    #[async_trait]
    impl Actions for Api {
        async fn create_vm_action(
            &self,
            id: &VmId,
            request: &VmAction,
            call: &CallOptions,
        ) -> Result<Action>;
        async fn list_vm_actions(
            &self,
            id: &VmId,
            page: &PageRequest,
            call: &CallOptions,
        ) -> Result<Page<Action>>;
        async fn get_vm_action(
            &self,
            id: &VmId,
            action: &ActionId,
            call: &CallOptions,
        ) -> Result<Action>;
        async fn list_actions(
            &self,
            page: &PageRequest,
            call: &CallOptions,
        ) -> Result<Page<Action>>;
        async fn get_action(&self, id: &ActionId, call: &CallOptions) -> Result<Action>;
        async fn wait_action(
            &self,
            id: &ActionId,
            at_most: Duration,
            call: &CallOptions,
        ) -> Result<Action>;
        async fn wait_actions(
            &self,
            ids: &[ActionId],
            at_most: Duration,
            call: &CallOptions,
        ) -> Result<Vec<Action>>;
    }

    #[async_trait]
    impl Catalog for Api {
        async fn list_regions(
            &self,
            page: &PageRequest,
            call: &CallOptions,
        ) -> Result<Page<Region>>;
        async fn list_distros(
            &self,
            page: &PageRequest,
            call: &CallOptions,
        ) -> Result<Page<Distro>>;
    }

    #[async_trait]
    impl Domains for Api {
        async fn list_domains(
            &self,
            page: &PageRequest,
            call: &CallOptions,
        ) -> Result<Page<Domain>>;
        async fn create_domain(&self, request: &CreateDomain, call: &CallOptions) -> Result<Domain>;
        async fn get_domain(&self, name: &str, call: &CallOptions) -> Result<Domain>;
        async fn delete_domain(&self, name: &str, call: &CallOptions) -> Result<()>;
        async fn list_records(
            &self,
            domain: &str,
            page: &PageRequest,
            call: &CallOptions,
        ) -> Result<Page<DomainRecord>>;
        async fn create_record(
            &self,
            domain: &str,
            request: &RecordSpec,
            call: &CallOptions,
        ) -> Result<DomainRecord>;
        async fn get_record(
            &self,
            domain: &str,
            id: u64,
            call: &CallOptions,
        ) -> Result<DomainRecord>;
        async fn update_record(
            &self,
            domain: &str,
            id: u64,
            request: &RecordSpec,
            call: &CallOptions,
        ) -> Result<DomainRecord>;
        async fn delete_record(&self, domain: &str, id: u64, call: &CallOptions) -> Result<()>;
    }

    #[async_trait]
    impl Events for Api {
        async fn watch_events(
            &self,
            after: Option<EventCursor>,
            call: &CallOptions,
        ) -> Result<EventStream>;
    }

    #[async_trait]
    impl Keys for Api {
        async fn list_keys(&self, page: &PageRequest, call: &CallOptions) -> Result<Page<SshKey>>;
        async fn create_key(&self, request: &CreateKey, call: &CallOptions) -> Result<SshKey>;
        async fn get_key(&self, key: &KeySelector, call: &CallOptions) -> Result<SshKey>;
        async fn update_key(
            &self,
            key: &KeySelector,
            request: &UpdateKey,
            call: &CallOptions,
        ) -> Result<SshKey>;
        async fn delete_key(&self, key: &KeySelector, call: &CallOptions) -> Result<()>;
    }

    #[async_trait]
    impl Networks for Api {
        async fn list_networks(
            &self,
            page: &PageRequest,
            call: &CallOptions,
        ) -> Result<Page<Network>>;
        async fn create_network(
            &self,
            request: &CreateNetwork,
            call: &CallOptions,
        ) -> Result<Network>;
        async fn get_network(&self, id: &NetworkId, call: &CallOptions) -> Result<Network>;
        async fn delete_network(&self, id: &NetworkId, call: &CallOptions) -> Result<()>;
        async fn join_network(
            &self,
            id: &NetworkId,
            vm: &VmId,
            call: &CallOptions,
        ) -> Result<Network>;
        async fn leave_network(&self, id: &NetworkId, vm: &VmId, call: &CallOptions) -> Result<()>;
    }

    #[async_trait]
    impl Snapshots for Api {
        async fn list_snapshots(
            &self,
            page: &PageRequest,
            call: &CallOptions,
        ) -> Result<Page<Snapshot>>;
        async fn get_snapshot(&self, id: &SnapshotId, call: &CallOptions) -> Result<Snapshot>;
        async fn delete_snapshot(&self, id: &SnapshotId, call: &CallOptions) -> Result<()>;
    }

    #[async_trait]
    impl Vms for Api {
        async fn list_vms(
            &self,
            filter: &VmFilter,
            page: &PageRequest,
            call: &CallOptions,
        ) -> Result<Page<Vm>>;
        async fn create_vm(&self, request: &CreateVm, call: &CallOptions) -> Result<CreatedVm>;
        async fn resume_create_vm(
            &self,
            request: &CreateVm,
            key: &IdempotencyKey,
            call: &CallOptions,
        ) -> Result<CreatedVm>;
        async fn get_vm(&self, id: &VmId, call: &CallOptions) -> Result<Vm>;
        async fn wait_vm(&self, id: &VmId, at_most: Duration, call: &CallOptions) -> Result<Vm>;
        async fn list_vm_snapshots(
            &self,
            id: &VmId,
            page: &PageRequest,
            call: &CallOptions,
        ) -> Result<Page<Snapshot>>;
        async fn list_vm_backups(
            &self,
            id: &VmId,
            page: &PageRequest,
            call: &CallOptions,
        ) -> Result<Page<Snapshot>>;
        async fn delete_vm_snapshot(
            &self,
            id: &VmId,
            snapshot: &SnapshotId,
            call: &CallOptions,
        ) -> Result<()>;
        async fn update_vm(&self, id: &VmId, request: &UpdateVm, call: &CallOptions) -> Result<Vm>;
        async fn delete_vm(&self, id: &VmId, call: &CallOptions) -> Result<()>;
    }
}
