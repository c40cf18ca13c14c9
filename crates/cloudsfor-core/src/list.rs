//! Whole lists from any [`Api`](crate::Api), even if the server answers in pages.
//!
//! ```
//! use cloudsfor_core::list_all_vms;
//! use cloudsfor_core::{Api, CallOptions, Result};
//! use cloudsfor_core::types::{VmFilter, VmStatus};
//!
//! async fn count_running(api: &dyn Api) -> Result<usize> {
//!     let running = VmFilter::default().with_status(VmStatus::Running);
//!     Ok(list_all_vms(api, &running, &CallOptions::default()).await?.len())
//! }
//! ```
//!
//! [`list_all`] does it for any list:
//!
//! ```
//! use cloudsfor_core::types::SshKey;
//! use cloudsfor_core::{Api, CallOptions, Result, list};
//!
//! async fn keys(api: &dyn Api) -> Result<Vec<SshKey>> {
//!     let call = CallOptions::default();
//!     list::list_all("list_keys", &call, async |page, call| {
//!         api.list_keys(&page, &call).await
//!     })
//!     .await
//! }
//! ```

use std::collections::HashSet;

use cloudsfor_types::operations::LIST_VMS;
use cloudsfor_types::{Vm, VmFilter};
use tokio::task::JoinError;

use crate::api::Vms;
use crate::call::CallOptions;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Page, PageRequest, PageToken};

/// How many pages are followed if the server doesn't say how many items there
/// are.
const PAGES_WITHOUT_TOTAL: u64 = 10_000;

/// Lists all VMs that the filter lets through: by creation time, then id. The
/// time limit of `call` is for all pages together.
///
/// # Errors
/// Those of [`Vms::list_vms`], and those of [`list_all`].
pub async fn list_all_vms(api: &dyn Vms, filter: &VmFilter, call: &CallOptions) -> Result<Vec<Vm>> {
    list_all(LIST_VMS.name, call, |page, call| async move {
        api.list_vms(filter, &page, &call).await
    })
    .await
}

/// All items of a list, by a function that gets one page of it. `operation` is for
/// errors: `list_keys`. The time limit of `call` is for all pages together: each
/// page is asked for with the options of `call` and what is left of it.
///
/// # Errors
/// Those of the function, and [`ErrorKind::Unexpected`] if the pages don't end:
/// when a page names one that was there before, or after more than twice the pages
/// that the first answer's total promises.
pub async fn list_all<T, F, P>(
    operation: &'static str,
    call: &CallOptions,
    mut fetch: F,
) -> Result<Vec<T>>
where
    F: FnMut(PageRequest, CallOptions) -> P,
    P: Future<Output = Result<Page<T>>>,
{
    let deadline = Deadline::of(call);
    let mut pages = Pages::new(operation);
    let mut items = Vec::new();
    let mut request = PageRequest::Whole;
    loop {
        let page = fetch(request, deadline.limit(call)).await?;
        let next = pages.after(&page)?;
        if items.is_empty() {
            // The usual case, one page, is not copied.
            items = page.items;
        } else {
            items.extend(page.items);
        }
        match next {
            Some(token) => request = PageRequest::Next(token),
            None => return Ok(items),
        }
    }
}

/// The pages that were followed so far: sees to it that they end.
#[derive(Debug)]
pub(crate) struct Pages {
    operation: &'static str,
    seen: HashSet<PageToken>,
    left: Option<u64>,
}

impl Pages {
    pub(crate) fn new(operation: &'static str) -> Self {
        Self {
            operation,
            seen: HashSet::new(),
            left: None,
        }
    }

    /// The page to ask for after this one.
    pub(crate) fn after<T>(&mut self, page: &Page<T>) -> Result<Option<PageToken>> {
        let Some(next) = &page.next else {
            return Ok(None);
        };
        let left = self.left.get_or_insert_with(|| allowed(page));
        *left -= 1;
        if *left == 0 {
            return Err(self.endless("there are more than twice the pages that it promised"));
        }
        if !self.seen.insert(next.clone()) {
            return Err(self.endless("a page names one that was there before as its next"));
        }
        Ok(Some(next.clone()))
    }

    /// The error of a page whose task ended without a result.
    pub(crate) fn lost(&self, error: JoinError) -> Error {
        let message = "the task that fetched the next page ended early: try again";
        Error::new(ErrorKind::Unexpected, self.operation, message).with_source(error)
    }

    fn endless(&self, why: &str) -> Error {
        let message = format!("the server's pages don't end: {why}; report this to its operator");
        Error::new(ErrorKind::Unexpected, self.operation, message)
    }
}

/// Twice the pages that the first one promises.
fn allowed<T>(first: &Page<T>) -> u64 {
    let per_page = first.items.len().max(1) as u64;
    match first.total {
        Some(total) => total.div_ceil(per_page).max(1).saturating_mul(2),
        None => PAGES_WITHOUT_TOTAL,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use async_trait::async_trait;
    use tokio::time::sleep;

    use super::*;
    use crate::mock::MockApi;
    use crate::sample::vm;

    /// A server that says there are `total` VMs and answers one a page, with the
    /// page after `n` at `next(n)`.
    fn paging(total: Option<u64>, next: fn(u32) -> Option<u32>) -> MockApi {
        let mut api = MockApi::new();
        api.expect_list_vms().returning(move |_, page, _| {
            let number = match page {
                PageRequest::Next(token) => token.as_str()[1..].parse().unwrap(),
                _ => 1,
            };
            let next = next(number).map(|n| format!("/{n}").parse().unwrap());
            Ok(Page::new(vec![vm(&number.to_string(), "a")], total, next))
        });
        api
    }

    async fn listed(api: &MockApi) -> Result<Vec<String>> {
        let vms = list_all_vms(api, &VmFilter::default(), &CallOptions::default()).await?;
        Ok(vms.into_iter().map(|vm| vm.id.to_string()).collect())
    }

    #[tokio::test]
    async fn all_pages_are_followed_in_order() {
        let three = |n| (n < 3).then_some(n + 1);
        for total in [Some(3), None] {
            assert_eq!(
                listed(&paging(total, three)).await.unwrap(),
                ["1", "2", "3"]
            );
        }
    }

    #[tokio::test]
    async fn more_pages_than_promised_are_followed_up_to_twice_as_many() {
        let four = |n| (n < 4).then_some(n + 1);
        assert_eq!(listed(&paging(Some(2), four)).await.unwrap().len(), 4);
        for promised in [0, 1] {
            let error = listed(&paging(Some(promised), four)).await.unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Unexpected);
            assert!(error.message().contains("twice"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_page_that_repeats_is_an_error_and_no_endless_loop() {
        let itself: fn(u32) -> Option<u32> = |n| Some(n.min(2) + u32::from(n == 1));
        let circle: fn(u32) -> Option<u32> = |n| Some(n % 3 + 1);
        for next in [itself, circle] {
            for total in [Some(1000), None] {
                let error = listed(&paging(total, next)).await.unwrap_err();
                assert_eq!(error.kind(), &ErrorKind::Unexpected);
                assert!(error.message().contains("was there before"), "{error}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_limit_is_for_all_pages_together() {
        #[derive(Default)]
        struct Slow {
            limits: Mutex<Vec<u64>>,
        }
        #[async_trait]
        impl Vms for Slow {
            async fn list_vms(
                &self,
                _: &VmFilter,
                page: &PageRequest,
                call: &CallOptions,
            ) -> Result<Page<Vm>> {
                let limit = call.timeout.unwrap().as_secs();
                self.limits.lock().unwrap().push(limit);
                sleep(Duration::from_secs(4)).await;
                let first = *page == PageRequest::Whole;
                let next = first.then(|| "/2".parse().unwrap());
                Ok(Page::new(Vec::new(), None, next))
            }
        }
        let call = CallOptions::default().with_timeout(Duration::from_secs(10));
        let api = Slow::default();
        list_all_vms(&api, &VmFilter::default(), &call)
            .await
            .unwrap();
        assert_eq!(*api.limits.lock().unwrap(), [10, 6]);
    }

    #[test]
    fn a_total_beyond_reason_is_no_overflow() {
        let next = "/api/v1/vms?page=2".parse().ok();
        let page = Page::new(vec![0], Some(u64::MAX), next.clone());
        assert_eq!(Pages::new("list_vms").after(&page).unwrap(), next);
    }
}
