//! `/metrics`: what Prometheus asks for.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use cloudsfor_types::ErrorId;
use cloudsfor_types::operations::Operation;
use http::header::{ACCEPT, CONTENT_TYPE, VARY};
use http::{HeaderValue, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::auth;
use super::call::Answer;
use super::error::ApiError;
use crate::cloud::{Cloud, CloudResult};
use crate::store::statistics;

/// The upper ends of the classes that durations are counted in, in seconds.
const SECONDS: [f64; 12] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    operation: &'static str,
    status: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Took {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WithStatus {
    status: String,
}

/// What is counted.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Took, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    vms: Family<WithStatus, Gauge>,
    accounts: Gauge,
    pending: Gauge,
    oldest_pending: Gauge<f64, AtomicU64>,
    /// Whether it may be read from other machines.
    for_all: bool,
}

impl Metrics {
    pub(super) fn new(for_all: bool) -> Arc<Self> {
        let mut registry = Registry::with_prefix("cloudsfor");
        let histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        let metrics = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(histogram),
            in_flight: Gauge::default(),
            vms: Family::default(),
            accounts: Gauge::default(),
            pending: Gauge::default(),
            oldest_pending: Gauge::default(),
            for_all,
            registry: Registry::default(),
        };
        let r = &mut registry;
        r.register(
            "requests",
            "Requests that were answered",
            metrics.requests.clone(),
        );
        r.register(
            "request_seconds",
            "How long requests took until their answer began",
            metrics.durations.clone(),
        );
        r.register(
            "requests_in_flight",
            "Requests being answered",
            metrics.in_flight.clone(),
        );
        r.register("vms", "VMs by status", metrics.vms.clone());
        r.register("accounts", "Accounts", metrics.accounts.clone());
        r.register(
            "operations_pending",
            "Operations that have not ended",
            metrics.pending.clone(),
        );
        r.register(
            "operations_oldest_pending_seconds",
            "How long ago the oldest operation that has not ended was accepted",
            metrics.oldest_pending.clone(),
        );
        Arc::new(Self {
            registry,
            ..metrics
        })
    }

    /// Counts what is in the store, as it is now.
    async fn look(&self, cloud: &Cloud) -> CloudResult<()> {
        let found = cloud.scan(|c| Ok(statistics::read(c)?)).await?;
        self.vms.clear();
        for (status, number) in found.vms {
            self.vms.get_or_create(&WithStatus { status }).set(number);
        }
        self.accounts.set(found.accounts);
        self.pending.set(found.pending);
        let now_ms = cloud.now().as_millisecond();
        let age_ms = found
            .oldest_pending_ms
            .map_or(0, |then| (now_ms - then).max(0));
        self.oldest_pending.set(age_ms as f64 / 1000.0);
        Ok(())
    }
}

/// A request that is being answered.
pub(super) struct Counted<'a> {
    metrics: &'a Metrics,
    operation: &'static str,
    began: Instant,
}

impl Metrics {
    /// Counts a request that begins.
    pub(super) fn begin(&self, operation: Option<&'static Operation>) -> Counted<'_> {
        self.in_flight.inc();
        Counted {
            metrics: self,
            operation: operation.map_or("other", |operation| operation.name),
            began: Instant::now(),
        }
    }
}

impl Counted<'_> {
    /// Counts how it was answered.
    pub(super) fn end(self, status: StatusCode) {
        let operation = self.operation;
        let took = self
            .metrics
            .durations
            .get_or_create_owned(&Took { operation });
        took.observe(self.began.elapsed().as_secs_f64());
        let status = status.as_u16();
        let requests = &self.metrics.requests;
        requests
            .get_or_create_owned(&Answered { operation, status })
            .inc();
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.metrics.in_flight.dec();
    }
}

pub(super) async fn get(
    State((cloud, metrics)): State<(Arc<Cloud>, Arc<Metrics>)>,
    request: Request,
) -> Answer {
    if !metrics.for_all && !auth::is_local(&request) {
        let message =
            "metrics are for this machine alone: start the service with --metrics-for-all";
        return Err(ApiError::new(ErrorId::Forbidden, message));
    }
    metrics.look(&cloud).await?;
    let mut text = String::new();
    encode(&mut text, &metrics.registry)
        .map_err(|_| ApiError::new(ErrorId::InternalError, "the metrics could not be written"))?;
    let accept = request.headers().get(ACCEPT).map(HeaderValue::as_bytes);
    let asks =
        |form: &[u8]| accept.is_some_and(|accept| accept.windows(form.len()).any(|w| w == form));
    let (text, content_type) = match asks(b"application/openmetrics-text") {
        true => (
            text,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
        false => (
            plain_text(&text),
            "text/plain; version=0.0.4; charset=utf-8",
        ),
    };
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// OpenMetrics in the text form of before it, which every reader knows: a counter is
/// described by the name that its samples have, there are no units, and no mark at the
/// end.
fn plain_text(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = String::new();
    for line in open_metrics.lines() {
        if line.starts_with("# HELP ") {
            line.clone_into(&mut help);
        } else if let Some(described) = line.strip_prefix("# TYPE ") {
            let (name, kind) = described.split_once(' ').unwrap_or((described, "untyped"));
            let shown = match kind {
                "counter" => format!("{name}_total"),
                _ => name.to_owned(),
            };
            let told = help
                .strip_prefix(&format!("# HELP {name} "))
                .unwrap_or_default();
            let _ = writeln!(text, "# HELP {shown} {told}\n# TYPE {shown} {kind}");
        } else if !line.starts_with('#') {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}
