//! The API as traits, without a word of HTTP.
//!
//! There is a small object-safe trait for each resource, and [`Api`] is their
//! sum. Programs hold an `Arc<dyn Api>` (or take a `&dyn Api`), so that a
//! [`Client`](crate::Client), a mock and any wrapper of one's own can stand in
//! for each other.
//!
//! # Implementing it
//! Every method has a default that answers
//! [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported). So an
//! implementation writes only what it has, and a method that is added in a minor
//! version breaks nobody's build. For a resource that it doesn't have at all an
//! empty `impl` is enough; a trait for a new resource joins [`Api`] only in a
//! major version.
//!
//! ```
//! use cloudsfor_core::{Accounts, Actions, Api, Catalog, Domains, Events, Keys, Networks, Snapshots, Vms};
//!
//! struct Nothing;
//!
//! impl Accounts for Nothing {}
//! impl Actions for Nothing {}
//! impl Catalog for Nothing {}
//! impl Domains for Nothing {}
//! impl Events for Nothing {}
//! impl Keys for Nothing {}
//! impl Networks for Nothing {}
//! impl Snapshots for Nothing {}
//! impl Vms for Nothing {}
//!
//! let api: &dyn Api = &Nothing;
//! ```

mod accounts;
mod actions;
mod catalog;
mod domains;
mod events;
mod keys;
mod networks;
mod snapshots;
mod vms;

pub use self::accounts::Accounts;
pub use self::actions::Actions;
pub use self::catalog::Catalog;
pub use self::domains::Domains;
pub use self::events::Events;
pub use self::keys::{InvalidKeySelector, KeySelector, Keys};
pub use self::networks::Networks;
pub use self::snapshots::Snapshots;
pub use self::vms::{CreatedVm, Vms};

/// Everything that CloudsFor can do.
pub trait Api:
    Accounts + Actions + Catalog + Domains + Events + Keys + Networks + Snapshots + Vms
{
}

impl<T> Api for T where
    T: Accounts + Actions + Catalog + Domains + Events + Keys + Networks + Snapshots + Vms + ?Sized
{
}
