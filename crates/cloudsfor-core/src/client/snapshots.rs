//! Snapshots over HTTP.

use async_trait::async_trait;
use cloudsfor_types::operations::{DELETE_SNAPSHOT, GET_SNAPSHOT, LIST_SNAPSHOTS};
use cloudsfor_types::{Snapshot, SnapshotAnswer, SnapshotId, SnapshotList};

use super::Client;
use super::call::Target;
use crate::api::Snapshots;
use crate::call::CallOptions;
use crate::error::Result;
use crate::page::{Page, PageRequest};

#[async_trait]
impl Snapshots for Client {
    async fn list_snapshots(
        &self,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Snapshot>> {
        self.list(
            &LIST_SNAPSHOTS,
            Target::default(),
            page,
            call,
            |list: SnapshotList| (list.snapshots, list.links, list.meta),
        )
        .await
    }

    async fn get_snapshot(&self, id: &SnapshotId, call: &CallOptions) -> Result<Snapshot> {
        let answer = self
            .get(&GET_SNAPSHOT, Target::at(&[id.as_str()]), call)
            .await;
        answer.map(|answer: SnapshotAnswer| answer.snapshot)
    }

    async fn delete_snapshot(&self, id: &SnapshotId, call: &CallOptions) -> Result<()> {
        self.delete(&DELETE_SNAPSHOT, Target::at(&[id.as_str()]), call)
            .await
    }
}
