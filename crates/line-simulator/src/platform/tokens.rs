//! Issuing channel access tokens against id and secret (line.md B6): short-lived and stateless ones.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::json;

use super::answer::Answer;
use super::call::{Call, Endpoint};
use crate::world::{Token, World};

/// 30 days.
const SHORT_LIVED_S: i64 = 2_592_000;
/// A quarter of an hour.
const STATELESS_S: i64 = 900;

/// Issues a token. Both calls take a form with the channel's id and secret.
pub(crate) fn issue(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let form: HashMap<String, String> = call.body.as_deref().map(read_form).unwrap_or_default();
    let part = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if !call.form || part("grant_type") != "client_credentials" {
        return Err(oauth("invalid_request", "some parameters missed or invalid"));
    }
    let stateless = call.endpoint == Endpoint::IssueStateless;
    let account = world.accounts.get(part("client_id"));
    let channel_id = match account {
        Some(account) if account.secret == part("client_secret") => account.channel_id.clone(),
        _ if stateless => return Err(oauth("invalid_request", "Invalid 'client_credentials'.")),
        Some(_) => return Err(oauth("invalid_client", "invalid client_secret")),
        None => return Err(oauth("invalid_client", "invalid client_id")),
    };
    let life_s = if stateless { STATELESS_S } else { SHORT_LIVED_S };
    let access_token = world.ids.token(&format!("issued|{}", world.ids.next()));
    let expires_ms = Some(world.clock.now_ms() + life_s * 1_000);
    world.tokens.insert(access_token.clone(), Token { channel_id, expires_ms });
    Ok(Answer::ok(json!({"access_token": access_token, "expires_in": life_s, "token_type": "Bearer"})))
}

fn oauth(error: &str, description: &str) -> Answer {
    let body = json!({"error": error, "error_description": description});
    Answer::json(StatusCode::BAD_REQUEST, "invalid_credentials", body)
}

/// A form is a query without its `?`.
fn read_form(body: &[u8]) -> HashMap<String, String> {
    let Ok(mut url) = reqwest::Url::parse("form:") else { return HashMap::new() };
    url.set_query(std::str::from_utf8(body).ok());
    url.query_pairs().into_owned().collect()
}
