//! Regions and distros over HTTP.

use async_trait::async_trait;
use cloudsfor_types::operations::{LIST_DISTROS, LIST_REGIONS};
use cloudsfor_types::{Distro, DistroList, Region, RegionList};

use super::Client;
use super::call::Target;
use crate::api::Catalog;
use crate::call::CallOptions;
use crate::error::Result;
use crate::page::{Page, PageRequest};

#[async_trait]
impl Catalog for Client {
    async fn list_regions(&self, page: &PageRequest, call: &CallOptions) -> Result<Page<Region>> {
        self.list(
            &LIST_REGIONS,
            Target::default(),
            page,
            call,
            |list: RegionList| (list.regions, list.links, list.meta),
        )
        .await
    }

    async fn list_distros(&self, page: &PageRequest, call: &CallOptions) -> Result<Page<Distro>> {
        self.list(
            &LIST_DISTROS,
            Target::default(),
            page,
            call,
            |list: DistroList| (list.distros, list.links, list.meta),
        )
        .await
    }
}
