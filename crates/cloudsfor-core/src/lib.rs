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
//! - A trait for each resource, with a method for each operation: [`Vms`],
//!   [`Snapshots`], [`Actions`], [`Keys`], [`Networks`], [`Domains`] (with their
//!   records), [`Catalog`] (regions and images), [`Accounts`], [`Events`]. [`Api`] is all of
//!   them; programs that hold an `Arc<dyn Api>` or take a `&dyn Api` work with a
//!   [`Client`], with a mock, and with a wrapper of their own.
//! - [`Client`]: the API over HTTP, by a [transport] of your choice.
//! - On top of any `Api`: [`find_vm`] (by id or name), [`list_all_vms`] (all
//!   pages), [streams](stream) of pages and items, [waiters](wait) for VMs, actions
//!   and ports, and [bulk] operations.
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
//! # Trying again, and creating once
//! What may pass is tried again: at most 4 attempts, within a minute, after delays
//! that grow, from a [budget] that stops storms. A request that may have been
//! carried out is sent again only where that does no harm; the [`retry`] module
//! says when, and how to set it differently.
//!
//! A request that makes something goes under one [`IdempotencyKey`] over all its
//! attempts, and a server that honours keys carries a key out once. What is
//! guaranteed of [`Vms::create_vm`]:
//!
//! - **The server honours keys** (it says so in every answer, and is asked when it
//!   hasn't): there are never two VMs for one create. If there may be one that the
//!   caller isn't told of by a success, the error says so:
//!   [`Error::may_have_been_applied`] is true and [`Error::idempotency_key`] is
//!   the key under which [`Vms::resume_create_vm`] completes it, from another
//!   process too, for as long as the server remembers keys (24 hours).
//! - **It doesn't, or can't be asked**: the client never sends a second request
//!   after one that may have been carried out. It lists the VMs of that name and
//!   fails with [`ErrorKind::Ambiguous`], which names the candidates. A VM that is
//!   still being made, or of a request that is still on its way, may be missing
//!   among them. If the request had
//!   [`unique_name`](cloudsfor_types::CreateVm::with_unique_name) and one VM has
//!   the name, the caller has declared that to be the VM, and it is the result,
//!   whoever made it.
//! - An error of which `may_have_been_applied` is false: there is no VM, and there
//!   will be none.
//! - Not guaranteed: anything after the server has forgotten the key, and anything
//!   that a program does that drops the call before it ends, unless it chose the
//!   key itself ([`CallOptions::with_idempotency_key`]) and resumes.
//!
//! The other requests that make something (actions, keys, networks, domains,
//! records) go by the same rules, with no candidates named. A deletion that finds
//! nothing after an attempt of which nobody knows what became is a success. Of one
//! that the network delivers twice by itself, the client sees a single answer: if that
//! is the second one's, it is [`ErrorKind::NotFound`], and the thing is gone.
//!
//! ```
//! use cloudsfor_core::types::CreateVm;
//! use cloudsfor_core::{Api, CallOptions, CreatedVm, IdempotencyKey, Result};
//!
//! /// Creates a VM, whatever happens to this process: `key` was written down
//! /// before.
//! async fn create(api: &dyn Api, request: &CreateVm, key: &IdempotencyKey) -> Result<CreatedVm> {
//!     let call = CallOptions::default().with_idempotency_key(key.clone());
//!     match api.create_vm(request, &call).await {
//!         Err(error) if error.may_have_been_applied() => {
//!             eprintln!("{error}; trying again");
//!             api.resume_create_vm(request, key, &CallOptions::default()).await
//!         }
//!         result => result,
//!     }
//! }
//! ```
//!
//! # Settings
//! | setting | default | set by |
//! |---|---|---|
//! | connecting, in all | 3 s | `TransportOptions::with_connect_timeout` |
//! | one attempt, to the end of the answer | 30 s | [`ClientBuilder::with_attempt_timeout`] |
//! | a call, with all attempts | 60 s | [`ClientBuilder::with_timeout`], [`CallOptions::with_timeout`] |
//! | attempts | 4 within 60 s, pauses from 100 ms (1 s after 429) to 20 s | [`ClientBuilder::with_retry`] |
//! | retries of all calls together | 500 tokens, 5 a retry | [`ClientBuilder::with_retry_budget`] |
//! | requests in a time | no limit | [`ClientBuilder::with_rate_limit`] |
//! | requests at once | no limit | [`ClientBuilder::with_concurrency_limit`] |
//! | an answer's size, unpacked | 64 MiB | [`ClientBuilder::with_body_limit`] |
//! | waiting for a VM or an action | 10 min | [`CallOptions::with_timeout`] |
//! | a layer of one's own | none | [`ClientBuilder::with_layer`] |
//!
//! Time limits run on tokio's clock, so calls are made within a tokio runtime. An
//! attempt's shrinks to what the call's leaves.
//!
//! # Features
//! | feature | what it adds |
//! |---|---|
//! | `reqwest` (default) | `ReqwestTransport`, which uses the environment's proxies |
//! | `hyper` | `HyperTransport`, which is smaller and uses none |
//! | `gzip` (default) | answers may come compressed |
//! | `recorded` | `RecordedTransport`: answers that were recorded |
//! | `in-process` | `InProcessTransport`: a tower service in place of a server |
//! | `mock` | `MockApi`, for tests |
//! | `tracing` | a [span](trace) for each call |
//! | `blocking` | `blocking::Client`, for programs without async |
//! | `profile` | the `profile` file that the command line has too |
//!
//! Without features there is no HTTP client in the tree, and the crate builds for
//! wasm32, with a transport of your own. On `wasm32-unknown-unknown`, the target of
//! browsers, there is no clock: a [`Client`] can be built there, but a
//! call needs tokio's timers and panics. Use `cloudsfor-types` and `fetch` in a browser.
//!
//! # Versions
//! Semantic versioning, by Cargo's rules: before 1.0 the minor version is the one
//! that may break. In a minor (before 1.0: patch) version there may be new methods
//! of the API's traits, which have a default, new kinds of errors, and new values of
//! open enums: match with a wildcard. The minimum Rust version is 1.95; raising it
//! is a minor change, and said in the release's notes.

pub mod api;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod budget;
pub mod bulk;
pub mod call;
pub mod client;
pub mod credentials;
mod deadline;
mod encoding;
pub mod endpoint;
pub mod error;
pub mod events;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
pub mod limits;
pub mod list;
pub mod lookup;
#[cfg(any(test, feature = "mock"))]
pub mod mock;
pub mod page;
mod printable;
#[cfg(feature = "profile")]
pub mod profile;
mod random;
mod response;
pub mod retry;
mod retry_after;
#[cfg(test)]
mod sample;
pub mod stream;
pub mod trace;
pub mod transport;
pub mod wait;

pub use api::{
    Accounts, Actions, Api, Catalog, CreatedVm, Domains, Events, KeySelector, Keys, Networks,
    Snapshots, Vms,
};
pub use call::{CallOptions, IdempotencyKey};
pub use client::{Client, ClientBuilder};
pub use cloudsfor_types as types;
pub use credentials::Credentials;
pub use endpoint::Endpoint;
pub use error::{Error, ErrorKind, Result, TransportErrorKind};
pub use events::EventStream;
pub use list::list_all_vms;
pub use lookup::find_vm;
#[cfg(any(test, feature = "mock"))]
pub use mock::MockApi;
pub use page::{Page, PageRequest, PageToken};
pub use secrecy::SecretString;
pub use wait::{wait_for_action, wait_for_actions, wait_until_unlocked};
#[cfg(not(target_family = "wasm"))]
pub use wait::{wait_for_port, wait_for_ssh};
