//! Private networks over HTTP.

use async_trait::async_trait;
use cloudsfor_types::operations::{
    CREATE_NETWORK, DELETE_NETWORK, GET_NETWORK, JOIN_NETWORK, LEAVE_NETWORK, LIST_NETWORKS,
};
use cloudsfor_types::{
    CreateNetwork, JoinNetwork, Network, NetworkAnswer, NetworkId, NetworkList, VmId,
};

use super::Client;
use super::call::Target;
use crate::api::Networks;
use crate::call::CallOptions;
use crate::error::Result;
use crate::page::{Page, PageRequest};

#[async_trait]
impl Networks for Client {
    async fn list_networks(&self, page: &PageRequest, call: &CallOptions) -> Result<Page<Network>> {
        self.list(
            &LIST_NETWORKS,
            Target::default(),
            page,
            call,
            |list: NetworkList| (list.networks, list.links, list.meta),
        )
        .await
    }

    async fn create_network(&self, request: &CreateNetwork, call: &CallOptions) -> Result<Network> {
        let answer = self
            .put_or_post(
                &CREATE_NETWORK,
                Target::default(),
                request,
                CreateNetwork::decode,
                call,
            )
            .await;
        answer.map(|answer: NetworkAnswer| answer.network)
    }

    async fn get_network(&self, id: &NetworkId, call: &CallOptions) -> Result<Network> {
        let answer = self
            .get(&GET_NETWORK, Target::at(&[id.as_str()]), call)
            .await;
        answer.map(|answer: NetworkAnswer| answer.network)
    }

    async fn delete_network(&self, id: &NetworkId, call: &CallOptions) -> Result<()> {
        self.delete(&DELETE_NETWORK, Target::at(&[id.as_str()]), call)
            .await
    }

    async fn join_network(&self, id: &NetworkId, vm: &VmId, call: &CallOptions) -> Result<Network> {
        let request = JoinNetwork { vm_id: vm.clone() };
        let answer = self
            .put_or_post(
                &JOIN_NETWORK,
                Target::at(&[id.as_str()]),
                &request,
                JoinNetwork::decode,
                call,
            )
            .await;
        answer.map(|answer: NetworkAnswer| answer.network)
    }

    async fn leave_network(&self, id: &NetworkId, vm: &VmId, call: &CallOptions) -> Result<()> {
        self.delete(
            &LEAVE_NETWORK,
            Target::at(&[id.as_str(), vm.as_str()]),
            call,
        )
        .await
    }
}
