//! The backends that are compiled in, and clients over them.

use std::sync::Arc;

use cloudsfor_core::transport::{Transport, TransportOptions};
use cloudsfor_core::{Client, ClientBuilder, Credentials};

pub(super) struct Backend {
    pub(super) name: &'static str,
    new: fn(&TransportOptions) -> Arc<dyn Transport>,
}

pub(super) const BACKENDS: &[Backend] = &[
    #[cfg(feature = "reqwest")]
    Backend {
        name: "reqwest",
        new: |options| Arc::new(cloudsfor_core::transport::ReqwestTransport::new(options).unwrap()),
    },
    #[cfg(feature = "hyper")]
    Backend {
        name: "hyper",
        new: |options| Arc::new(cloudsfor_core::transport::HyperTransport::new(options).unwrap()),
    },
];

pub(super) const PASSWORD: &str = "hunter2";

impl Backend {
    /// A client with a password that sends each request once. A proxy that the environment of the tests may
    /// name has no part in them.
    pub(super) fn builder(&self, url: &str, options: TransportOptions) -> ClientBuilder {
        Client::builder()
            .endpoint(url.parse().unwrap())
            .credentials(Credentials::basic("user@example.com", PASSWORD.into()).unwrap())
            .transport((self.new)(&options.without_proxies()))
            .without_retry()
    }

    /// The same with the usual settings of the transport.
    pub(super) fn client(&self, url: &str) -> Client {
        let builder = self.builder(url, TransportOptions::default());
        builder.build().unwrap()
    }
}
