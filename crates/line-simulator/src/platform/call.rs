//! A call to LINE as it came in.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::Method;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::rate::{self, Limit};

/// Which call it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    BotInfo,
    Followers,
    Profile(String),
    WebhookGet,
    WebhookPut,
    WebhookTest,
    /// Issues a short-lived token: client credentials in the body, no bearer.
    IssueShortLived,
    /// Issues a stateless token.
    IssueStateless,
    Unknown,
}

impl Endpoint {
    fn of(method: &Method, path: &str) -> Self {
        match (method.as_str(), path) {
            ("GET", "/v2/bot/info") => Self::BotInfo,
            ("GET", "/v2/bot/followers/ids") => Self::Followers,
            ("GET", "/v2/bot/channel/webhook/endpoint") => Self::WebhookGet,
            ("PUT", "/v2/bot/channel/webhook/endpoint") => Self::WebhookPut,
            ("POST", "/v2/bot/channel/webhook/test") => Self::WebhookTest,
            ("POST", "/v2/oauth/accessToken") => Self::IssueShortLived,
            ("POST", "/oauth2/v3/token") => Self::IssueStateless,
            ("GET", path) => match path.strip_prefix("/v2/bot/profile/") {
                Some(user) if !user.is_empty() && !user.contains('/') => Self::Profile(user.to_owned()),
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    /// The name faults are set up by.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::BotInfo => "bot_info",
            Self::Followers => "followers",
            Self::Profile(_) => "profile",
            Self::WebhookGet => "webhook_get",
            Self::WebhookPut => "webhook_put",
            Self::WebhookTest => "webhook_test",
            Self::IssueShortLived | Self::IssueStateless => "token",
            Self::Unknown => "unknown",
        }
    }

    /// How often it may be called.
    pub(crate) fn limit(&self) -> Limit {
        match self {
            Self::WebhookGet | Self::WebhookPut => rate::ENDPOINT,
            Self::WebhookTest => rate::TEST,
            _ => rate::OTHER,
        }
    }
}

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path_and_query: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) query: HashMap<String, String>,
    /// The token, if the header was there and had the right scheme.
    pub(crate) bearer: Option<String>,
    pub(crate) retry_key: bool,
    pub(crate) form: bool,
    /// `None` if it was longer than LINE takes, or broke off.
    pub(crate) body: Option<Bytes>,
    /// Whose token it is; filled in from the world.
    pub(crate) channel_id: Option<String>,
}

impl Call {
    pub(crate) fn read(parts: &Parts, body: Option<Bytes>) -> Self {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            method: parts.method.to_string(),
            path_and_query: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            endpoint: Endpoint::of(&parts.method, parts.uri.path()),
            query: Query::try_from_uri(&parts.uri).map(|Query(query)| query).unwrap_or_default(),
            bearer: header(AUTHORIZATION.as_str())
                .and_then(|text| text.strip_prefix("Bearer "))
                .map(str::to_owned),
            retry_key: parts.headers.contains_key("x-line-retry-key"),
            form: header("content-type")
                .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")),
            body,
            channel_id: None,
        }
    }
}
