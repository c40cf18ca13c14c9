//! Lists that the caller asks for in their own form, page by page.

use bytes::Bytes;
use cloudsfor_types::{Links, Meta};
use http::Uri;
use serde::Deserialize;
use serde_json::Value;

use super::{GET, RawAnswer};
use crate::Client;
use crate::call::CallOptions;
use crate::error::Result;
use crate::list::Pages;
use crate::page::{Page, PageToken};

/// The answers of [`Client::raw_pages`], in order.
#[derive(Debug)]
pub struct RawPages<'a> {
    client: &'a Client,
    call: CallOptions,
    pages: Pages,
    at: At,
}

#[derive(Debug)]
enum At {
    Begin(PageToken),
    /// This was the last answer, to a request for this URL.
    After(Bytes, Uri),
    End,
}

impl Client {
    /// Gets a list of the caller's own form, page by page: follows `links.pages.next`
    /// of each answer, only on the same server. An answer that names no next page is
    /// the last.
    ///
    /// ```no_run
    /// use cloudsfor_core::{CallOptions, Client, Result};
    ///
    /// async fn show(client: &Client) -> Result<()> {
    ///     let path = "/things?per_page=100".parse().unwrap();
    ///     let mut pages = client.raw_pages(path, &CallOptions::default());
    ///     while let Some(page) = pages.next().await? {
    ///         println!("{}", String::from_utf8_lossy(&page.body));
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn raw_pages(&self, path: PageToken, call: &CallOptions) -> RawPages<'_> {
        RawPages {
            client: self,
            call: call.clone(),
            pages: Pages::new(GET.name),
            at: At::Begin(path),
        }
    }
}

impl RawPages<'_> {
    /// The next page, or `None` after the last.
    ///
    /// # Errors
    /// Those of [`Client::raw`], and [`ErrorKind::Unexpected`](crate::ErrorKind::Unexpected)
    /// if the next page is on another server, or if the pages don't end, as for
    /// [`list_all`](crate::list::list_all). There are no pages after an error.
    pub async fn next(&mut self) -> Result<Option<RawAnswer>> {
        let client = self.client;
        let url = match std::mem::replace(&mut self.at, At::End) {
            At::Begin(path) => client.raw_url(&GET, &path)?,
            At::After(body, url) => match self.pages.after(&self.page(&body, &url)?)? {
                Some(path) => client.page_url(&GET, &path)?,
                None => return Ok(None),
            },
            At::End => return Ok(None),
        };
        let answer = client.raw_at(&GET, url.clone(), None, &self.call).await?;
        self.at = At::After(answer.body.clone(), url);
        Ok(Some(answer))
    }

    /// What an answer says of itself as a page; its items are those of its first list.
    fn page(&self, body: &[u8], url: &Uri) -> Result<Page<()>> {
        let Ok(Value::Object(answer)) = serde_json::from_slice(body) else {
            return Ok(Page::whole(Vec::new()));
        };
        let links = answer
            .get("links")
            .and_then(|links| Links::deserialize(links).ok());
        let meta = answer
            .get("meta")
            .and_then(|meta| Meta::deserialize(meta).ok());
        let items = answer
            .values()
            .find_map(Value::as_array)
            .map_or(0, Vec::len);
        let next = links.as_ref().and_then(Links::next);
        let next = self.client.next_page(&GET, next, url)?;
        Ok(Page::new(
            vec![(); items],
            meta.map(|meta| meta.total),
            next,
        ))
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::error::ErrorKind;
    use crate::transport::{Body, Transport, TransportError};

    /// Answers a page with the link that the query asks for: `?next=LINK`. The page
    /// `/loop` names itself.
    struct Server;

    #[async_trait]
    impl Transport for Server {
        async fn send(
            &self,
            request: http::Request<Bytes>,
        ) -> std::result::Result<http::Response<Body>, TransportError> {
            let uri = request.uri();
            let next = match uri.path() {
                "/loop" => Some("/loop"),
                _ => uri.query().and_then(|query| query.strip_prefix("next=")),
            };
            let body = match next {
                Some(next) => format!(
                    r#"{{"things":[1],"links":{{"pages":{{"next":"{next}"}}}},"meta":{{"total":3}}}}"#
                ),
                None => r#"{"things":[2],"links":{}}"#.to_owned(),
            };
            Ok(http::Response::new(Body::from(body)))
        }
    }

    /// The bodies of all pages, and how they ended.
    async fn all(path: &str) -> (usize, Result<()>) {
        let client = Client::builder()
            .endpoint("http://h/api/v1".parse().unwrap())
            .transport(Server)
            .build()
            .unwrap();
        let mut pages = client.raw_pages(path.parse().unwrap(), &CallOptions::default());
        let mut count = 0;
        loop {
            match pages.next().await {
                Ok(Some(_)) => count += 1,
                Ok(None) => return (count, Ok(())),
                Err(error) => {
                    assert!(pages.next().await.unwrap().is_none());
                    return (count, Err(error));
                }
            }
        }
    }

    #[tokio::test]
    async fn pages_are_followed_to_the_last() {
        assert!(matches!(all("/things").await, (1, Ok(()))));
        let two = "/things?next=http://h/api/v1/things";
        assert!(matches!(all(two).await, (2, Ok(()))));
        assert!(matches!(all("/things?next=?next=/x").await, (3, Ok(()))));
    }

    #[tokio::test]
    async fn a_page_elsewhere_is_not_asked_for_and_pages_end() {
        for path in ["/things?next=http://other.example/things", "/x?next=/loop"] {
            let (_, ended) = all(path).await;
            assert_eq!(ended.unwrap_err().kind(), &ErrorKind::Unexpected, "{path}");
        }
    }
}
