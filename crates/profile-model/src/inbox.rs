//! The LINE inbox: every webhook event, durable before it is answered, with an effect exactly once.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use serde_json::value::RawValue;

use crate::{Buckets, ChannelId, GroupState, LineUserId, Timestamp};

/// Names one event: `webhookEventId`, or a hash of the event where it has none. Unique per channel.
#[derive(Clone, Debug)]
pub struct InboxKey {
    /// Channel by whose URL it came.
    pub channel: ChannelId,
    /// Opaque text, 1-255 bytes.
    pub event: String,
    /// The user it is about: says in which bucket the event is, and is no part of its name. Every delivery of an event
    /// tells the same one.
    pub user: Option<LineUserId>,
}

impl InboxKey {
    fn name(&self) -> (&ChannelId, &str) {
        (&self.channel, &self.event)
    }

    /// What the event is found by: the LINE ID, so that it meets that user's friendships and look-up rows.
    #[must_use]
    pub fn found_by(&self) -> &str {
        self.user.as_ref().map_or(&self.event, LineUserId::as_str)
    }

    /// The bucket it is in.
    #[must_use]
    pub fn bucket(&self, buckets: Buckets) -> u8 {
        buckets.of(self.found_by().as_bytes())
    }
}

impl PartialEq for InboxKey {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for InboxKey {}

impl Hash for InboxKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl PartialOrd for InboxKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for InboxKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(&other.name())
    }
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
