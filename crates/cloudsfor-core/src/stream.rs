//! Lists as streams, by page or by item: for lists of any length, in the memory of
//! two pages.
//!
//! ```
//! use std::sync::Arc;
//!
//! use cloudsfor_core::types::VmFilter;
//! use cloudsfor_core::{Api, CallOptions, Result, stream};
//! use futures_util::TryStreamExt;
//!
//! async fn names(api: Arc<dyn Api>) -> Result<Vec<String>> {
//!     let vms = stream::vms(api, VmFilter::default(), CallOptions::default());
//!     vms.items().map_ok(|vm| vm.name).try_collect().await
//! }
//! ```
//!
//! While a page is being read, the next is fetched, in a task of its own; so
//! streams are used within a tokio runtime. Any list can be streamed:
//!
//! ```
//! use std::sync::Arc;
//!
//! use cloudsfor_core::types::SshKey;
//! use cloudsfor_core::{Api, CallOptions, PageRequest, stream::PageStream};
//!
//! fn keys(api: Arc<dyn Api>) -> PageStream<SshKey> {
//!     PageStream::new("list_keys", PageRequest::First(50), move |page| {
//!         let api = api.clone();
//!         async move { api.list_keys(&page, &CallOptions::default()).await }
//!     })
//! }
//! ```
//!
//! A stream can be taken up again later, from the
//! [`next`](crate::Page::next) of the last page that was read whole:
//! `PageRequest::Next(token)` is then the first.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use cloudsfor_types::operations::LIST_VMS;
use cloudsfor_types::{Vm, VmFilter};
use futures_core::Stream;
use tokio::task::JoinSet;

use crate::api::Api;
use crate::call::CallOptions;
use crate::error::{Error, Result};
use crate::list::Pages;
use crate::page::{Page, PageRequest};

/// How many items a page of [`vms`] has.
const PER_PAGE: u32 = 100;

/// Streams the VMs that the filter lets through, by creation time, then id, in
/// pages of 100. The time limit of `call` is for each page.
pub fn vms(api: Arc<dyn Api>, filter: VmFilter, call: CallOptions) -> PageStream<Vm> {
    let question = Arc::new((filter, call));
    PageStream::new(LIST_VMS.name, PageRequest::First(PER_PAGE), move |page| {
        let (api, question) = (api.clone(), question.clone());
        async move { api.list_vms(&question.0, &page, &question.1).await }
    })
}

type Fetch<T> = Box<dyn Fn(PageRequest, &mut JoinSet<Result<Page<T>>>) + Send>;

/// A list, page by page. The next page is fetched ahead. It ends after the last
/// page, or after the first error.
///
/// As with [`list_all_vms`](crate::list_all_vms), pages that don't end are an
/// error.
pub struct PageStream<T> {
    fetch: Fetch<T>,
    pages: Pages,
    first: Option<PageRequest>,
    /// The page that is being fetched, if any; given up when this is dropped.
    ahead: JoinSet<Result<Page<T>>>,
    failed: Option<Error>,
}

impl<T: Send + 'static> PageStream<T> {
    /// A stream of the pages from `first` on, by a function that gets one.
    /// `operation` is for errors: `list_keys`.
    pub fn new<F, P>(operation: &'static str, first: PageRequest, fetch: F) -> Self
    where
        F: Fn(PageRequest) -> P + Send + 'static,
        P: Future<Output = Result<Page<T>>> + Send + 'static,
    {
        Self {
            fetch: Box::new(move |page, tasks| {
                tasks.spawn(fetch(page));
            }),
            pages: Pages::new(operation),
            first: Some(first),
            ahead: JoinSet::new(),
            failed: None,
        }
    }

    /// The items of all pages, one by one.
    pub fn items(self) -> ItemStream<T> {
        ItemStream {
            pages: self,
            items: VecDeque::new(),
        }
    }
}

impl<T: Send + 'static> Stream for PageStream<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(error) = this.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if let Some(first) = this.first.take() {
            (this.fetch)(first, &mut this.ahead);
        }
        let fetched = match this.ahead.poll_join_next(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Ok(fetched))) => fetched,
            Poll::Ready(Some(Err(error))) => Err(this.pages.lost(error)),
        };
        if let Ok(page) = &fetched {
            match this.pages.after(page) {
                Ok(Some(next)) => (this.fetch)(PageRequest::Next(next), &mut this.ahead),
                Ok(None) => {}
                Err(error) => this.failed = Some(error),
            }
        }
        Poll::Ready(Some(fetched))
    }
}

// Nothing in it is ever pinned.
impl<T> Unpin for PageStream<T> {}

impl<T> fmt::Debug for PageStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream").finish_non_exhaustive()
    }
}

/// A list, item by item: see [`PageStream::items`].
pub struct ItemStream<T> {
    pages: PageStream<T>,
    items: VecDeque<T>,
}

impl<T: Send + 'static> Stream for ItemStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match Pin::new(&mut self.pages).poll_next(cx) {
                Poll::Ready(Some(Ok(page))) => self.items = page.items.into(),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<T> Unpin for ItemStream<T> {}

impl<T> fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemStream").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use futures_util::{StreamExt, TryStreamExt};
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::error::ErrorKind;

    /// Pages of two numbers, a second each, up to this page. The first that is
    /// `broken` fails.
    fn numbers(last: u32, broken: Option<u32>) -> (PageStream<u32>, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        let count = asked.clone();
        let stream = PageStream::new("list_numbers", PageRequest::First(2), move |request| {
            let number = match request {
                PageRequest::Next(token) => token.as_str()[1..].parse().unwrap(),
                _ => 1,
            };
            count.fetch_add(1, Ordering::Relaxed);
            async move {
                sleep(Duration::from_secs(1)).await;
                if broken == Some(number) {
                    return Err(Error::new(ErrorKind::NotFound, "list_numbers", "as told"));
                }
                let next = (number < last).then(|| format!("/{}", number + 1).parse().unwrap());
                Ok(Page::new(vec![2 * number - 1, 2 * number], None, next))
            }
        });
        (stream, asked)
    }

    #[tokio::test(start_paused = true)]
    async fn items_come_in_order() {
        let (stream, asked) = numbers(3, None);
        let items: Vec<_> = stream.items().try_collect().await.unwrap();
        assert_eq!(items, [1, 2, 3, 4, 5, 6]);
        assert_eq!(asked.load(Ordering::Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn one_page_is_fetched_ahead_and_no_more() {
        let (mut stream, asked) = numbers(9, None);
        let start = Instant::now();
        stream.next().await.unwrap().unwrap();
        sleep(Duration::from_secs(60)).await;
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        stream.next().await.unwrap().unwrap();
        assert_eq!(start.elapsed().as_secs(), 61, "the second page was there");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_asked_before_it_is_wanted_nor_after_it_is_dropped() {
        let (mut stream, asked) = numbers(9, None);
        sleep(Duration::from_secs(9)).await;
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        stream.next().await.unwrap().unwrap();
        drop(stream);
        sleep(Duration::from_secs(9)).await;
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_ends_it() {
        let (stream, _) = numbers(9, Some(2));
        let results: Vec<_> = stream.items().collect().await;
        let shown: Vec<_> = results.iter().map(|r| r.as_ref().ok().copied()).collect();
        assert_eq!(shown, [Some(1), Some(2), None]);
    }

    #[tokio::test(start_paused = true)]
    async fn pages_that_go_round_are_an_error() {
        let itself = PageStream::new("list_numbers", PageRequest::Whole, |_| async {
            Ok(Page::new(vec![1], None, Some("/1".parse().unwrap())))
        });
        let results: Vec<_> = itself.collect().await;
        let error = results.last().unwrap().as_ref().unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Unexpected);
        assert_eq!(results.len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn it_can_be_taken_up_again() {
        let (mut stream, _) = numbers(3, None);
        let token = stream.next().await.unwrap().unwrap().next.unwrap();
        let (mut rest, _) = numbers(3, None);
        rest.first = Some(PageRequest::Next(token));
        let items: Vec<_> = rest.items().try_collect().await.unwrap();
        assert_eq!(items, [3, 4, 5, 6]);
    }
}
