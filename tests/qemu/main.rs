//! Real VMs, by the real CLI and a real service: needs QEMU and the image that
//! `cargo xtask test-image` makes.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod acceleration;
mod bridge;
mod consoles;
mod contract;
mod crashes;
mod faults;
mod host;
mod https;
mod images;
mod isolation;
mod life;
mod networks;
mod pull;
