//! The one HTTP client that talks to `api.line.me`.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, redirect};
use serde_json::Value;

use super::{BotInfo, FollowersPage, LineFault, RetryPolicy};

/// Where the Messaging API is.
pub const DEFAULT_API_BASE: &str = "https://api.line.me";

/// Most followers one page can hold. Source: Messaging API reference, "limit" of followers/ids (read 2026-08-07).
pub const MAX_FOLLOWERS_LIMIT: u16 = 1000;

/// Longest answer that is read, in bytes: a full page of followers has about 40 kB.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// How to reach LINE.
#[derive(Debug, Clone)]
pub struct MessagingOptions {
    /// Scheme, host and optional path prefix, with or without a slash at the end. Plain `http` works, for the simulator.
    pub api_base: String,
    /// Longest time for a connection to stand.
    pub connect_timeout: Duration,
    /// Longest time for one attempt, from start to the last byte.
    pub timeout: Duration,
    /// What is tried again.
    pub retry: RetryPolicy,
}

impl Default for MessagingOptions {
    /// LINE itself, 5 s to connect, 15 s for an attempt.
    fn default() -> Self {
        Self {
            api_base: DEFAULT_API_BASE.to_owned(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
            retry: RetryPolicy::default(),
        }
    }
}

/// The Messaging API. Cheap to clone; one per process is enough, since the token is given with each call.
#[derive(Debug, Clone)]
pub struct MessagingClient {
    http: Client,
    api_base: String,
    retry: RetryPolicy,
}

impl MessagingClient {
    /// Builds the client. Makes no connection.
    ///
    /// # Errors
    /// [`LineFault::Unreachable`] if this machine has no usable TLS configuration.
    pub fn new(options: MessagingOptions) -> Result<Self, LineFault> {
        // reqwest is built without a crypto provider of its own. Somebody else may have installed one: fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .user_agent(concat!("enmusubi/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            // A redirect would carry the token to wherever it points.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|_| LineFault::Unreachable { reason: "no TLS configuration" })?;
        let api_base = options.api_base.trim_end_matches('/').to_owned();
        Ok(Self { http, api_base, retry: options.retry })
    }

    /// Asks who the account behind a token is: proves the token, and tells the `destination` its webhooks will carry.
    ///
    /// # Errors
    /// See [`LineFault`]; [`LineFault::Unauthorized`] for a bad token.
    pub async fn bot_info(&self, token: &str) -> Result<BotInfo, LineFault> {
        self.get("/v2/bot/info", &[], token, BotInfo::read).await
    }

    /// Asks for one page of the users who have added the account; `start` is the `next` of the page before.
    ///
    /// `limit` is brought into 1 to 1000. Deleted accounts, people who blocked the account and people without profile
    /// consent are not listed.
    ///
    /// # Errors
    /// See [`LineFault`]; [`LineFault::NotEntitled`] for an unverified account, [`LineFault::InvalidStart`] for an aged token.
    pub async fn followers_page(
        &self,
        token: &str,
        start: Option<&str>,
        limit: u16,
    ) -> Result<FollowersPage, LineFault> {
        let limit = limit.clamp(1, MAX_FOLLOWERS_LIMIT).to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(start.map(|start| ("start", start)));
        self.get("/v2/bot/followers/ids", &query, token, FollowersPage::read).await
    }

    /// One reading call, with retries.
    async fn get<T>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        token: &str,
        read: fn(&Value) -> Option<T>,
    ) -> Result<T, LineFault> {
        // A token that cannot stand in a header cannot be LINE's.
        let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {token}")) else {
            return Err(LineFault::Unauthorized { request_id: None });
        };
        bearer.set_sensitive(true);
        let url = format!("{}{path}", self.api_base);
        self.retry.run(|| self.attempt(&url, query, bearer.clone(), token, read)).await
    }

    /// One attempt of a reading call.
    async fn attempt<T>(
        &self,
        url: &str,
        query: &[(&str, &str)],
        bearer: HeaderValue,
        token: &str,
        read: fn(&Value) -> Option<T>,
    ) -> Result<T, LineFault> {
        let sent = self.http.get(url).query(query).header(AUTHORIZATION, bearer).send().await;
        let mut answer = sent.map_err(|error| LineFault::from_transport(&error))?;
        let status = answer.status();
        let request_id = text_of(answer.headers(), "x-line-request-id");
        let retry_after = retry_after(answer.headers());
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_ANSWER => body.extend_from_slice(&chunk),
                Ok(Some(_)) => return Err(LineFault::Unreadable { request_id }),
                Ok(None) => break,
                // The status of a refusal says enough, even if its body broke off.
                Err(_) if !status.is_success() => break,
                Err(error) => return Err(LineFault::from_transport(&error)),
            }
        }
        if !status.is_success() {
            return Err(LineFault::from_answer(status, retry_after, request_id, &body, token));
        }
        let value: Option<Value> = serde_json::from_slice(&body).ok();
        value.as_ref().and_then(read).ok_or(LineFault::Unreadable { request_id })
    }
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    // Ours to log: a request id is a UUID or 16 hex digits, so anything long is not one.
    (!text.is_empty() && text.len() <= 100).then(|| text.to_owned())
}

/// `Retry-After`, as seconds or as a date. Source: RFC 9110, section 10.2.3.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let seconds = at.as_second() - jiff::Timestamp::now().as_second();
    Some(Duration::from_secs(seconds.try_into().unwrap_or(0)))
}
