//! The LINE inbox: every webhook event, durable before it is answered, with an effect exactly once.

use serde_json::value::RawValue;

use crate::{ChannelId, GroupState, LineUserId, Timestamp};

/// Names one event: `webhookEventId`, or a hash of the event where it has none. Unique per channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InboxKey {
    /// Channel by whose URL it came.
    pub channel: ChannelId,
    /// Opaque text, 1-255 bytes.
    pub event: String,
}

/// How far an inbox row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum InboxState {
    /// Durable, effect not yet committed.
    Pending = 0,
    /// Effect committed.
    Applied = 1,
    /// Kept, never to be applied (no user, unknown type, foreign destination, ...); the reason is in `note`.
    Kept = 2,
}

impl InboxState {
    /// Reads the stored number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Pending,
            1 => Self::Applied,
            2 => Self::Kept,
            _ => return None,
        })
    }
}

/// One inbox row as stored.
#[derive(Clone, Debug)]
pub struct InboxRow {
    /// Its name.
    pub key: InboxKey,
    /// When we received it first.
    pub received_at: Timestamp,
    /// The user it is about, for erasure.
    pub user: Option<LineUserId>,
    /// Event type as LINE names it.
    pub kind: String,
    /// State.
    pub state: InboxState,
    /// Why it was kept, or what was odd (`timestamp_ahead`, `no_user`, ...): a stable word, never a value.
    pub note: Option<String>,
    /// The event exactly as received.
    pub body: Box<RawValue>,
}

/// One event as the decision sees it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its name.
    pub key: InboxKey,
    /// Event type as LINE names it.
    pub kind: String,
    /// What it means for identity and friendship.
    pub meaning: Meaning,
    /// The user, if there is an acceptable one.
    pub user: Option<LineUserId>,
    /// LINE's `timestamp`; `None` where it is missing.
    pub at: Option<Timestamp>,
    /// When we received it.
    pub received_at: Timestamp,
    /// The event exactly as received.
    pub body: Box<RawValue>,
}

/// What an event means for identity and friendship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Follow or unfollow.
    Friendship(GroupState),
    /// A one-to-one message or postback: the person exists, no state changes.
    Contact,
    /// Nothing that we act on; kept with this reason.
    Nothing(&'static str),
}
