//! Virtual machines over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use cloudsfor_types::operations::{
    CREATE_VM, DELETE_VM, GET_VM, LIST_VM_SNAPSHOTS, LIST_VMS, Operation,
};
use cloudsfor_types::{
    ActionId, CreateVm, FieldFault, Snapshot, SnapshotList, Vm, VmAnswer, VmFilter, VmId, VmList,
};
use http::Uri;

use super::Client;
use super::exchange::Exchange;
use crate::api::{CreatedVm, Vms};
use crate::call::{CallOptions, IdempotencyKey};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::list::Pages;
use crate::page::{Page, PageRequest, PageToken};
use crate::response::invalid;

/// The longest that the server waits ("0 to 30" seconds).
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How much longer than the server waits the answer may take.
const WAIT_MARGIN: Duration = Duration::from_secs(5);

#[async_trait]
impl Vms for Client {
    async fn list_vms(
        &self,
        filter: &VmFilter,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Vm>> {
        let mut query = filter.query();
        let url = match page {
            PageRequest::Whole => self.url(&LIST_VMS, None, &query)?,
            PageRequest::First(per_page) => {
                query.push(("per_page", per_page.to_string()));
                self.url(&LIST_VMS, None, &query)?
            }
            PageRequest::Next(token) => self.page_url(&LIST_VMS, token)?,
        };
        let answer = self
            .exchange(self.plain(&LIST_VMS, url.clone(), call))
            .await?;
        let list: VmList = answer.decode()?;
        let next = self.next_page(&LIST_VMS, list.links.next(), &url)?;
        Ok(Page::new(list.vms, list.meta.map(|meta| meta.total), next))
    }

    async fn create_vm(&self, request: &CreateVm, call: &CallOptions) -> Result<CreatedVm> {
        request
            .validate()
            .map_err(|faults| invalid(&CREATE_VM, faults))?;
        let key = match &call.idempotency_key {
            Some(key) => key.clone(),
            None => IdempotencyKey::random(),
        };
        let created = self.create_under(&key, request, call).await;
        created.map_err(|error| error.with_key(Some(key)))
    }

    async fn get_vm(&self, id: &VmId, call: &CallOptions) -> Result<Vm> {
        let url = self.url(&GET_VM, Some(id.as_str()), &[])?;
        let answer = self.exchange(self.plain(&GET_VM, url, call)).await?;
        answer.decode().map(|answer: VmAnswer| answer.vm)
    }

    async fn wait_vm(&self, id: &VmId, at_most: Duration, call: &CallOptions) -> Result<Vm> {
        let wait = at_most.min(LONGEST_WAIT);
        let query = [("wait", wait.as_secs().to_string())];
        let url = self.url(&GET_VM, Some(id.as_str()), &query)?;
        let exchange = Exchange {
            attempt_timeout: wait + WAIT_MARGIN,
            ..self.plain(&GET_VM, url, call)
        };
        let answer = self.exchange(exchange).await?;
        answer.decode().map(|answer: VmAnswer| answer.vm)
    }

    async fn list_vm_snapshots(&self, id: &VmId, call: &CallOptions) -> Result<Vec<Snapshot>> {
        let deadline = Deadline::after(call.timeout.unwrap_or(self.timeout));
        let mut pages = Pages::new(LIST_VM_SNAPSHOTS.name);
        let mut snapshots = Vec::new();
        let mut url = self.url(&LIST_VM_SNAPSHOTS, Some(id.as_str()), &[])?;
        loop {
            let exchange = self.plain(&LIST_VM_SNAPSHOTS, url.clone(), &deadline.limit(call));
            let list: SnapshotList = self.exchange(exchange).await?.decode()?;
            let links = list.links.unwrap_or_default();
            let next = self.next_page(&LIST_VM_SNAPSHOTS, links.next(), &url)?;
            let total = list.meta.map(|meta| meta.total);
            let page = Page::new(list.snapshots, total, next);
            let next = pages.after(&page)?;
            snapshots.extend(page.items);
            match next {
                Some(token) => url = self.page_url(&LIST_VM_SNAPSHOTS, &token)?,
                None => return Ok(snapshots),
            }
        }
    }

    async fn delete_vm(&self, id: &VmId, call: &CallOptions) -> Result<()> {
        let url = self.url(&DELETE_VM, Some(id.as_str()), &[])?;
        self.exchange(self.plain(&DELETE_VM, url, call)).await?;
        Ok(())
    }
}

impl Client {
    async fn create_under(
        &self,
        key: &IdempotencyKey,
        request: &CreateVm,
        call: &CallOptions,
    ) -> Result<CreatedVm> {
        let exchange = Exchange {
            body: Some(serde_json::to_vec(request).expect("a create request is JSON")),
            key: Some(key),
            ..self.plain(&CREATE_VM, self.url(&CREATE_VM, None, &[])?, call)
        };
        let answer = self.exchange(exchange).await?;
        let vm = answer.decode::<VmAnswer>()?.vm;
        let action_id = answer
            .header("x-action-id")
            .and_then(|id| ActionId::new(id).ok());
        let replayed = answer
            .header("idempotent-replayed")
            .is_some_and(|text| text.eq_ignore_ascii_case("true"));
        Ok(CreatedVm::new(vm, action_id, replayed))
    }

    /// A request with nothing but its URL, under the usual time limits.
    fn plain<'a>(&self, operation: &'a Operation, url: Uri, call: &CallOptions) -> Exchange<'a> {
        Exchange {
            operation,
            url,
            body: None,
            key: None,
            attempt_timeout: self.attempt_timeout,
            deadline: Deadline::after(call.timeout.unwrap_or(self.timeout)),
        }
    }

    fn url(
        &self,
        operation: &Operation,
        segment: Option<&str>,
        query: &[(&str, String)],
    ) -> Result<Uri> {
        self.endpoint
            .url(operation.path, segment, query)
            .ok_or_else(|| {
                let fault = FieldFault::new("query", "is too long for a URL: shorten the filters");
                invalid(operation, vec![fault])
            })
    }

    fn page_url(&self, operation: &Operation, token: &PageToken) -> Result<Uri> {
        self.endpoint.page_url(token).ok_or_else(|| {
            let fault = FieldFault::new("page", format!("{token:?} is no path and query"));
            invalid(operation, vec![fault])
        })
    }

    fn next_page(
        &self,
        operation: &Operation,
        link: Option<&str>,
        page: &Uri,
    ) -> Result<Option<PageToken>> {
        link.map(|link| self.endpoint.next_page(link, page))
            .transpose()
            .map_err(|error| {
                Error::new(ErrorKind::Unexpected, operation.name, error.to_string())
                    .with_source(error)
            })
    }
}
