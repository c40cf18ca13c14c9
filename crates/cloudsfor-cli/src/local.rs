//! The cloud on this machine: embedded in this process (`--local`), or run by
//! `cloudsfor serve` (`--profile local`).

#[cfg_attr(feature = "serve", path = "local/embedded.rs")]
#[cfg_attr(not(feature = "serve"), path = "local/absent.rs")]
mod embedded;

pub(crate) use embedded::*;
