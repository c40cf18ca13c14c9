//! The CloudsFor service: the API over HTTP, a durable store, and compute.
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::body::Body;
//! use cloudsfor_server::cloud::{Cloud, FirstAccount, Parts};
//! use cloudsfor_server::http::{ApiOptions, router};
//! use cloudsfor_server::local_profile::LocalProfile;
//! use http::Request;
//! use tower::ServiceExt;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let dir = tempfile::tempdir()?;
//! let cloud = Cloud::open(dir.path(), Parts::simulated(Duration::from_secs(3))).await?;
//! let account = FirstAccount {
//!     email: Some("user@example.com".into()),
//!     password: Some("password".into()),
//!     vm_limit: Some(10),
//! };
//! cloud.first_account(account, LocalProfile::new(dir.path())).await?;
//!
//! // The API is a tower service: on a socket (`http::serve`) or without one.
//! let request = Request::get("/api/v1/vms")
//!     .header("authorization", "Basic dXNlckBleGFtcGxlLmNvbTpwYXNzd29yZA==")
//!     .body(Body::empty())?;
//! let response = router(cloud.clone(), &ApiOptions::default()).oneshot(request).await?;
//! assert_eq!(response.status(), 200);
//! cloud.close().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Layers
//! [`http`] reads requests and shapes answers; [`cloud`] decides what they mean,
//! as functions over a transaction; [`store`] keeps it (SQLite), and [`compute`]
//! makes the machines; [`dns`] tells their names. [`admin`] is for whoever runs it, and [`service`] puts them together on a data directory, and
//! [`clock`] and [`ids`] are handed in, so that tests are deterministic.
//!
//! # What holds
//! - An answer that says that something was accepted is sent after it is durable.
//! - What was accepted is finished, though its client hangs up or the process
//!   dies: operations are rows of the store that any process may carry out.
//! - Any number of processes may have the same data directory open.

pub mod admin;
pub mod bridge;
pub mod clock;
pub mod cloud;
pub mod compute;
mod digest;
#[cfg(feature = "serve")]
pub mod dns;
pub mod faults;
pub mod http;
pub mod ids;
pub mod local_profile;
#[cfg(feature = "serve")]
pub mod service;
pub mod store;
