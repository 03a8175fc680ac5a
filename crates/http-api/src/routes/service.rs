//! The service itself.

use serde_json::json;

use crate::openapi::schemas::{object, success, text};
use crate::route::{Example, Route};
use crate::{metrics, openapi, probes};

pub(super) fn routes() -> Vec<Route> {
    let probe = |route: Route, summary, text| {
        route.says(summary, text).answers(200, "Yes.", success([])).example(Example::new(
            "yes",
            200,
            json!({"message": "success"}),
        ))
    };
    vec![
        probe(Route::get("/healthz", probes::healthz), "Does the process live?", ""),
        probe(
            Route::get("/readyz", probes::readyz),
            "Can it work?",
            "The database answers and has the schema that this version wants; else 503.",
        ),
        Route::get("/metrics", metrics::serve)
            .says("Figures for Prometheus", "In OpenMetrics text; docs/operations.md lists them.")
            .answers_in("application/openmetrics-text", 200, "The figures.", text()),
        Route::get("/openapi.json", openapi::serve)
            .says("This description, for machines", "OpenAPI 3.1.")
            .answers(200, "The document.", object([("openapi", text())])),
        Route::get("/docs", openapi::page::serve)
            .says("This description, for people", "Nothing is loaded from elsewhere.")
            .answers_in("text/html", 200, "The page.", text()),
        Route::get("/", probes::index).says("The first page", "").answers_in(
            "text/html",
            200,
            "The page.",
            text(),
        ),
    ]
}
