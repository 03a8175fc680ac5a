//! Reading bodies: size, content type, JSON, in this order.

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

use crate::answer::{Code, Problem};

/// Body limit of `/users/track`.
pub(crate) const TRACK: usize = 8 << 20;

/// Body limit of webhooks.
pub(crate) const WEBHOOK: usize = 2 << 20;

/// Body limit of other JSON.
pub(crate) const JSON: usize = 1 << 20;

fn too_large(limit: usize) -> Problem {
    let message = format!("the body is larger than {} MiB", limit >> 20);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::BodyTooLarge, message)
}

/// The whole body, at most `limit` bytes.
pub(crate) async fn read(parts: &Parts, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let declared =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > limit as u64) {
        return Err(too_large(limit));
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(_) => Err(Problem::invalid(Code::BodyIncomplete, "the body broke off")),
    }
}

/// The media type in lower case, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(|media| media.trim().to_ascii_lowercase())
}

/// The body as JSON (`GEN-2`, section 0.1).
pub(crate) async fn read_json(parts: &Parts, body: Body, limit: usize) -> Result<Value, Problem> {
    let bytes = read(parts, body, limit).await?;
    if media_type(&parts.headers).as_deref() != Some("application/json") {
        let message = "Unsupported Media Type: send the body as application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::ContentTypeUnsupported, message));
    }
    serde_json::from_slice(&bytes).map_err(|_| {
        let message = "Error while parsing request body. Please check your syntax.";
        Problem::quoted(StatusCode::BAD_REQUEST, message)
    })
}
