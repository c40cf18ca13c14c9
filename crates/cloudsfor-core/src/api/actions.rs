//! Actions: operations on VMs that take a while.

use std::time::Duration;

use async_trait::async_trait;
use cloudsfor_types::{Action, ActionId, VmAction, VmId, operations};

use crate::call::CallOptions;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};

/// Operations on VMs that take a while.
#[async_trait]
pub trait Actions: Send + Sync {
    /// Starts an action on a VM, and returns before it is done: see
    /// [`wait_for_action`](crate::wait_for_action).
    ///
    /// # Errors
    /// A request that breaks a rule fails before it is sent. While another action
    /// runs on the VM: [`ErrorKind::Locked`](crate::ErrorKind::Locked).
    async fn create_vm_action(
        &self,
        id: &VmId,
        request: &VmAction,
        call: &CallOptions,
    ) -> Result<Action> {
        let _ = (id, request, call);
        Err(Error::unsupported(operations::CREATE_VM_ACTION.name))
    }

    /// Lists the actions of a VM, oldest first: all of them, or one page.
    async fn list_vm_actions(
        &self,
        id: &VmId,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Action>> {
        let _ = (id, page, call);
        Err(Error::unsupported(operations::LIST_VM_ACTIONS.name))
    }

    /// Gets an action of a VM as it is now.
    async fn get_vm_action(
        &self,
        id: &VmId,
        action: &ActionId,
        call: &CallOptions,
    ) -> Result<Action> {
        let _ = (id, action, call);
        Err(Error::unsupported(operations::GET_VM_ACTION.name))
    }

    /// Lists the actions of all VMs, oldest first: all of them, or one page.
    async fn list_actions(&self, page: &PageRequest, call: &CallOptions) -> Result<Page<Action>> {
        let _ = (page, call);
        Err(Error::unsupported(operations::LIST_ACTIONS.name))
    }

    /// Gets an action as it is now. Actions that ended stay readable for at least
    /// 7 days.
    async fn get_action(&self, id: &ActionId, call: &CallOptions) -> Result<Action> {
        let _ = (id, call);
        Err(Error::unsupported(operations::GET_ACTION.name))
    }

    /// Gets an action as soon as it has ended, or as it is when `at_most` is over
    /// (whole seconds, and the server waits 30 at the longest). A server that
    /// doesn't know how to wait answers at once; so look at
    /// [`Action::has_ended`] and ask again.
    async fn wait_action(
        &self,
        id: &ActionId,
        at_most: Duration,
        call: &CallOptions,
    ) -> Result<Action> {
        let _ = (id, at_most, call);
        Err(Error::unsupported(operations::GET_ACTION.name))
    }

    /// Gets these actions (100 at most) as soon as any of them has ended, or as
    /// they are when `at_most` is over (whole seconds, and the server waits 30 at
    /// the longest).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if any of them doesn't
    /// exist; [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for none, or more
    /// than 100.
    async fn wait_actions(
        &self,
        ids: &[ActionId],
        at_most: Duration,
        call: &CallOptions,
    ) -> Result<Vec<Action>> {
        let _ = (ids, at_most, call);
        Err(Error::unsupported(operations::LIST_ACTIONS.name))
    }
}
