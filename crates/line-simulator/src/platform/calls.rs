//! What each call answers (line.md H2), after the checks that all share (H1).

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, Endpoint};
use super::tokens;
use crate::verbs::{FaultKind, Tier};
use crate::world::{Cursor, Friendship, World};

/// How long a continuation token lives.
const CURSOR_LIFE_MS: i64 = 86_400_000;
/// Longest webhook URL, in characters.
const MAX_URL: usize = 500;

/// The answer, or the one thing that cannot be answered without waiting for somebody.
#[derive(Debug)]
pub(crate) enum Decision {
    Answer(Answer),
    /// Send the empty request there and tell how it went.
    TestWebhook {
        channel_id: String,
        url: String,
    },
}

/// Decides a call that no fault answered. Order: path, token, rate, entitlement, parameters, state.
pub(crate) fn decide(world: &mut World, call: &Call, fault: Option<FaultKind>) -> Decision {
    match checked(world, call, fault) {
        Ok(decision) => decision,
        Err(refusal) => Decision::Answer(refusal),
    }
}

fn checked(world: &mut World, call: &Call, fault: Option<FaultKind>) -> Result<Decision, Answer> {
    match call.endpoint {
        Endpoint::Unknown => return Err(Answer::not_found()),
        Endpoint::IssueShortLived | Endpoint::IssueStateless => {
            return tokens::issue(world, call).map(Decision::Answer);
        }
        _ => {}
    }
    let now = world.clock.now_ms();
    let bearer = call.bearer.as_ref().ok_or_else(Answer::no_header)?;
    let channel_id = world
        .tokens
        .get(bearer)
        .filter(|token| token.expires_ms.is_none_or(|expires| now < expires))
        .map(|token| token.channel_id.clone())
        .ok_or_else(Answer::bad_token)?;
    let divisor = world.accounts.get(&channel_id).ok_or_else(Answer::bad_token)?.rate_divisor;
    if !world.buckets.take(&channel_id, call.endpoint.name(), call.endpoint.limit(), divisor, now) {
        return Err(Answer::rate_limited());
    }
    if call.retry_key {
        let text = "The retry key is not supported for this API";
        return Err(Answer::refused(StatusCode::BAD_REQUEST, "retry_key", text));
    }
    match &call.endpoint {
        Endpoint::BotInfo => bot_info(world, &channel_id),
        Endpoint::Followers => followers(world, &channel_id, call, fault == Some(FaultKind::EmptyPage)),
        Endpoint::Profile(user_id) => profile(world, &channel_id, user_id),
        Endpoint::WebhookGet => webhook_get(world, &channel_id),
        Endpoint::WebhookPut => webhook_put(world, &channel_id, call),
        Endpoint::WebhookTest => webhook_test(world, &channel_id, call),
        Endpoint::IssueShortLived | Endpoint::IssueStateless | Endpoint::Unknown => Err(Answer::not_found()),
    }
}

fn bot_info(world: &World, channel_id: &str) -> Result<Decision, Answer> {
    let account = world.accounts.get(channel_id).ok_or_else(Answer::not_found)?;
    let mut body = json!({
        "userId": account.bot_user_id,
        "basicId": account.basic_id,
        "displayName": account.name,
        "chatMode": "bot",
        "markAsReadMode": "auto",
    });
    if account.tier == Tier::Premium {
        body["premiumId"] = Value::from(format!("@premium{}", account.channel_id));
    }
    Ok(Decision::Answer(Answer::ok(body)))
}

/// A page over everybody the account knows, filtered after slicing: so pages come short, and empty, and still go on.
fn followers(world: &mut World, channel_id: &str, call: &Call, empty: bool) -> Result<Decision, Answer> {
    let now = world.clock.now_ms();
    let account = world.accounts.get(channel_id).ok_or_else(Answer::not_found)?;
    if account.tier == Tier::Unverified {
        return Err(Answer::not_entitled());
    }
    let limit = match call.query.get("limit") {
        None => 300,
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|limit| (1..=1000).contains(limit))
            .ok_or_else(|| Answer::invalid("limit"))?,
    };
    let position = match call.query.get("start") {
        None => 0,
        Some(token) => world
            .cursors
            .get(token)
            .filter(|cursor| cursor.channel_id == channel_id && now - cursor.issued_ms < CURSOR_LIFE_MS)
            .map(|cursor| cursor.position)
            .ok_or_else(Answer::invalid_start)?,
    };
    let end = if empty { position } else { position.saturating_add(limit).min(account.known.len()) };
    let slice = account.known.get(position..end).unwrap_or_default();
    let user_ids: Vec<_> =
        slice.iter().filter(|known| world.is_listed(known)).map(|known| known.user_id.as_str()).collect();
    let mut body = json!({"userIds": user_ids});
    if end < account.known.len() || empty {
        let token = world.ids.token(&format!("cursor|{}", world.ids.next()));
        body["next"] = Value::from(token.as_str());
        let cursor = Cursor { channel_id: channel_id.to_owned(), position: end, issued_ms: now };
        world.cursors.insert(token, cursor);
    }
    Ok(Decision::Answer(Answer::ok(body)))
}

/// Friends, and those who wrote; everybody else is the same 404.
fn profile(world: &World, channel_id: &str, user_id: &str) -> Result<Decision, Answer> {
    let hex = user_id.strip_prefix('U').unwrap_or_default();
    if hex.len() != 32 || !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(Answer::invalid("userId"));
    }
    let account = world.accounts.get(channel_id).ok_or_else(Answer::not_found)?;
    let known = account.known(user_id).ok_or_else(Answer::not_found)?;
    let person = world.people.get(&known.person).ok_or_else(Answer::not_found)?;
    let reachable = known.state == Friendship::Friend || (known.state == Friendship::None && known.wrote);
    if !reachable || person.deleted || !person.consented || person.generation != known.generation {
        return Err(Answer::not_found());
    }
    let mut body = json!({"userId": user_id, "displayName": person.display_name});
    let language = person.language.as_ref().filter(|_| person.privacy_consented);
    for (name, value) in [
        ("pictureUrl", &person.picture_url),
        ("statusMessage", &person.status_message),
        ("language", &language.cloned()),
    ] {
        if let Some(text) = value {
            body[name] = Value::from(text.as_str());
        }
    }
    Ok(Decision::Answer(Answer::ok(body)))
}

fn no_endpoint() -> Answer {
    Answer::refused(StatusCode::NOT_FOUND, "no_endpoint", "Webhook endpoint not found")
}

fn webhook_get(world: &World, channel_id: &str) -> Result<Decision, Answer> {
    let account = world.accounts.get(channel_id).ok_or_else(Answer::not_found)?;
    let url = account.webhook_url.as_ref().ok_or_else(no_endpoint)?;
    Ok(Decision::Answer(Answer::ok(json!({"endpoint": url, "active": account.webhook_active}))))
}

fn webhook_put(world: &mut World, channel_id: &str, call: &Call) -> Result<Decision, Answer> {
    let body = json_body(call)?;
    let url = checked_url(body.get("endpoint").and_then(Value::as_str).unwrap_or_default())?;
    let account = world.accounts.get_mut(channel_id).ok_or_else(Answer::not_found)?;
    account.webhook_url = Some(url);
    Ok(Decision::Answer(Answer::ok(json!({}))))
}

fn webhook_test(world: &World, channel_id: &str, call: &Call) -> Result<Decision, Answer> {
    let body =
        if call.body.as_ref().is_some_and(|body| body.is_empty()) { json!({}) } else { json_body(call)? };
    let url = match body.get("endpoint").and_then(Value::as_str) {
        Some(url) => checked_url(url)?,
        None => world
            .accounts
            .get(channel_id)
            .and_then(|account| account.webhook_url.clone())
            .ok_or_else(no_endpoint)?,
    };
    Ok(Decision::TestWebhook { channel_id: channel_id.to_owned(), url })
}

/// `https` anywhere, or `http` to this very machine, which LINE would not take.
fn checked_url(text: &str) -> Result<String, Answer> {
    if text.chars().count() > MAX_URL {
        let body = json!({
            "message": "The request body has 1 error(s)",
            "details": [{"message": "Size must be between 0 and 500", "property": "endpoint"}],
        });
        return Err(Answer::json(StatusCode::BAD_REQUEST, "invalid_parameter", body));
    }
    let url = reqwest::Url::parse(text).ok();
    let good = url.is_some_and(|url| match url.scheme() {
        "https" => url.host_str().is_some(),
        "http" => matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")),
        _ => false,
    });
    if good {
        return Ok(text.to_owned());
    }
    Err(Answer::refused(StatusCode::BAD_REQUEST, "invalid_parameter", "Invalid webhook endpoint URL"))
}

fn json_body(call: &Call) -> Result<Value, Answer> {
    let too_large =
        || Answer::refused(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Request body is too large");
    let body = call.body.as_ref().ok_or_else(too_large)?;
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let text = format!("The request body could not be parsed as JSON (line: {line}, column: {column})");
        Answer::refused(StatusCode::BAD_REQUEST, "invalid_json", &text)
    })
}
