//! Pages of lists.
//!
//! Without `page` or `per_page` a list is answered whole, as documented; with
//! them `links.pages` says where the neighbours are, as absolute URLs.

use crate::object::object;

object! {
    /// URLs of the neighbouring pages, where they exist.
    #[derive(Default)]
    pub struct PageLinks {
        /// The first page.
        optional first: Option<String>;
        /// The page before this one.
        optional prev: Option<String>;
        /// The page after this one; `None` on the last page.
        optional next: Option<String>;
        /// The last page.
        optional last: Option<String>;
    }
}

object! {
    /// An answer's `links`. Empty (`{}`) on an answer that is whole.
    #[derive(Default)]
    pub struct Links {
        /// The pages around this one.
        optional pages: Option<PageLinks>;
    }
}

impl Links {
    /// The URL of the next page, if there is one.
    pub fn next(&self) -> Option<&str> {
        self.pages.as_ref()?.next.as_deref()
    }
}

object! {
    /// What is said of a list as a whole.
    pub struct Meta {
        /// How many items there are on all pages.
        required total: u64 as crate::lenient::Whole;
    }
}

impl Meta {
    /// A list of `total` items.
    pub fn new(total: u64) -> Self {
        Self {
            total,
            extra: Default::default(),
        }
    }
}
