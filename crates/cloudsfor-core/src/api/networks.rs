//! Private networks.

use async_trait::async_trait;
use cloudsfor_types::{CreateNetwork, Network, NetworkId, VmId, operations};

use crate::call::CallOptions;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};

/// Private networks, and which VMs are in them.
#[async_trait]
pub trait Networks: Send + Sync {
    /// Lists networks, oldest first: all of them, or one page.
    async fn list_networks(&self, page: &PageRequest, call: &CallOptions) -> Result<Page<Network>> {
        let _ = (page, call);
        Err(Error::unsupported(operations::LIST_NETWORKS.name))
    }

    /// Makes a network.
    async fn create_network(&self, request: &CreateNetwork, call: &CallOptions) -> Result<Network> {
        let _ = (request, call);
        Err(Error::unsupported(operations::CREATE_NETWORK.name))
    }

    /// Gets a network.
    async fn get_network(&self, id: &NetworkId, call: &CallOptions) -> Result<Network> {
        let _ = (id, call);
        Err(Error::unsupported(operations::GET_NETWORK.name))
    }

    /// Deletes a network.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) while VMs are in it.
    async fn delete_network(&self, id: &NetworkId, call: &CallOptions) -> Result<()> {
        let _ = (id, call);
        Err(Error::unsupported(operations::DELETE_NETWORK.name))
    }

    /// Puts a VM into a network.
    async fn join_network(&self, id: &NetworkId, vm: &VmId, call: &CallOptions) -> Result<Network> {
        let _ = (id, vm, call);
        Err(Error::unsupported(operations::JOIN_NETWORK.name))
    }

    /// Takes a VM out of a network.
    async fn leave_network(&self, id: &NetworkId, vm: &VmId, call: &CallOptions) -> Result<()> {
        let _ = (id, vm, call);
        Err(Error::unsupported(operations::LEAVE_NETWORK.name))
    }
}
