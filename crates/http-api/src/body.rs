//! Reading bodies: size, coding, content type, JSON, in this order.

use std::error::Error;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;
use tower_http::timeout::TimeoutError;

use crate::answer::{Code, Problem};

mod coding;

use coding::Coding;

/// Body limit of `/users/track`.
pub(crate) const TRACK: usize = 8 << 20;

/// Body limit of `/users/track/bulk` (`BLK-1`).
pub(crate) const BULK: usize = 4_000_000;

/// Body limit of webhooks.
pub(crate) const WEBHOOK: usize = 2 << 20;

/// Body limit of other JSON.
pub(crate) const JSON: usize = 1 << 20;

/// How much of a refused body is still read, and for how long: a caller that is still sending when the connection
/// closes may never see the answer.
const LINGER_BYTES: usize = 16 << 20;
const LINGER_TIME: Duration = Duration::from_secs(3);

fn too_large(limit: usize) -> Problem {
    let message = format!("the body is larger than {} bytes", limit);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::BodyTooLarge, message)
}

/// The size that the caller announces.
pub(crate) fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The whole body, unpacked, at most `limit` bytes: of what comes, and of what it unpacks to.
pub(crate) async fn read(parts: &Parts, mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    if declared(&parts.headers).is_some_and(|length| length > limit as u64) {
        linger(&parts.headers, body).await;
        return Err(too_large(limit));
    }
    let coding = coding::coding(&parts.headers);
    if matches!(coding, Coding::Gzip | Coding::Zstd) {
        body = coding::unpack(coding, Body::new(Limited::new(body, limit)));
    }
    match Limited::new(&mut body, limit).collect().await {
        // Only now is it known to be small enough.
        Ok(_) if coding == Coding::Unknown => Err(unknown_coding()),
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if causes(error.as_ref()).any(|cause| cause.is::<LengthLimitError>()) => {
            linger(&parts.headers, body).await;
            Err(too_large(limit))
        }
        Err(error) => Err(broken(error.as_ref())),
    }
}

/// A body that is not held but streamed, unpacked; its reader bounds it.
pub(crate) fn unpacked(parts: &Parts, body: Body) -> Result<Body, Problem> {
    match coding::coding(&parts.headers) {
        Coding::Plain => Ok(body),
        Coding::Unknown => Err(unknown_coding()),
        known => Ok(coding::unpack(known, body)),
    }
}

fn unknown_coding() -> Problem {
    let message = "Unsupported Media Type: the body may be compressed with gzip or zstd, once, or not at all";
    let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::ContentEncodingUnsupported, message);
    problem.with_header(header::ACCEPT_ENCODING, HeaderValue::from_static(coding::ACCEPTED))
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| cause.source())
}

/// What to answer where a body does not come to its end: its sender has gone, or is silent for too long.
pub(crate) fn broken(error: &(dyn Error + 'static)) -> Problem {
    if causes(error).any(|cause| cause.is::<TimeoutError>()) {
        let message = "the rest of the body did not come in time";
        return Problem::new(StatusCode::REQUEST_TIMEOUT, Code::BodyTimeout, message);
    }
    if causes(error).any(coding::is_damaged) {
        let message = "the body cannot be unpacked: it is not what Content-Encoding says, or not all of it";
        return Problem::invalid(Code::BodyEncodingInvalid, message);
    }
    Problem::invalid(Code::BodyIncomplete, "the body broke off")
}

/// Reads on for a while and keeps nothing. A caller that waits for `100 Continue` has not begun to send.
async fn linger(headers: &HeaderMap, mut body: Body) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let discard = async {
        let mut left = LINGER_BYTES;
        while let (1.., Some(Ok(frame))) = (left, body.frame().await) {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        }
    };
    // The time being over is as good an end as any.
    let _ = tokio::time::timeout(LINGER_TIME, discard).await;
}

/// The media type in lower case, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(|media| media.trim().to_ascii_lowercase())
}

/// The `charset` of the media type in lower case, if it names one.
pub(crate) fn charset(headers: &HeaderMap) -> Option<String> {
    let parameters = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.split(';').skip(1);
    let named = parameters.filter_map(|parameter| parameter.split_once('='));
    let charset =
        named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset")).map(|(_, value)| value).next();
    charset.map(|charset| charset.trim().trim_matches('"').to_ascii_lowercase())
}

/// The same where a body may be left out: an empty one is an empty object, whatever its type.
pub(crate) async fn read_optional_json(parts: &Parts, body: Body, limit: usize) -> Result<Value, Problem> {
    let bytes = read(parts, body, limit).await?;
    if bytes.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    parse(parts, &bytes)
}

/// The body as JSON (`GEN-2`, section 0.1).
pub(crate) async fn read_json(parts: &Parts, body: Body, limit: usize) -> Result<Value, Problem> {
    let bytes = read(parts, body, limit).await?;
    parse(parts, &bytes)
}

fn parse(parts: &Parts, bytes: &[u8]) -> Result<Value, Problem> {
    if media_type(&parts.headers).as_deref() != Some("application/json") {
        let message = "Unsupported Media Type: send the body as application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::ContentTypeUnsupported, message));
    }
    // A byte order mark is no part of the text (RFC 8259, section 8.1).
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(text).or_else(|_| {
        // A text that was cut inside an emoji must not cost the rest of the batch.
        let text = std::str::from_utf8(text).map(line_platform::without_half_characters);
        text.ok().and_then(|text| serde_json::from_str(&text).ok()).ok_or_else(|| {
            let message = "Error while parsing request body. Please check your syntax.";
            Problem::quoted(StatusCode::BAD_REQUEST, message)
        })
    })
}
