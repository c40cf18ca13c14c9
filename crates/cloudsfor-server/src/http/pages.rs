//! Pages: `?page=&per_page=` by number, `links.pages.next` and `prev` by cursor,
//! so that a deletion meanwhile skips nothing.

use cloudsfor_types::{Links, PageLinks};
use http::HeaderMap;
use http::Uri;
use http::header::HOST;
use http::uri::Authority;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::query::{Query, whole};
use crate::store::vms::{Position, Window};

/// Items on a page if only `page` is given.
const DEFAULT_PER_PAGE: u64 = 50;

/// "1 to 200".
const MAX_PER_PAGE: u64 = 200;

/// Which page is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageQuery {
    start: Start,
    per_page: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Start {
    Number(u64),
    After(Position),
    Before(Position),
}

/// Takes the page parameters; `None` asks for the whole list, as documented.
pub(super) fn take(query: &mut Query) -> Option<PageQuery> {
    let page = query.one("page", whole(1, u32::MAX.into()));
    let per_page = query.one("per_page", whole(1, MAX_PER_PAGE));
    let cursor = query.one("cursor", parse_cursor);
    let start = match (cursor, page, per_page) {
        (Some(cursor), _, _) => cursor,
        (None, Some(page), _) => Start::Number(page),
        (None, None, Some(_)) => Start::Number(1),
        (None, None, None) => return None,
    };
    Some(PageQuery {
        start,
        per_page: per_page.unwrap_or(DEFAULT_PER_PAGE) as u32,
    })
}

impl PageQuery {
    /// The part of the list to read: one item more than the page has, which says
    /// whether there is another page.
    pub(super) fn window(&self) -> Window {
        let limit = self.per_page + 1;
        match &self.start {
            Start::Number(page) => Window::Offset {
                offset: (page - 1) * u64::from(self.per_page),
                limit,
            },
            Start::After(position) => Window::After(position.clone(), limit),
            Start::Before(position) => Window::Before(position.clone(), limit),
        }
    }

    /// Takes the extra item off what [`PageQuery::window`] found; says whether
    /// there are items before and after the page.
    pub(super) fn cut<T>(&self, items: &mut Vec<T>) -> (bool, bool) {
        let has_more = items.len() > self.per_page as usize;
        match self.start {
            // The extra item of a page read backwards is the first.
            Start::Before(_) => {
                if has_more {
                    items.remove(0);
                }
                (has_more, true)
            }
            Start::After(_) => {
                items.truncate(self.per_page as usize);
                (true, has_more)
            }
            Start::Number(page) => {
                items.truncate(self.per_page as usize);
                (page > 1, has_more)
            }
        }
    }

    /// The links of a page, given the places of its first and last item.
    pub(super) fn links(
        &self,
        url: &ListUrl,
        total: u64,
        ends: Option<(&Position, &Position)>,
        (has_before, has_after): (bool, bool),
    ) -> Links {
        let per_page = self.per_page;
        let numbered = |page: u64| Some(url.with(&format!("page={page}&per_page={per_page}")));
        let at_cursor = |direction: char, position: &Position| {
            let cursor = format_cursor(direction, position);
            url.with(&format!("cursor={cursor}&per_page={per_page}"))
        };
        let last_page = total.div_ceil(per_page.into()).max(1);
        let pages = PageLinks {
            first: numbered(1),
            last: numbered(last_page),
            next: ends
                .filter(|_| has_after)
                .map(|(_, last)| at_cursor('a', last)),
            prev: match ends {
                Some((first, _)) if has_before => Some(at_cursor('b', first)),
                // Behind the end of the list: back to where there is something.
                None if has_before && total > 0 => numbered(last_page),
                _ => None,
            },
            extra: Default::default(),
        };
        Links {
            pages: Some(pages),
            extra: Default::default(),
        }
    }
}

/// `a` (after) or `b` (before), a creation time, and an id.
fn format_cursor(direction: char, position: &Position) -> String {
    format!("{direction}{}-{}", position.created_at, position.id)
}

fn parse_cursor(text: &str) -> Result<Start, String> {
    let parse = || {
        let (time, id) = text.get(1..)?.split_once('-')?;
        let known_form = cloudsfor_types::id::is_canonical(id);
        let position = Position {
            created_at: time.parse().ok()?,
            id: id.to_owned(),
        };
        match text.as_bytes()[0] {
            b'a' if known_form => Some(Start::After(position)),
            b'b' if known_form => Some(Start::Before(position)),
            _ => None,
        }
    };
    parse().ok_or_else(|| format!("must be one that links.pages gave, not {text:?}"))
}

/// The absolute URL of a list, with its filters.
#[derive(Debug)]
pub(super) struct ListUrl {
    base: String,
    filters: Vec<(&'static str, String)>,
}

impl ListUrl {
    /// The URL as this request's client reaches it.
    pub(super) fn new(
        uri: &Uri,
        headers: &HeaderMap,
        path: &str,
        filters: Vec<(&'static str, String)>,
    ) -> Self {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| uri.authority().map(Authority::as_str));
        let host = host
            .filter(|host| host.parse::<Authority>().is_ok())
            .unwrap_or("localhost");
        let scheme = uri.scheme_str().unwrap_or("http");
        Self {
            base: format!("{scheme}://{host}{path}"),
            filters,
        }
    }

    fn with(&self, page: &str) -> String {
        let mut url = format!("{}?", self.base);
        for (name, value) in &self.filters {
            url.push_str(&format!(
                "{name}={}&",
                utf8_percent_encode(value, NON_ALPHANUMERIC)
            ));
        }
        url.push_str(page);
        url
    }
}
