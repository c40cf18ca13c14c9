//! Lists, whole or page by page.

use std::fmt;
use std::str::FromStr;

/// How much of a list is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PageRequest {
    /// All of it in one answer: what the API does unless asked otherwise.
    #[default]
    Whole,
    /// The first page, of at most this many items (1 to 200).
    First(u32),
    /// The page that an earlier one named. The filter of the first page goes on.
    Next(PageToken),
}

/// Where the next page is. Can be kept as text and taken up again later.
///
/// It is a path and query of the API's own server: a page is never fetched from
/// another one, which would be given the password.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageToken(String);

/// Why a text is no page token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a page token is a path and query that begins with one '/', not {0:?}")]
pub struct InvalidPageToken(String);

impl PageToken {
    /// The path and query.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PageToken {
    type Err = InvalidPageToken;

    fn from_str(text: &str) -> Result<Self, InvalidPageToken> {
        let visible = text.bytes().all(|b| b.is_ascii_graphic());
        if text.starts_with('/') && !text.starts_with("//") && visible {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPageToken(text.chars().take(200).collect()))
        }
    }
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A list, or one page of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// How many there are on all pages, where the server says it.
    pub total: Option<u64>,
    /// Where the next page is; `None` if this is the last.
    pub next: Option<PageToken>,
}

impl<T> Page<T> {
    /// A list that is whole.
    pub fn whole(items: Vec<T>) -> Self {
        Self {
            total: Some(items.len() as u64),
            items,
            next: None,
        }
    }

    /// One page of a list.
    pub fn new(items: Vec<T>, total: Option<u64>, next: Option<PageToken>) -> Self {
        Self { items, total, next }
    }
}
