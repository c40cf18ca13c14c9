//! What VMs can be made of, and where.

use async_trait::async_trait;
use cloudsfor_types::{Distro, Region, operations};

use crate::call::CallOptions;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};

/// What VMs can be made of, and where.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Lists regions: all of them, or one page. A region's `name` is what a create
    /// request takes.
    async fn list_regions(&self, page: &PageRequest, call: &CallOptions) -> Result<Page<Region>> {
        let _ = (page, call);
        Err(Error::unsupported(operations::LIST_REGIONS.name))
    }

    /// Lists public images: all of them, or one page. A distro's `name` is what a
    /// create request takes as `image`.
    async fn list_distros(&self, page: &PageRequest, call: &CallOptions) -> Result<Page<Distro>> {
        let _ = (page, call);
        Err(Error::unsupported(operations::LIST_DISTROS.name))
    }
}
