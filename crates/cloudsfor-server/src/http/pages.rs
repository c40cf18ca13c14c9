//! Pages: `?page=&per_page=` by number, `links.pages.next` and `prev` by cursor,
//! so that a deletion meanwhile skips nothing.

use cloudsfor_types::{Links, Meta, PageLinks};
use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::origin::OwnOrigin;
use super::query::{Query, whole};
use crate::store::window::{Position, Window};

/// Items on a page if only `page` is given.
const DEFAULT_PER_PAGE: u64 = 50;

/// "1 to 200".
const MAX_PER_PAGE: u64 = 200;

/// Which page is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PageQuery {
    start: Start,
    per_page: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Start {
    Number(u64),
    After(Position),
    Before(Position),
}

/// A request for a list: the page that is asked for, and how the list's pages
/// are reached.
#[derive(Debug)]
pub(super) struct Listing {
    /// `None` asks for the whole list, as documented.
    page: Option<PageQuery>,
    url: ListUrl,
}

/// What is answered to a request for a list.
#[derive(Debug)]
pub(super) struct Listed<T> {
    pub(super) items: Vec<T>,
    pub(super) links: Links,
    pub(super) meta: Option<Meta>,
}

impl Listing {
    /// Takes the page parameters. `filters` are those that the list has beside.
    pub(super) fn take(
        query: &mut Query,
        head: &Parts,
        filters: Vec<(&'static str, String)>,
    ) -> Self {
        Self {
            page: take(query),
            url: ListUrl::new(head, filters),
        }
    }

    /// The part of the list to read.
    pub(super) fn window(&self) -> Window {
        self.page.as_ref().map_or(Window::All, PageQuery::window)
    }

    /// The answer, given the part that [`Listing::window`] asked for and the
    /// number of items on all pages.
    pub(super) fn answer<T>(self, mut items: Vec<(Position, T)>, total: u64) -> Listed<T> {
        let links = self.page.map_or_else(Links::default, |page| {
            let neighbours = page.cut(&mut items);
            let ends = items.first().zip(items.last());
            let ends = ends.map(|((first, _), (last, _))| (first, last));
            page.links(&self.url, total, ends, neighbours)
        });
        Listed {
            items: items.into_iter().map(|(_, item)| item).collect(),
            links,
            meta: Some(Meta::new(total)),
        }
    }

    /// The answer, given the whole list.
    pub(super) fn answer_from_all<T>(self, all: Vec<(Position, T)>) -> Listed<T> {
        let total = all.len() as u64;
        let items = self.window().of(all);
        self.answer(items, total)
    }
}

impl<T> Listed<T> {
    /// The links, unless there are none: only the documented lists have them
    /// then.
    pub(super) fn some_links(&self) -> Option<Links> {
        self.links.pages.is_some().then(|| self.links.clone())
    }
}

fn take(query: &mut Query) -> Option<PageQuery> {
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
    fn window(&self) -> Window {
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
    fn cut<T>(&self, items: &mut Vec<T>) -> (bool, bool) {
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
    fn links(
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
    format!("{direction}{}-{}", position.time, position.id)
}

fn parse_cursor(text: &str) -> Result<Start, String> {
    let parse = || {
        let (time, id) = text.get(1..)?.split_once('-')?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.".contains(&b);
        let known_form = (1..=255).contains(&id.len()) && id.bytes().all(plain);
        let position = Position {
            time: time.parse().ok()?,
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
struct ListUrl {
    base: String,
    filters: Vec<(&'static str, String)>,
}

impl ListUrl {
    /// The URL as this request's client reaches it.
    fn new(head: &Parts, filters: Vec<(&'static str, String)>) -> Self {
        let origin = match head.extensions.get::<OwnOrigin>() {
            Some(origin) => origin.url(),
            // An in-process transport has a host of its own.
            None => {
                let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
                let host = host.or_else(|| head.uri.authority().map(Authority::as_str));
                let host =
                    host.filter(|host| !host.contains('@') && host.parse::<Authority>().is_ok());
                format!("http://{}", host.unwrap_or("localhost"))
            }
        };
        Self {
            base: format!("{origin}{}", head.uri.path()),
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
