//! A transport that answers from memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_core::transport::{Body, Transport, TransportError};
use cloudsfor_core::{Client, Credentials};
use http::{Request, Response};

/// Answers every request in the same way, and keeps it.
#[derive(Clone)]
pub(crate) struct Canned {
    answer: Response<String>,
    requests: Arc<Mutex<Vec<Request<Bytes>>>>,
}

impl Canned {
    pub(crate) fn new(status: u16, body: &str) -> Self {
        let mut answer = Response::new(body.to_owned());
        *answer.status_mut() = status.try_into().unwrap();
        Self {
            answer,
            requests: Arc::default(),
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.answer
            .headers_mut()
            .insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn client(&self) -> Client {
        Client::builder()
            .endpoint("http://cloud.test".parse().unwrap())
            .credentials(Credentials::basic("username", "password".into()).unwrap())
            .transport(self.clone())
            .without_retry()
            .build()
            .unwrap()
    }

    /// The only request that was sent.
    pub(crate) fn sent(&self) -> Request<Bytes> {
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1);
        requests[0].clone()
    }

    pub(crate) fn was_asked(&self) -> bool {
        !self.requests.lock().unwrap().is_empty()
    }
}

#[async_trait]
impl Transport for Canned {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        self.requests.lock().unwrap().push(request);
        Ok(self.answer.clone().map(Body::from))
    }
}
