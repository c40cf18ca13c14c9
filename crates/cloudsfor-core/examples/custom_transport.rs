//! A transport of one's own: one that answers from a table, without a network.

use std::collections::HashMap;
use std::error::Error;

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_core::transport::{Body, Transport, TransportError};
use cloudsfor_core::{CallOptions, Catalog, Client, PageRequest};
use http::{Request, Response, StatusCode};

/// What is answered at which path.
struct Table(HashMap<&'static str, &'static str>);

#[async_trait]
impl Transport for Table {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let body = self.0.get(request.uri().path());
        let mut response = Response::new(Body::from(*body.unwrap_or(&"")));
        if body.is_none() {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        Ok(response)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let regions = r#"{"regions":[{"name":"moscow_01","country":"Russia"}]}"#;
    let client = Client::builder()
        .endpoint("http://table.test".parse()?)
        .transport(Table(HashMap::from([("/api/v1/regions", regions)])))
        .build()?;
    let regions = client
        .list_regions(&PageRequest::Whole, &CallOptions::default())
        .await?;
    println!("{}", regions.items[0].name);
    Ok(())
}
