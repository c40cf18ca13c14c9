//! Name service: what the API says of domains and VMs is what DNS answers.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod before;
mod client;
#[path = "../common/mod.rs"]
mod common;
mod limits;
mod zones;
