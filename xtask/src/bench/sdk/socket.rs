//! A GET over a socket, against the bare backend and serde_json.

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use cloudsfor_core::transport::{HyperTransport, ReqwestTransport, Transport, TransportOptions};
use cloudsfor_core::{CallOptions, Client, Credentials, Vms};
use cloudsfor_server::http::{Limits, Listener, serve};
use futures_util::future::join_all;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as BareHyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::{ID, VM, plain};
use crate::bench::Report;
use crate::bench::measure::{Pair, paired};

/// Requests in a round.
const REQUESTS: usize = 2_000;

type Error = Box<dyn std::error::Error>;

/// The bare backends, set up as the SDK's are.
enum Bare {
    Reqwest(reqwest::Client),
    Hyper(Box<BareHyper<HttpConnector, Full<Bytes>>>),
}

impl Bare {
    async fn get(&self, url: &str, headers: &HeaderMap) -> Result<plain::Vm, Error> {
        let body = match self {
            Self::Reqwest(client) => {
                let request = client.get(url).headers(headers.clone());
                let response = request.send().await?;
                response.bytes().await?
            }
            Self::Hyper(client) => {
                let mut request = http::Request::get(url).body(Full::default())?;
                *request.headers_mut() = headers.clone();
                client.request(request).await?.collect().await?.to_bytes()
            }
        };
        Ok(serde_json::from_slice::<plain::VmAnswer>(&body)?.vm)
    }
}

pub(super) fn measure(report: &mut Report) -> Result<(), Error> {
    let address = start_server()?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = TransportOptions::default().without_proxies();
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    let backends: [(&str, Arc<dyn Transport>, Bare); 2] = [
        (
            "reqwest",
            Arc::new(ReqwestTransport::new(&options)?),
            Bare::Reqwest(reqwest::Client::builder().no_proxy().build()?),
        ),
        (
            "hyper",
            Arc::new(HyperTransport::new(&options)?),
            Bare::Hyper(Box::new(
                BareHyper::builder(TokioExecutor::new())
                    .pool_timer(TokioTimer::new())
                    .build(http),
            )),
        ),
    ];
    for (name, transport, bare) in backends {
        let credentials = Credentials::basic("user@example.com", "password".into())?;
        let client = Client::builder()
            .endpoint(format!("http://{address}").parse()?)
            .credentials(credentials.clone())
            .transport(transport)
            .build()?;
        let side = Sides {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            client,
            bare,
            url: format!("http://{address}/api/v1/vms/{ID}"),
            // What the SDK sends.
            headers: HeaderMap::from_iter([
                (USER_AGENT, HeaderValue::from_static("cloudsfor-rust/0.1.0")),
                (ACCEPT, HeaderValue::from_static("application/json")),
                (ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
                (AUTHORIZATION, credentials.authorization()),
            ]),
        };
        for (at_once, how) in [(1, "one after the other"), (64, "64 at once")] {
            let pair = side.compare(at_once);
            let each = |time: Duration| time.as_secs_f64() * 1e6 / REQUESTS as f64;
            let notes = format!(
                "{:.1} µs against {:.1} µs",
                each(pair.first),
                each(pair.second)
            );
            let what = format!("GET by {name}, {how}");
            report.at_most(what, pair.ratio, 1.10, "x", notes);
        }
    }
    Ok(())
}

/// The SDK and what is under it, on one thread.
struct Sides {
    runtime: Runtime,
    client: Client,
    bare: Bare,
    url: String,
    headers: HeaderMap,
}

impl Sides {
    fn compare(&self, at_once: usize) -> Pair {
        let each = REQUESTS / at_once;
        let (id, call) = (ID.parse().expect("it is an id"), CallOptions::default());
        let by_sdk = || {
            let one = async || {
                for _ in 0..each {
                    black_box(self.client.get_vm(&id, &call).await).expect("it answers");
                }
            };
            let all = join_all((0..at_once).map(|_| one()));
            self.runtime.block_on(all);
        };
        let bare = || {
            let one = async || {
                for _ in 0..each {
                    let vm = self.bare.get(&self.url, &self.headers).await;
                    black_box(vm.expect("it answers").id);
                }
            };
            let all = join_all((0..at_once).map(|_| one()));
            self.runtime.block_on(all);
        };
        paired(25, by_sdk, bare)
    }
}

/// A server on a thread of its own that answers the same bytes always.
fn start_server() -> Result<SocketAddr, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let json = "application/json; charset=utf-8";
    let router = Router::new().route(
        "/api/v1/vms/{id}",
        get(move || async move { ([(CONTENT_TYPE, json)], VM) }),
    );
    std::thread::spawn(move || {
        runtime.block_on(serve(
            Listener::plain(listener),
            router,
            Limits::default(),
            std::future::pending(),
        ));
    });
    Ok(address)
}
