//! The CloudsFor SDK.

pub mod api;
pub mod call;
pub mod error;
#[cfg(feature = "mock")]
pub mod mock;
pub mod page;

pub use api::{Api, CreatedVm, Vms};
pub use call::{CallOptions, IdempotencyKey};
pub use error::{Error, ErrorKind, Result, TransportErrorKind};
#[cfg(feature = "mock")]
pub use mock::MockApi;
pub use page::{Page, PageRequest, PageToken};
