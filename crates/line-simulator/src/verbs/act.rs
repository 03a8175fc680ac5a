//! What people do, what is sent because of it, and how that ended.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Oddness;

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
