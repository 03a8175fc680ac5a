//! Around every request: its id, the rate-limit headers, one log line without personal data.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::answer::FaultBody;

/// What a handler knows of its work, for the log line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) items: usize,
    pub(crate) statements: u32,
    pub(crate) retries: u32,
}

/// Limit shown while limits are off: large, so that clients that read it go on (`CLI-7`).
const NO_LIMIT: HeaderValue = HeaderValue::from_static("1000000");

pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = uuid::Uuid::new_v4().to_string();
    let method = request.method().clone();
    // The template, never the path: a path can hold a LINE id.
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let mut response = next.run(request).await;
    if let Some(FaultBody(mut body)) = response.extensions_mut().remove::<FaultBody>() {
        body["request_id"] = id.as_str().into();
        *response.body_mut() = Body::from(body.to_string());
        response.headers_mut().remove("content-length");
    }
    let measured = response.extensions().get::<Measured>().copied().unwrap_or_default();
    let reset = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() + 60);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    headers.insert(HeaderName::from_static("x-ratelimit-limit"), NO_LIMIT);
    headers.insert(HeaderName::from_static("x-ratelimit-remaining"), NO_LIMIT);
    headers.insert(HeaderName::from_static("x-ratelimit-reset"), HeaderValue::from(reset));
    tracing::info!(
        request_id = %id,
        method = %method,
        route = %route,
        status = response.status().as_u16(),
        duration_ms = began.elapsed().as_secs_f64() * 1000.0,
        items = measured.items,
        statements = measured.statements,
        retries = measured.retries,
        "request"
    );
    response
}
