//! What can be made to go wrong: odd webhooks and faulty answers.

use serde::{Deserialize, Serialize};

/// Ways in which a webhook can be odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddness {
    /// A `type` nobody knows.
    UnknownType,
    /// A `message.type` nobody knows; other events become such a message.
    UnknownMessageType,
    /// A `source.type` nobody knows.
    UnknownSourceType,
    /// No `source`.
    MissingSource,
    /// No `source.userId`.
    MissingUser,
    /// No `webhookEventId`.
    MissingEventId,
    /// No `deliveryContext`.
    MissingDeliveryContext,
    /// No `replyToken` and no part named after the type.
    MissingDetail,
    /// `null` for `mode`, `replyToken`, `deliveryContext` and the part named after the type.
    NullValues,
    /// `mode: standby`, no reply token.
    Standby,
    /// The 68-character user ID of module channels.
    ModuleId,
    /// Properties nobody knows.
    ExtraFields,
    /// A `timestamp` four minutes ahead.
    ClockAhead,
    /// A `timestamp` four minutes behind.
    ClockBehind,
    /// The events in reverse order.
    Reversed,
    /// Signed with another secret.
    WrongSecret,
    /// Signed with the secret before the last reissue; with the present one if there was none.
    OldSecret,
    /// No signature header.
    MissingSignature,
    /// An empty signature header.
    EmptySignature,
    /// The `destination` of another bot.
    ForeignDestination,
    /// The whole request a second time afterwards, `isRedelivery:false` as before.
    Duplicate,
    /// The whole request twice at the same time.
    Concurrent,
}

/// What an API call meets instead of, or on top of, its proper answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// 401 as for a dead token.
    #[default]
    Unauthorized,
    /// 403 as for an account without entitlement.
    Forbidden,
    /// 400 `Invalid start param`.
    InvalidStart,
    /// 429 with the rate text; `retry_after_s` adds the header.
    RateLimited,
    /// 429 with the quota text.
    Quota,
    /// 500 with a JSON body.
    ServerJson,
    /// 500 with a plain text body.
    ServerPlain,
    /// 503 with an HTML body.
    ServerHtml,
    /// The proper answer after `delay_ms`.
    Slow,
    /// The first half of the proper answer, with a matching length.
    Truncated,
    /// The connection breaks within the answer's body.
    Reset,
    /// Of followers: no IDs, and a `next` that stays where it was.
    EmptyPage,
}

/// A fault to set up. Of several that fit, the one set up first strikes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultSpec {
    /// What happens.
    pub kind: FaultKind,
    /// Only calls of this channel.
    pub channel_id: Option<String>,
    /// Only this endpoint: `bot_info`, `followers`, `profile`, `webhook_get`, `webhook_put`, `webhook_test`, `token`.
    pub endpoint: Option<String>,
    /// Lets so many fitting calls pass first.
    pub after: u32,
    /// Strikes so many times; 0 for once.
    pub count: u32,
    /// Strikes in so many of a hundred cases; 0 for always.
    pub percent: u8,
    /// For `slow`.
    pub delay_ms: u64,
    /// For `rate_limited` and the server faults.
    pub retry_after_s: Option<u32>,
}
