//! The SDK against servers that do what they should, and what they shouldn't:
//! one suite over every backend that is compiled in.
#![allow(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod canned;
mod documented;
mod features;
mod requests;
mod samples;
mod spawned;

#[cfg(any(feature = "reqwest", feature = "hyper"))]
mod sockets {
    mod backend;
    mod faults;
    mod pages;
    mod pool;
    #[cfg(feature = "reqwest")]
    mod proxy;
    mod server;
    mod time_limits;
    mod tls;
}
