//! `GET /metrics`: what a scraper of Prometheus reads. No label ever holds anything that a user sent: routes are
//! templates, methods and outcomes are words of ours.

use std::time::Duration;

use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::ApiState;

mod store;

/// How long the database is waited for: a scrape must say that it is gone rather than hang with it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bounds of the histogram in seconds: from a look-up in memory to a request that waited for a database.
const BOUNDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What a scraper is told that it gets.
const MEDIA: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Name and value of a label.
type Label = (&'static str, String);

/// What is counted of requests. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    requests: Family<[Label; 3], Counter>,
    durations: Family<[Label; 2], Histogram, fn() -> Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BOUNDS)),
        }
    }
}

impl Metrics {
    /// Counts a request that was answered, by its route's template.
    pub(crate) fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let (method, route) = (known(method).to_owned(), route.to_owned());
        let status = status.as_u16().to_string();
        let all = [("method", method.clone()), ("route", route.clone()), ("status", status)];
        self.requests.get_or_create(&all).inc();
        self.durations.get_or_create(&[("method", method), ("route", route)]).observe(took.as_secs_f64());
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "Requests that were answered", self.requests.clone());
        let help = "Time from the head of a request to the head of its answer";
        registry.register("http_request_duration_seconds", help, self.durations.clone());
    }
}

/// A caller may write any word where a method stands.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

pub(crate) async fn serve(State(state): State<ApiState>) -> Response {
    let backlog = tokio::time::timeout(PATIENCE, state.store.backend().backlog()).await;
    let backlog = backlog.ok().and_then(Result::ok);
    let mut registry = Registry::with_prefix("enmusubi");
    state.edge.metrics.register(&mut registry);
    store::register(&mut registry, &state.store, backlog);
    let mut text = String::new();
    let written = encode_registry(&mut text, &registry).and_then(|()| encode_eof(&mut text));
    match written {
        Ok(()) => ([(header::CONTENT_TYPE, MEDIA)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
