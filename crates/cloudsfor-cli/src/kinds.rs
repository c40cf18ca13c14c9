//! The kinds of commands that nouns share: list, get, create, delete.
//!
//! A noun says in a few lines what its collection is ([`Collection`]), how one of
//! it is found ([`Findable`]) and deleted ([`Deletable`]). What the commands look
//! like and do is the same for all: which names are taken, what is asked, how
//! results and failures are told.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod find;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod selector;
pub(crate) mod targets;
#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::fmt::Display;
use std::str::FromStr;

use cloudsfor_core::{Api, CallOptions, Error, Page, PageRequest};
use cloudsfor_types::operations::Operation;

use crate::failure::Failure;
use crate::output::{Described, Resource};

/// Things of one kind: all of them, or those of one other thing.
pub(crate) trait Collection {
    type Item: Resource;

    /// The operation that lists them, for errors.
    fn operation(&self) -> Operation;

    /// What they are called together: `networks`, `records of the domain x`.
    fn all(&self) -> String {
        format!("{}s", Self::Item::NOUN)
    }

    /// What is said of an empty list.
    fn none(&self) -> String;

    /// Hands each of them on as soon as it is there.
    async fn each(
        &self,
        api: &dyn Api,
        call: &CallOptions,
        take: &mut (dyn FnMut(Self::Item) + Send),
    ) -> Result<(), Error> {
        list::every(self, api, call)
            .await?
            .into_iter()
            .for_each(take);
        Ok(())
    }

    /// Lists all of them, or a page.
    async fn page(
        &self,
        api: &dyn Api,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<Self::Item>, Error>;
}

/// Things of which one can be named.
pub(crate) trait Findable: Collection {
    type Id: FromStr<Err: Display>;

    /// What users name one by.
    type Selector: Selects;

    /// The text of the id, if the user gave one and not a name.
    fn id(selector: &Self::Selector) -> Option<&str>;

    /// Gets the one with this id.
    async fn get(
        &self,
        api: &dyn Api,
        id: &Self::Id,
        call: &CallOptions,
    ) -> Result<Self::Item, Error>;

    /// Gets those of this name.
    async fn named(
        &self,
        api: &dyn Api,
        name: &str,
        call: &CallOptions,
    ) -> Result<Vec<Self::Item>, Error> {
        let mut items = list::every(self, api, call).await?;
        items.retain(|item| item.name() == name);
        Ok(items)
    }

    /// What tells one from others that have its name.
    fn told_apart(item: &Self::Item, now: jiff::Timestamp) -> String {
        let _ = now;
        item.named()
    }
}

/// A way to name one thing, which can be repeated to the user.
pub(crate) trait Selects:
    FromStr<Err: Into<Box<dyn StdError + Send + Sync>>> + Display + Clone + Send + Sync + 'static
{
}

impl<S> Selects for S where
    S: FromStr<Err: Into<Box<dyn StdError + Send + Sync>>>
        + Display
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Things that can be deleted.
pub(crate) trait Deletable: Findable<Item: Described> {
    /// What a deletion means, said above the list of what is lost, for things
    /// that nobody should lose unasked.
    const WARNING: Option<&'static str> = None;

    /// Deletes one.
    async fn delete(
        &self,
        api: &dyn Api,
        item: &Self::Item,
        call: &CallOptions,
    ) -> Result<(), Error>;

    /// What the user loses with it.
    fn losses(item: &Self::Item, now: jiff::Timestamp) -> String {
        Self::told_apart(item, now)
    }

    /// Adds what people and programs are to know to the failure of a deletion.
    fn concerned(item: &Self::Item, failure: Failure) -> Failure {
        let _ = item;
        failure
    }
}

/// `3 backups`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}
