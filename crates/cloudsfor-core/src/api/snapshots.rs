//! Snapshots of VMs, which outlive their VM.

use async_trait::async_trait;
use cloudsfor_types::{Snapshot, SnapshotId, operations};

use crate::call::CallOptions;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};

/// Snapshots, whether their VM exists or not.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Lists snapshots, oldest first: all of them, or one page.
    async fn list_snapshots(
        &self,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Snapshot>> {
        let _ = (page, call);
        Err(Error::unsupported(operations::LIST_SNAPSHOTS.name))
    }

    /// Gets a snapshot.
    async fn get_snapshot(&self, id: &SnapshotId, call: &CallOptions) -> Result<Snapshot> {
        let _ = (id, call);
        Err(Error::unsupported(operations::GET_SNAPSHOT.name))
    }

    /// Deletes a snapshot. VMs made from it are not touched.
    async fn delete_snapshot(&self, id: &SnapshotId, call: &CallOptions) -> Result<()> {
        let _ = (id, call);
        Err(Error::unsupported(operations::DELETE_SNAPSHOT.name))
    }
}
