//! What can go wrong with a call, sorted by what the caller must do about it.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use thiserror::Error;

/// Longest piece of LINE's message that is kept, in characters.
const MAX_MESSAGE: usize = 300;

/// A call to LINE that did not work.
///
/// `request_id` is LINE's `x-line-request-id`, to be named when asking LINE about a call. Texts never hold a token or a
/// user id: ids inside LINE's own message are masked. Texts and statuses: Messaging API reference, "Status codes" and "Error
/// messages" (read 2026-08-07).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LineFault {
    /// 401: the channel access token is unknown, expired or revoked. Needs a new token.
    #[error("LINE does not accept the channel access token")]
    Unauthorized {
        /// LINE's id of the call.
        request_id: Option<String>,
    },
    /// 403: the account may not make this call; follower lists are for verified and premium accounts. Not an outage.
    #[error("the LINE account is not entitled to this call")]
    NotEntitled {
        /// LINE's id of the call.
        request_id: Option<String>,
    },
    /// 400 on a page of followers: the continuation token is bad or older than 24 hours. Start again from the first page.
    #[error("LINE does not accept the continuation token")]
    InvalidStart {
        /// LINE's id of the call.
        request_id: Option<String>,
    },
    /// 429: either too fast (comes right by itself) or the month's quota is used up (does not).
    #[error("LINE limits {}", if *.quota { "this account until its quota is renewed" } else { "the rate of calls" })]
    RateLimited {
        /// What `Retry-After` asked for, if it was there; LINE does not document it.
        retry_after: Option<Duration>,
        /// Whether it is the monthly quota: then trying again is useless.
        quota: bool,
        /// LINE's id of the call.
        request_id: Option<String>,
    },
    /// 404: there is no such thing, or LINE will not say.
    #[error("LINE knows no such thing")]
    NotFound {
        /// LINE's id of the call.
        request_id: Option<String>,
    },
    /// Any other refusal (400, 410, 413, 415, ...) and redirects, which are not followed: they would carry the token away.
    #[error("LINE refused the call with status {status}{}", detail(.message))]
    BadRequest {
        /// The HTTP status.
        status: u16,
        /// LINE's message with ids masked, at most 300 characters.
        message: Option<String>,
        /// LINE's id of the call.
        request_id: Option<String>,
    },
    /// 5xx, whatever its body.
    #[error("LINE failed with status {status}")]
    Server {
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` asked for, if it was there.
        retry_after: Option<Duration>,
        /// LINE's id of the call.
        request_id: Option<String>,
    },
    /// No answer, or half of one: name resolution, connection, TLS, time-out, reset.
    #[error("LINE cannot be reached: {reason}")]
    Unreachable {
        /// What broke, in a word or two, without the address.
        reason: &'static str,
    },
    /// A 2xx whose body is not what it should be.
    #[error("LINE answered something that cannot be read")]
    Unreadable {
        /// LINE's id of the call.
        request_id: Option<String>,
    },
}

impl LineFault {
    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Server { .. } | Self::Unreachable { .. } | Self::Unreadable { .. } => true,
            Self::RateLimited { quota, .. } => !quota,
            Self::Unauthorized { .. }
            | Self::NotEntitled { .. }
            | Self::InvalidStart { .. }
            | Self::NotFound { .. }
            | Self::BadRequest { .. } => false,
        }
    }

    /// How long LINE asked to wait, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// LINE's id of the call, if LINE answered at all and gave one.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Unauthorized { request_id }
            | Self::NotEntitled { request_id }
            | Self::InvalidStart { request_id }
            | Self::RateLimited { request_id, .. }
            | Self::NotFound { request_id }
            | Self::BadRequest { request_id, .. }
            | Self::Server { request_id, .. }
            | Self::Unreadable { request_id } => request_id.as_deref(),
            Self::Unreachable { .. } => None,
        }
    }

    /// Sorts an answer that is not 2xx. The body may be anything: HTML, half of JSON, nothing.
    pub(super) fn from_answer(
        status: StatusCode,
        retry_after: Option<Duration>,
        request_id: Option<String>,
        body: &[u8],
        token: &str,
    ) -> Self {
        let message = serde_json::from_slice::<Value>(body)
            .ok()
            .and_then(|value| value.get("message")?.as_str().map(|text| masked(text, token)));
        let says = |text: &str| message.as_deref().is_some_and(|message| message.contains(text));
        match status.as_u16() {
            401 => Self::Unauthorized { request_id },
            403 => Self::NotEntitled { request_id },
            404 => Self::NotFound { request_id },
            // Same status, opposite policy: only the text tells them apart.
            429 => Self::RateLimited { retry_after, quota: says("monthly limit"), request_id },
            400 if says("Invalid start param") => Self::InvalidStart { request_id },
            500.. => Self::Server { status: status.as_u16(), retry_after, request_id },
            other => Self::BadRequest { status: other, message, request_id },
        }
    }

    /// Sorts a failure below HTTP.
    pub(super) fn from_transport(error: &reqwest::Error) -> Self {
        let reason = if error.is_timeout() {
            "time-out"
        } else if error.is_connect() {
            "no connection"
        } else if error.is_body() || error.is_decode() {
            "the answer broke off"
        } else {
            "the connection broke"
        };
        Self::Unreachable { reason }
    }
}

fn detail(message: &Option<String>) -> String {
    message.as_deref().map(|text| format!(": {text}")).unwrap_or_default()
}

/// LINE's message without the token and without user, group and room ids, cut to a bearable length.
fn masked(text: &str, token: &str) -> String {
    let text = if token.is_empty() { text.to_owned() } else { text.replace(token, "<token>") };
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let hex = rest.bytes().skip(1).take_while(u8::is_ascii_hexdigit).count();
        if matches!(first, 'U' | 'C' | 'R') && hex >= 32 {
            out.push(first);
            out.push_str("...");
            rest = &rest[1 + hex..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out.chars().take(MAX_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_loses_its_ids_and_the_token() {
        let text =
            "User U0123456789abcdef0123456789abcdef in C0123456789abcdef0123456789abcdef with secret-token";
        assert_eq!(masked(text, "secret-token"), "User U... in C... with <token>");
        assert_eq!(masked("Understood, U0123.", ""), "Understood, U0123.");
        assert_eq!(masked(&"長".repeat(400), "").chars().count(), MAX_MESSAGE);
    }
}
