//! What the SDK itself costs for a call: over a transport that answers from memory.

use std::hint::black_box;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cloudsfor_core::transport::{Body, Transport, TransportError};
use cloudsfor_core::{CallOptions, Client, Credentials, Vms};
use http::{Request, Response};

use super::{ID, VM, plain};
use crate::bench::Report;
use crate::bench::measure::paired;

const CALLS: u32 = 20_000;

/// Answers every request with the same VM.
struct Memory;

#[async_trait]
impl Transport for Memory {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let mut response = Response::new(Body::from(Bytes::from_static(VM.as_bytes())));
        let headers = response.headers_mut();
        headers.insert(
            "idempotency-key-retention",
            http::HeaderValue::from_static("86400"),
        );
        headers.insert("x-request-id", http::HeaderValue::from_static("r1"));
        Ok(response)
    }
}

pub(super) fn client(transport: impl Transport + 'static) -> cloudsfor_core::Result<Client> {
    Client::builder()
        .endpoint("http://cloud.test".parse()?)
        .credentials(Credentials::basic("user@example.com", "password".into())?)
        .transport(transport)
        .build()
}

pub(super) fn measure(report: &mut Report) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let client = client(Memory)?;
    let (id, call) = (ID.parse()?, CallOptions::default());
    let with_sdk = || {
        runtime.block_on(async {
            for _ in 0..CALLS {
                black_box(client.get_vm(&id, &call).await).expect("it answers");
            }
        });
    };
    let without = || {
        runtime.block_on(async {
            for _ in 0..CALLS {
                let answered = Memory.send(Request::new(Bytes::new())).await;
                let body = answered.expect("it answers").into_body();
                let body = body.collect(usize::MAX).await.expect("it is whole");
                let answer: plain::VmAnswer = serde_json::from_slice(&body).expect("it is a VM");
                black_box(answer.vm.id);
            }
        });
    };
    let pair = paired(15, with_sdk, without);
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(CALLS);
    let notes = format!(
        "the transport and serde_json alone: {:.2} µs",
        micros(pair.second)
    );
    let own = micros(pair.first.saturating_sub(pair.second));
    report.at_most("a call's own cost", own, 10.0, "µs", notes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

    use super::*;

    #[global_allocator]
    static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

    /// How many allocations a call makes, the VM that it returns included.
    const ALLOCATIONS_MAX: f64 = 27.0;

    #[test]
    fn a_call_makes_few_allocations() {
        const CALLS: u32 = 100;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let client = client(Memory).unwrap();
        let (id, call) = (ID.parse().unwrap(), CallOptions::default());
        runtime.block_on(client.get_vm(&id, &call)).unwrap();
        // Other tests may allocate beside this one: the fewest count.
        let fewest = (0..20)
            .map(|_| {
                let region = Region::new(ALLOCATOR);
                for _ in 0..CALLS {
                    runtime.block_on(client.get_vm(&id, &call)).unwrap();
                }
                f64::from(u32::try_from(region.change().allocations).unwrap()) / f64::from(CALLS)
            })
            .fold(f64::INFINITY, f64::min);
        println!("{fewest} allocations a call");
        assert!(fewest <= ALLOCATIONS_MAX, "{fewest}");
    }
}
