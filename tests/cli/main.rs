//! The real binary: against a real server, and with its embedded cloud.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![cfg(unix)]

mod bad_input;
mod completion;
mod curl;
mod ephemeral;
mod examples;
mod hosts;
mod local;
mod login;
mod operator;
mod readme;
mod serve;
mod shells;
mod terminal;
