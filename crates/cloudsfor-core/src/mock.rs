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
use cloudsfor_types::{CreateVm, Snapshot, Vm, VmFilter, VmId};

use crate::api::{CreatedVm, Vms};
use crate::call::CallOptions;
use crate::error::Result;
use crate::page::{Page, PageRequest};

mockall::mock! {
    /// The API with answers that a test prescribes: `expect_…` for each method.
    #[derive(Debug)]
    pub Api {}

    #[async_trait]
    impl Vms for Api {
        async fn list_vms(
            &self,
            filter: &VmFilter,
            page: &PageRequest,
            call: &CallOptions,
        ) -> Result<Page<Vm>>;
        async fn create_vm(&self, request: &CreateVm, call: &CallOptions) -> Result<CreatedVm>;
        async fn get_vm(&self, id: &VmId, call: &CallOptions) -> Result<Vm>;
        async fn wait_vm(&self, id: &VmId, at_most: Duration, call: &CallOptions) -> Result<Vm>;
        async fn list_vm_snapshots(&self, id: &VmId, call: &CallOptions) -> Result<Vec<Snapshot>>;
        async fn delete_vm(&self, id: &VmId, call: &CallOptions) -> Result<()>;
    }
}
