//! Around every request: its id, the rate-limit headers, one log line without personal data, one more for a 5xx.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;

use crate::answer::{Code, Failed, Problem};
use crate::quota::Meter;

/// What a handler knows of its work, for the log line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) items: usize,
    pub(crate) statements: u32,
    pub(crate) retries: u32,
}

/// The id of a request, for handlers that go on logging after they have answered. Always ours: an id that a caller
/// sends would bring foreign text into the log.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

pub(crate) async fn observe(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = uuid::Uuid::new_v4().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let meter = Meter::default();
    request.extensions_mut().insert(meter.clone());
    let method = request.method().clone();
    // The template, never the path: a path can hold a LINE id.
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    // A panic is a defect of ours; the caller still gets an answer with an id to quote.
    let handled = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = handled.unwrap_or_else(|_| {
        let message = "an internal error happened";
        let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, message);
        problem.because("a handler panicked").into_response()
    });
    if let Some(Failed { mut body, cause }) = response.extensions_mut().remove::<Failed>() {
        let cause = cause.unwrap_or_default();
        let code = body["code"].as_str().unwrap_or_default();
        tracing::error!(request_id = %id, route = %route, code, cause, "a request failed");
        body["request_id"] = id.as_str().into();
        *response.body_mut() = Body::from(body.to_string());
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    let measured = response.extensions().get::<Measured>().copied().unwrap_or_default();
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    meter.reading().show(headers);
    tracing::info!(
        request_id = %id,
        method = %method,
        route = %route,
        status = response.status().as_u16(),
        duration_ms = milliseconds(began.elapsed()),
        items = measured.items,
        statements = measured.statements,
        retries = measured.retries,
        "request"
    );
    response
}

/// Milliseconds with three decimals.
fn milliseconds(elapsed: std::time::Duration) -> f64 {
    f64::from(u32::try_from(elapsed.as_micros()).unwrap_or(u32::MAX)) / 1000.0
}
