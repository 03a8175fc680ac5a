//! What can be said to the simulator over `/sim/...`, and what it says back. One set of types for the server and for
//! [`crate::SimulatorClient`]; all flat, all optional parts with defaults.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How an Official Account is certified; only `unverified` accounts are refused follower lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Anybody's account.
    Unverified,
    /// An account LINE has looked at.
    #[default]
    Verified,
    /// An account with a bought ID.
    Premium,
}

/// A provider to make.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderSpec {
    /// Its id; made up if absent.
    pub provider_id: Option<String>,
}

/// A provider that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderMade {
    /// Its id.
    pub provider_id: String,
}

/// A Messaging API channel with its Official Account, to be made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelSpec {
    /// The provider it belongs to, made if unknown; `provider-1` if absent.
    pub provider_id: Option<String>,
    /// Its id, ten digits as a rule; made up if absent.
    pub channel_id: Option<String>,
    /// The account's name.
    pub name: Option<String>,
    /// `verified` if absent.
    pub tier: Option<Tier>,
    /// Where webhooks go.
    pub webhook_url: Option<String>,
    /// Whether failed webhooks are sent again; off as with LINE.
    pub redelivery: Option<bool>,
}

/// A channel that was made, with all that LINE's console would show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelMade {
    /// The provider.
    pub provider_id: String,
    /// The channel.
    pub channel_id: String,
    /// Signs webhooks.
    pub channel_secret: String,
    /// A long-lived token.
    pub channel_access_token: String,
    /// The `destination` of its webhooks.
    pub bot_user_id: String,
    /// The searchable ID.
    pub basic_id: String,
}

/// What to change about a channel; absent parts stay.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelChange {
    /// Where webhooks go; empty for nowhere.
    pub webhook_url: Option<String>,
    /// The console's "use webhook" switch.
    pub webhook_active: Option<bool>,
    /// Whether failed webhooks are sent again.
    pub redelivery: Option<bool>,
    /// When they are sent again, in real milliseconds after each failure; the list's end is giving up.
    pub redelivery_delays_ms: Option<Vec<u64>>,
    /// How long an answer may take, in real milliseconds (LINE: 2000).
    pub timeout_ms: Option<u64>,
    /// How many webhooks may be under way at a time; at least 1.
    pub concurrency: Option<u32>,
    /// The account's tier.
    pub tier: Option<Tier>,
    /// Rate limits are divided by it.
    pub rate_divisor: Option<u32>,
    /// Sends non-ASCII characters as UTF-8 and not as `\u` escapes.
    pub raw_utf8: Option<bool>,
    /// Adds an unknown property to each answer and turns the order of properties round.
    pub noise: Option<bool>,
    /// Oddities of every webhook from now on.
    pub odd: Option<Vec<Oddness>>,
    /// Makes a new secret; the old one is dead at once.
    pub reissue_secret: Option<bool>,
    /// Makes a new access token; the old one is dead at once.
    pub reissue_token: Option<bool>,
}

/// A channel as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelView {
    /// Ids and credentials.
    pub made: ChannelMade,
    /// The tier.
    pub tier: Tier,
    /// Where webhooks go.
    pub webhook_url: Option<String>,
    /// Whether they are sent at all.
    pub webhook_active: bool,
    /// Whether failed ones are sent again.
    pub redelivery: bool,
    /// Everybody who ever added or wrote to the account.
    pub known: usize,
    /// Those a follower list shows now.
    pub followers: usize,
}

/// A person to make or to change.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersonSpec {
    /// Our name for the person, any text; made up if absent.
    pub person: Option<String>,
    /// The name shown in LINE.
    pub display_name: Option<String>,
    /// The picture's address.
    pub picture_url: Option<String>,
    /// The status line.
    pub status_message: Option<String>,
    /// BCP 47 language tag.
    pub language: Option<String>,
    /// Whether accounts learn the person's ID (LINE for iOS and Android: yes).
    pub consented: Option<bool>,
    /// Whether the privacy policy was accepted, without which `language` is withheld.
    pub privacy_consented: Option<bool>,
}

/// A person that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonMade {
    /// Our name for the person.
    pub person: String,
}

/// Somebody's LINE user ID under a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Our name for the person.
    pub person: String,
    /// The user ID of the person's present LINE account.
    pub line_user_id: String,
}

/// Many friends at once, with no webhook sent: an account that has been there for years.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FollowersSpec {
    /// How many people to make and add.
    pub count: usize,
    /// Makes the first of every so many block the account; 0 for none.
    pub blocked_every: usize,
    /// Makes the second of every so many withhold consent; 0 for none.
    pub unconsented_every: usize,
    /// Makes the third of every so many delete their LINE account; 0 for none.
    pub deleted_every: usize,
}

/// The followers of a channel: whom a complete list shows now, in the order they added the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followers {
    /// Their user IDs.
    pub user_ids: Vec<String>,
}

/// What people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// Adds the account, or unblocks it.
    #[default]
    Follow,
    /// Unblocks the account: a follow with `isUnblocked`.
    Unblock,
    /// Blocks the account.
    Block,
    /// Writes `text`.
    Message,
    /// Takes the message `message_id` back.
    Unsend,
    /// Uses a button that carries `data`.
    Postback,
    /// Deletes the LINE account; LINE sends nothing.
    DeleteAccount,
    /// Makes a new LINE account, with a new user ID; LINE sends nothing.
    RecreateAccount,
    /// Withdraws the consent to profile access; LINE sends nothing.
    RevokeConsent,
}

/// Somebody does something.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Act {
    /// The channel it is done to.
    pub channel_id: String,
    /// Who does it: our name for the person, made if unknown.
    pub person: String,
    /// What is done.
    pub act: ActKind,
    /// What is written.
    pub text: Option<String>,
    /// What the button carries.
    pub data: Option<String>,
    /// Which message is taken back.
    pub message_id: Option<String>,
    /// When, in milliseconds since 1970; the simulator's clock if absent.
    pub timestamp: Option<i64>,
    /// The event's id; made up if absent.
    pub webhook_event_id: Option<String>,
    /// Claims that the event was sent before.
    pub redelivery: bool,
    /// Sends no webhook: LINE knows, we are not told.
    pub silent: bool,
    /// Answers at once instead of waiting for the first delivery's result.
    pub no_wait: bool,
    /// What is odd about the webhook.
    pub odd: Vec<Oddness>,
}

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

/// Events to send as they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Batch {
    /// The channel they are of.
    pub channel_id: String,
    /// The events, one request for all; none for LINE's verification request.
    pub events: Vec<Value>,
    /// Adds so many follow events of new people.
    pub follows: usize,
    /// Adds the two events of the console's dummy user.
    pub dummy: bool,
    /// Answers at once.
    pub no_wait: bool,
    /// What is odd about the webhook.
    pub odd: Vec<Oddness>,
}

/// What was done and how its webhook fared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The user ID of who did it; empty for a batch.
    pub line_user_id: String,
    /// The events as sent.
    pub events: Vec<Value>,
    /// First attempts whose result is known; empty if silent, not waited for, or not sent.
    pub deliveries: Vec<Attempt>,
    /// Why nothing was sent: `silent`, `no_event`, `no_webhook_url`, `webhook_inactive`.
    pub not_sent: Option<String>,
}

/// How one webhook request ended, in LINE's own words (line.md A4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// 2xx in time.
    Ok,
    /// No connection.
    CouldNotConnect,
    /// No answer in time; the receiver may have done the work all the same.
    RequestTimeout,
    /// Any other status.
    ErrorStatusCode,
    /// Anything else, such as a connection that broke.
    Unclassified,
}

/// One webhook request that was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts all attempts of the simulator, from 1.
    pub number: u64,
    /// The channel.
    pub channel_id: String,
    /// Where it went.
    pub url: String,
    /// When it was sent, by the simulator's clock.
    pub at: String,
    /// 1 for the first time, more for redeliveries.
    pub attempt: u32,
    /// The body, byte for byte.
    pub body: String,
    /// The signature header's value, if there was one.
    pub signature: Option<String>,
    /// The answer's status.
    pub status: Option<u16>,
    /// How it ended.
    pub verdict: Verdict,
    /// Time to the answer's head, in real milliseconds.
    pub latency_ms: u64,
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

/// What to do to the clock; parts are done in this order.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClockChange {
    /// Stops it or lets it run.
    pub frozen: Option<bool>,
    /// Makes it this time, in milliseconds since 1970.
    pub set_ms: Option<i64>,
    /// Moves it by so many milliseconds.
    pub advance_ms: Option<i64>,
}

/// The clock as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockView {
    /// Milliseconds since 1970.
    pub now_ms: i64,
    /// The same as text.
    pub now: String,
    /// Whether it stands still.
    pub frozen: bool,
}

/// One API call that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When, by the simulator's clock.
    pub at: String,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The channel whose token was given, if it was anybody's.
    pub channel_id: Option<String>,
    /// The answer's status.
    pub status: u16,
    /// Why: `ok`, the check that failed, or `fault:` and its kind.
    pub verdict: String,
    /// The answer's `x-line-request-id`.
    pub request_id: String,
}

/// How long to wait for webhooks under way and redeliveries due.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settle {
    /// In real milliseconds.
    pub timeout_ms: u64,
}

impl Default for Settle {
    fn default() -> Self {
        Self { timeout_ms: 30_000 }
    }
}
