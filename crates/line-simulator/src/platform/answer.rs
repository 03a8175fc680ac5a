//! The answers of the Messaging API, and the texts of its refusals (line.md E, H1).

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::verbs::{FaultKind, FaultSpec};

/// An answer before it is written.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Content,
    pub(crate) content_type: &'static str,
    /// Which check decided, for the log.
    pub(crate) verdict: &'static str,
}

/// What an answer says.
#[derive(Debug)]
pub(crate) enum Content {
    Json(Value),
    Text(&'static str),
}

const RATE: &str = "The API rate limit has been exceeded. Try again later.";
const QUOTA: &str = "You have reached your monthly limit.";
const NOT_ENTITLED: &str = "Access to this API is not available for your account";
const NO_HEADER: &str =
    "Authorization header required. Must follow the scheme, 'Authorization: Bearer <ACCESS TOKEN>'";
const BAD_TOKEN: &str =
    "Authentication failed. Confirm that the access token in the authorization header is valid.";

impl Answer {
    pub(crate) fn ok(body: Value) -> Self {
        Self::json(StatusCode::OK, "ok", body)
    }

    pub(crate) fn json(status: StatusCode, verdict: &'static str, body: Value) -> Self {
        Self { status, body: Content::Json(body), content_type: "application/json", verdict }
    }

    fn text_of(status: StatusCode, content_type: &'static str, text: &'static str) -> Self {
        Self { status, body: Content::Text(text), content_type, verdict: "server_error" }
    }

    pub(crate) fn refused(status: StatusCode, verdict: &'static str, message: &str) -> Self {
        Self::json(status, verdict, json!({"message": message}))
    }

    pub(crate) fn no_header() -> Self {
        Self::refused(StatusCode::UNAUTHORIZED, "no_token", NO_HEADER)
    }

    pub(crate) fn bad_token() -> Self {
        Self::refused(StatusCode::UNAUTHORIZED, "bad_token", BAD_TOKEN)
    }

    pub(crate) fn rate_limited() -> Self {
        Self::refused(StatusCode::TOO_MANY_REQUESTS, "rate_limited", RATE)
    }

    pub(crate) fn not_entitled() -> Self {
        Self::refused(StatusCode::FORBIDDEN, "not_entitled", NOT_ENTITLED)
    }

    pub(crate) fn invalid_start() -> Self {
        Self::refused(StatusCode::BAD_REQUEST, "invalid_start", "Invalid start param")
    }

    pub(crate) fn invalid(parameter: &str) -> Self {
        let message = format!("The value for the '{parameter}' parameter is invalid");
        Self::refused(StatusCode::BAD_REQUEST, "invalid_parameter", &message)
    }

    pub(crate) fn not_found() -> Self {
        Self::refused(StatusCode::NOT_FOUND, "not_found", "Not found")
    }

    /// What a fault answers instead of the call; `None` for those that spoil the proper answer.
    pub(crate) fn of_fault(fault: &FaultSpec) -> Option<Self> {
        Some(match fault.kind {
            FaultKind::Unauthorized => Self::bad_token(),
            FaultKind::Forbidden => Self::not_entitled(),
            FaultKind::InvalidStart => Self::invalid_start(),
            FaultKind::RateLimited => Self::rate_limited(),
            FaultKind::Quota => Self::refused(StatusCode::TOO_MANY_REQUESTS, "quota", QUOTA),
            FaultKind::ServerJson => {
                Self::refused(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "Internal server error")
            }
            FaultKind::ServerPlain => {
                Self::text_of(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "Internal Server Error")
            }
            FaultKind::ServerHtml => Self::text_of(
                StatusCode::SERVICE_UNAVAILABLE,
                "text/html",
                "<html><body><h1>503 Service Unavailable</h1></body></html>",
            ),
            FaultKind::Slow | FaultKind::Truncated | FaultKind::Reset | FaultKind::EmptyPage => return None,
        })
    }

    /// The body as written. Noise adds an unknown property in front and turns the order of the others round.
    pub(crate) fn text(&self, noise: bool) -> String {
        match &self.body {
            Content::Text(text) => (*text).to_owned(),
            Content::Json(Value::Object(map)) if noise => {
                let parts =
                    map.iter().rev().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())));
                let parts: Vec<_> =
                    std::iter::once(r#""addedByLine":{"n":1}"#.to_owned()).chain(parts).collect();
                format!("{{{}}}", parts.join(","))
            }
            Content::Json(value) => value.to_string(),
        }
    }
}
