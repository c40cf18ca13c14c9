//! Actions over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use cloudsfor_types::operations::{
    CREATE_VM_ACTION, GET_ACTION, GET_VM_ACTION, LIST_ACTIONS, LIST_VM_ACTIONS,
};
use cloudsfor_types::{Action, ActionAnswer, ActionId, ActionList, FieldFault, VmAction, VmId};

use super::Client;
use super::call::Target;
use crate::api::Actions;
use crate::call::CallOptions;
use crate::error::Result;
use crate::page::{Page, PageRequest};
use crate::response::invalid;

/// How many actions can be waited for in one request.
const MOST_ACTIONS: usize = 100;

#[async_trait]
impl Actions for Client {
    async fn create_vm_action(
        &self,
        id: &VmId,
        request: &VmAction,
        call: &CallOptions,
    ) -> Result<Action> {
        let answer = self
            .put_or_post(
                &CREATE_VM_ACTION,
                Target::at(&[id.as_str()]),
                request,
                VmAction::decode,
                call,
            )
            .await;
        answer.map(|answer: ActionAnswer| answer.action)
    }

    async fn list_vm_actions(
        &self,
        id: &VmId,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Action>> {
        self.list(
            &LIST_VM_ACTIONS,
            Target::at(&[id.as_str()]),
            page,
            call,
            |list: ActionList| (list.actions, list.links, list.meta),
        )
        .await
    }

    async fn get_vm_action(
        &self,
        id: &VmId,
        action: &ActionId,
        call: &CallOptions,
    ) -> Result<Action> {
        let answer = self
            .get(
                &GET_VM_ACTION,
                Target::at(&[id.as_str(), action.as_str()]),
                call,
            )
            .await;
        answer.map(|answer: ActionAnswer| answer.action)
    }

    async fn list_actions(&self, page: &PageRequest, call: &CallOptions) -> Result<Page<Action>> {
        self.list(
            &LIST_ACTIONS,
            Target::default(),
            page,
            call,
            |list: ActionList| (list.actions, list.links, list.meta),
        )
        .await
    }

    async fn get_action(&self, id: &ActionId, call: &CallOptions) -> Result<Action> {
        let answer = self
            .get(&GET_ACTION, Target::at(&[id.as_str()]), call)
            .await;
        answer.map(|answer: ActionAnswer| answer.action)
    }

    async fn wait_action(
        &self,
        id: &ActionId,
        at_most: Duration,
        call: &CallOptions,
    ) -> Result<Action> {
        let answer = self
            .get_waiting(&GET_ACTION, Target::at(&[id.as_str()]), at_most, call)
            .await;
        answer.map(|answer: ActionAnswer| answer.action)
    }

    async fn wait_actions(
        &self,
        ids: &[ActionId],
        at_most: Duration,
        call: &CallOptions,
    ) -> Result<Vec<Action>> {
        if !(1..=MOST_ACTIONS).contains(&ids.len()) {
            let fault = FieldFault::new(
                "ids",
                format!("must be 1 to {MOST_ACTIONS}, not {}", ids.len()),
            );
            return Err(invalid(&LIST_ACTIONS, vec![fault]));
        }
        let ids: Vec<_> = ids.iter().map(ActionId::as_str).collect();
        let target = Target {
            query: vec![("ids", ids.join(","))],
            ..Target::default()
        };
        let answer = self.get_waiting(&LIST_ACTIONS, target, at_most, call).await;
        answer.map(|list: ActionList| list.actions)
    }
}
