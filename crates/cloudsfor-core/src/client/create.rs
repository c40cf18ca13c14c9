//! Creating a VM once.
//!
//! A create goes under one idempotency key over all its attempts, and is sent
//! again in doubt only to a server that honours keys: the [layers](super::send)
//! see to that, as for every request that needs a key. What is left for here is
//! the case in which nobody can tell what became of it.

use std::time::Duration;

use cloudsfor_types::operations::CREATE_VM;
use cloudsfor_types::{ActionId, CreateVm, VmAnswer, VmFilter};

use super::Client;
use super::call::{Target, json, key_of};
use super::exchange::{Answer, Exchange};
use super::send::ambiguous;
use crate::api::CreatedVm;
use crate::call::{CallOptions, IdempotencyKey};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::list::list_all_vms;
use crate::response::invalid;

impl Client {
    pub(super) async fn create_once(
        &self,
        request: &CreateVm,
        call: &CallOptions,
    ) -> Result<CreatedVm> {
        let exchange = self.creation(request, key_of(call), call)?;
        match self.send(&exchange, created).await {
            Err(error) if matches!(error.kind(), ErrorKind::Ambiguous { .. }) => {
                self.look_for(request, error, exchange.deadline).await
            }
            result => result,
        }
    }

    pub(super) async fn resume_create(
        &self,
        request: &CreateVm,
        key: &IdempotencyKey,
        call: &CallOptions,
    ) -> Result<CreatedVm> {
        let exchange = self.creation(request, key.clone(), call)?;
        let deadline = exchange.deadline;
        if !self.keys_are_honoured(Duration::ZERO, deadline).await {
            let error = Error::new(
                ErrorKind::Unexpected,
                CREATE_VM.name,
                "it was sent before, by somebody who may have learned no more",
            );
            let error = ambiguous(error, &exchange).with_key(Some(key.clone()));
            return self.look_for(request, error, deadline).await;
        }
        let resumed = self.send(&exchange, created).await;
        // Whatever becomes of this request, the one before may be on its way.
        resumed.map_err(|error| error.with_may_have_been_applied(true))
    }

    fn creation(
        &self,
        request: &CreateVm,
        key: IdempotencyKey,
        call: &CallOptions,
    ) -> Result<Exchange> {
        request
            .validate()
            .map_err(|faults| invalid(&CREATE_VM, faults))?;
        Ok(Exchange {
            body: Some(json(request)),
            key: Some(key),
            ..self.exchange_at(&CREATE_VM, &Target::default(), call)?
        })
    }

    /// Looks for the VM of an ambiguous create by its name. If the caller
    /// declared the name unique, the one VM that has it is the VM; else those that
    /// have it are candidates.
    async fn look_for(
        &self,
        request: &CreateVm,
        ambiguous: Error,
        deadline: Deadline,
    ) -> Result<CreatedVm> {
        let filter = VmFilter::default().with_name(&request.name);
        let call = deadline.limit(&CallOptions::default());
        // Without a list there are no candidates to name, and the doubt remains.
        let listed = list_all_vms(self, &filter, &call).await;
        let mut candidates = listed.unwrap_or_default();
        // A server that doesn't know the filter lists all.
        candidates.retain(|vm| vm.name.eq_ignore_ascii_case(&request.name));
        if request.unique_name
            && candidates.len() == 1
            && let Some(vm) = candidates.pop()
        {
            return Ok(CreatedVm::new(vm, None, true));
        }
        Err(ambiguous.with_candidates(candidates))
    }
}

/// Reads the answer to a create request.
fn created(answer: &Answer) -> Result<CreatedVm> {
    let VmAnswer { vm, warnings, .. } = answer.decode()?;
    let action_id = answer
        .header("x-action-id")
        .and_then(|id| ActionId::new(id).ok());
    let replayed = answer
        .header("idempotent-replayed")
        .is_some_and(|text| text.eq_ignore_ascii_case("true"));
    Ok(CreatedVm::new(vm, action_id, replayed).with_warnings(warnings))
}
