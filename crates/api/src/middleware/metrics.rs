//! What is counted: requests, by route, method and status, and how long they took.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::LazyLock;
use tokio::time::Instant;

const REQUESTS: &str = "squad_http_requests_total";
const DURATION: &str = "squad_http_request_duration_seconds";
/// Live streams that are open now.
pub(crate) const STREAMS: &str = "squad_http_streams";

/// Upper ends of the buckets for durations, in seconds.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// One process has one set of counters, whatever number of servers a test starts in it.
static HANDLE: LazyLock<Option<PrometheusHandle>> = LazyLock::new(|| {
    let builder = PrometheusBuilder::new().set_buckets(BUCKETS).ok()?;
    // Fails only where the process counts elsewhere already.
    let handle = builder.install_recorder().ok()?;
    describe_counter!(REQUESTS, Unit::Count, "Requests that were answered");
    describe_histogram!(DURATION, Unit::Seconds, "Time from a request to the head of its answer");
    describe_gauge!(STREAMS, Unit::Count, "Live streams that are open");
    Some(handle)
});

/// All counters, in the text format of Prometheus.
pub(crate) fn render() -> String {
    HANDLE.as_ref().map(PrometheusHandle::render).unwrap_or_default()
}

pub(crate) async fn layer(request: Request, next: Next) -> Response {
    LazyLock::force(&HANDLE);
    // The route, not the path: ids would make a counter for every one of them.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "none".to_owned());
    let (method, begun) = (request.method().as_str().to_owned(), Instant::now());
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    let labels = [("route", route), ("method", method), ("status", status)];
    counter!(REQUESTS, &labels).increment(1);
    histogram!(DURATION, &labels).record(begun.elapsed());
    response
}

/// Counts a live stream for as long as it is open.
pub(crate) struct OpenStream(());

impl OpenStream {
    pub(crate) fn new() -> Self {
        gauge!(STREAMS).increment(1.0);
        Self(())
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        gauge!(STREAMS).decrement(1.0);
    }
}
