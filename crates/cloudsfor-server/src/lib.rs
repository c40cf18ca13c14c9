//! The CloudsFor service.

pub mod clock;
pub mod cloud;
pub mod compute;
pub mod http;
pub mod ids;
pub mod local_profile;
pub mod service;
pub mod store;
