//! `Idempotency-Key`: on every call that changes something, a caller may name its request. One that comes again within
//! 24 hours is answered as it was, byte for byte, and not done again.

use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use profile_store::{Once, Told};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::answer::{Code, Problem, Reply};
use crate::caller::Caller;

static KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer was given before.
pub(crate) static REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Longest key, in bytes.
const MAX_KEY: usize = 255;

/// The key of a request and how its outcome is answered; `None`: it has no key. `sent` is the body as read.
pub(crate) fn read<T: 'static>(
    parts: &Parts,
    caller: &Caller,
    sent: &Value,
    render: impl Fn(&T) -> Result<Reply, Problem> + Send + Sync + 'static,
) -> Result<Option<Once>, Problem> {
    let Some(value) = parts.headers.get(&KEY) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=MAX_KEY).contains(&key.len())).ok_or_else(|| {
        let message = "'Idempotency-Key' must have 1 to 255 printable ASCII characters";
        Problem::invalid(Code::IdempotencyKeyInvalid, message)
    })?;
    let told = move |outcome: &T| {
        let (status, body) = match render(outcome) {
            Ok(reply) => (reply.status, reply.body),
            Err(problem) => (problem.status, problem.body),
        };
        Told { status: status.as_u16(), body: body.to_string() }
    };
    let owner = caller.actor.reference.as_deref().unwrap_or_default();
    Ok(Some(Once::new(owner, key, request_hash(parts, sent), told)))
}

/// Whether a request has a key.
pub(crate) fn is_keyed(parts: &Parts) -> bool {
    parts.headers.contains_key(&KEY)
}

fn request_hash(parts: &Parts, sent: &Value) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(parts.method.as_str());
    hash.update([0]);
    hash.update(parts.uri.path_and_query().map_or("", |path| path.as_str()));
    hash.update([0]);
    hash.update(sent.to_string());
    hash.finalize().into()
}

/// An answer that was given before, on its way out.
pub(crate) fn again(told: Told) -> Problem {
    let status = StatusCode::from_u16(told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Problem::as_told(status, told.body).with_header(REPLAYED.clone(), HeaderValue::from_static("true"))
}

/// A key that came with another request before.
pub(crate) fn reused() -> Problem {
    let message = "this 'Idempotency-Key' was used for another request; use a new key for a new request";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, Code::IdempotencyKeyReused, message)
}
