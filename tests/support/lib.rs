//! What the workspace's tests share: a service to talk to, and the real binary.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

pub mod binary;
pub mod served;
pub mod service;
