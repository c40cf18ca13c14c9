//! A layer of one's own: it sees every attempt, retries included, and tells how
//! long each took.

mod support;

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_core::transport::{Body, Transport, TransportError};
use cloudsfor_core::{Accounts, CallOptions, Client};
use http::{Request, Response};

struct Timed(Arc<dyn Transport>);

#[async_trait]
impl Transport for Timed {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let line = format!("{} {}", request.method(), request.uri().path());
        let start = Instant::now();
        let result = self.0.send(request).await;
        match &result {
            Ok(response) => eprintln!("{line}: {} in {:?}", response.status(), start.elapsed()),
            Err(error) => eprintln!("{line}: {error} after {:?}", start.elapsed()),
        }
        result
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::builder()
        .endpoint(support::endpoint()?)
        .credentials(support::credentials())
        .with_layer(Timed)
        .build()?;
    let account = client.get_account(&CallOptions::default()).await?;
    println!("{}", account.email);
    Ok(())
}
