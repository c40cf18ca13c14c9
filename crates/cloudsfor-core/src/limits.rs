//! Limits that a program sets itself: how many requests it sends in a time, and
//! how many at once.
//!
//! ```
//! use std::time::Duration;
//!
//! use cloudsfor_core::Client;
//! use cloudsfor_core::limits::{ConcurrencyLimit, RateLimit};
//!
//! let builder = Client::builder()
//!     .with_rate_limit(RateLimit::new(10, Duration::from_secs(1)))
//!     .with_concurrency_limit(ConcurrencyLimit::new(4));
//! ```
//!
//! Every attempt counts, retries included. Who has to wait does so before the time
//! limit of the attempt begins, and never beyond the call's deadline: a call whose
//! turn wouldn't come in time fails at once, and certainly wasn't sent. Clones of a
//! limit are the same limit, so that several clients can share one.

mod concurrency;
mod rate;

pub use self::concurrency::ConcurrencyLimit;
pub use self::rate::RateLimit;
