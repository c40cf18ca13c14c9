//! The CloudsFor SDK: virtual machines from Rust.
//!
//! ```
//! use cloudsfor_core::types::{CreateVm, VmSpec};
//! use cloudsfor_core::{CallOptions, Client, Credentials, Vms, wait_until_unlocked};
//!
//! # use cloudsfor_core::transport::{Body, Transport, TransportError};
//! # struct Cloud;
//! # #[async_trait::async_trait]
//! # impl Transport for Cloud {
//! #     async fn send(
//! #         &self,
//! #         request: http::Request<bytes::Bytes>,
//! #     ) -> Result<http::Response<Body>, TransportError> {
//! #         let (status, locked) = match request.method().as_str() {
//! #             "POST" => (202, true),
//! #             "DELETE" => (204, false),
//! #             _ => (200, false),
//! #         };
//! #         let body = format!(r#"{{"vm":{{"id":"9a33ef4fec394360a88e3c60b78b5dbc",
//! #             "name":"example.com","memory":1,"vcpus":1,"disk":10,"locked":{locked},
//! #             "status":"running","created_at":"2015-01-14T16:36:31Z"}}}}"#);
//! #         Ok(http::Response::builder().status(status).body(body.into()).unwrap())
//! #     }
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let client = Client::builder()
//!     .endpoint("https://cloudsfor.com".parse()?)
//!     .credentials(Credentials::basic("user@example.com", "password".into())?)
//! #   .transport(Cloud)
//!     .build()?;
//! let call = CallOptions::default();
//!
//! let request = CreateVm::new(VmSpec {
//!     name: "example.com".into(),
//!     region: "moscow_01".into(),
//!     image: "fedora-19".into(),
//!     size: 1.into(),
//!     cpu: 1,
//!     disk_size: 10,
//! });
//! let created = client.create_vm(&request, &call).await?;
//! let vm = wait_until_unlocked(&client, &created.vm.id, &call, |_| ()).await?;
//! println!("{} is {}", vm.name, vm.status);
//!
//! client.delete_vm(&vm.id, &call).await?;
//! # Ok::<(), cloudsfor_core::Error>(())
//! # }).unwrap();
//! ```
//!
//! # What there is
//! - [`Vms`]: the operations, one method each. [`Api`] is all of them; programs
//!   that hold an `Arc<dyn Api>` or take a `&dyn Api` work with a [`Client`], with
//!   a mock, and with a wrapper of their own.
//! - [`Client`]: the API over HTTP, by a [transport] of your choice.
//! - On top of any `Api`: [`find_vm`] (by id or name), [`list_all_vms`] (all
//!   pages), [`wait_until_unlocked`].
//! - [`types`]: what is asked and answered. Sizes are in GB of 2^30 bytes.
//!
//! # When something fails
//! An [`Error`] says in one line what happened and what to do. Programs match on
//! its [`ErrorKind`]:
//!
//! ```
//! use cloudsfor_core::types::VmId;
//! use cloudsfor_core::{Api, CallOptions, ErrorKind, Result};
//!
//! /// Deletes a VM that may be gone already.
//! async fn remove(api: &dyn Api, id: &VmId) -> Result<()> {
//!     match api.delete_vm(id, &CallOptions::default()).await {
//!         Err(error) if *error.kind() == ErrorKind::NotFound => Ok(()),
//!         result => result,
//!     }
//! }
//! ```
//!
//! # Creating once
//! When the connection breaks, nobody knows whether a create was carried out:
//! [`Error::may_have_been_applied`] is then true. Each create goes under an
//! [`IdempotencyKey`], and the server carries a key out once. So the same request
//! under [the error's key](Error::idempotency_key) is safe to send again, by
//! another process too, for 24 hours:
//!
//! ```
//! use cloudsfor_core::types::CreateVm;
//! use cloudsfor_core::{Api, CallOptions, CreatedVm, Result};
//!
//! async fn create(api: &dyn Api, request: &CreateVm) -> Result<CreatedVm> {
//!     let call = CallOptions::default();
//!     match api.create_vm(request, &call).await {
//!         Err(error) if error.is_retryable() => match error.idempotency_key() {
//!             Some(key) => {
//!                 let again = call.with_idempotency_key(key.clone());
//!                 api.create_vm(request, &again).await
//!             }
//!             None => Err(error),
//!         },
//!         result => result,
//!     }
//! }
//! ```
//!
//! # Time limits
//! Connecting takes at most 3 seconds, a request 30, a call 60: see
//! [`TransportOptions`](transport), [`ClientBuilder`] and [`CallOptions`]. They
//! run on tokio's clock, so calls are made within a tokio runtime.
//!
//! # Features
//! | feature | what it adds |
//! |---|---|
//! | `reqwest` (default) | `ReqwestTransport`, which uses the environment's proxies |
//! | `hyper` | `HyperTransport`, which is smaller and uses none |
//! | `recorded` | `RecordedTransport`: answers that were recorded |
//! | `in-process` | `InProcessTransport`: a tower service in place of a server |
//! | `mock` | `MockApi`, for tests |
//!
//! Without features there is no HTTP client in the tree.

pub mod api;
pub mod call;
pub mod client;
pub mod credentials;
mod deadline;
pub mod endpoint;
pub mod error;
pub mod list;
pub mod lookup;
#[cfg(any(test, feature = "mock"))]
pub mod mock;
pub mod page;
mod printable;
mod response;
mod retry_after;
#[cfg(test)]
mod sample;
pub mod transport;
pub mod wait;

pub use api::{Api, CreatedVm, Vms};
pub use call::{CallOptions, IdempotencyKey};
pub use client::{Client, ClientBuilder};
pub use cloudsfor_types as types;
pub use credentials::Credentials;
pub use endpoint::Endpoint;
pub use error::{Error, ErrorKind, Result, TransportErrorKind};
pub use list::list_all_vms;
pub use lookup::find_vm;
#[cfg(any(test, feature = "mock"))]
pub use mock::MockApi;
pub use page::{Page, PageRequest, PageToken};
pub use secrecy::SecretString;
pub use wait::wait_until_unlocked;
