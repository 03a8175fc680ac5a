//! An event as far as it could be read.

use std::fmt;

/// One event. Every part that LINE may leave out is optional here, including those the schema calls required.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// LINE's identity of the event, the same on redelivery: opaque text of 1 to 255 bytes. Absent when missing or unusable.
    pub webhook_event_id: Option<String>,
    /// When it happened, in milliseconds since 1970; unchanged on redelivery.
    pub timestamp_ms: Option<i64>,
    /// Whether this channel holds the chat. Only replying depends on it; a stand-by event counts all the same.
    pub mode: Option<Mode>,
    /// Where it happened. Absent on a failed account link.
    pub source: Option<Source>,
    /// Whether LINE says that it sent the event before. A copy may also come without saying so.
    pub is_redelivery: bool,
    /// The token to answer with, if the event can be answered. Valid once, for about a minute.
    pub reply_token: Option<String>,
    /// What to deduplicate by, within a channel: see [`super::event_key`].
    pub key: String,
    /// What was odd, in no particular order; empty for an ordinary event. An odd event may still be usable.
    pub oddities: Vec<Oddity>,
}

impl Event {
    /// The one user the event is about, if it says so.
    ///
    /// For events in groups and rooms this is the acting user where LINE discloses it; the people of `memberJoined` and
    /// `memberLeft` are in the event's kind.
    pub fn user_id(&self) -> Option<&str> {
        self.source.as_ref().and_then(Source::user_id)
    }

    /// Whether the event comes from a one-to-one chat.
    pub fn is_one_to_one(&self) -> bool {
        matches!(self.source, Some(Source::User { .. }))
    }

    /// Whether anything about the event was odd.
    pub fn is_odd(&self) -> bool {
        !self.oddities.is_empty()
    }

    /// The oddities in one line, for a quarantine record or a log; holds no value that a person gave.
    pub fn reason(&self) -> Option<String> {
        let lines: Vec<String> = self.oddities.iter().map(Oddity::to_string).collect();
        (!lines.is_empty()).then(|| lines.join("; "))
    }
}

/// What happened. The set is open: LINE adds types without notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// Somebody added the account as a friend, or unblocked it.
    Follow {
        /// LINE's guess whether it was an unblocking; not guaranteed to be right, and missing in older payloads.
        is_unblocked: Option<bool>,
    },
    /// Somebody blocked the account.
    Unfollow,
    /// Somebody wrote.
    Message {
        /// `text`, `image`, `video`, `audio`, `file`, `location`, `sticker`, or something newer.
        message_type: Option<String>,
        /// LINE's id of the message, unique across the Messaging API.
        id: Option<String>,
        /// The text, of text messages.
        text: Option<String>,
    },
    /// Somebody edited a text in a group. Not in the published schema of 2026-07-01.
    MessageEdited {
        /// The id of the original message.
        id: Option<String>,
        /// The text as it is now.
        text: Option<String>,
    },
    /// Somebody took a message back: its content must go wherever it was kept.
    Unsend {
        /// The message taken back.
        message_id: Option<String>,
    },
    /// Somebody used a button.
    Postback {
        /// What the button carries.
        data: Option<String>,
    },
    /// Somebody finished the account link page.
    AccountLink {
        /// Whether LINE vouches for the link.
        result: Option<LinkResult>,
        /// The number used once that our link page made.
        nonce: Option<String>,
    },
    /// The bot entered a group or room.
    Join,
    /// The bot left a group or room.
    Leave,
    /// People came into a group or room.
    MemberJoined {
        /// Those of them whose ID LINE discloses.
        user_ids: Vec<String>,
    },
    /// People left a group or room.
    MemberLeft {
        /// Those of them whose ID LINE discloses.
        user_ids: Vec<String>,
    },
    /// Somebody came near a beacon.
    Beacon,
    /// Somebody joined, left or renewed a paid membership.
    Membership,
    /// Somebody watched a video to its end.
    VideoPlayComplete,
    /// A notification message sent by phone number was delivered.
    Delivery,
    /// A module channel was attached or detached.
    Module,
    /// The module channel got hold of the chat.
    Activated,
    /// The module channel lost hold of the chat.
    Deactivated,
    /// The account was suspended.
    BotSuspended,
    /// The account came back from suspension.
    BotResumed,
    /// A type this version does not know, or an event without one (then empty).
    Unknown(String),
}

impl EventKind {
    /// LINE's name of the type; empty for an event without one.
    pub fn name(&self) -> &str {
        match self {
            Self::Follow { .. } => "follow",
            Self::Unfollow => "unfollow",
            Self::Message { .. } => "message",
            Self::MessageEdited { .. } => "messageEdited",
            Self::Unsend { .. } => "unsend",
            Self::Postback { .. } => "postback",
            Self::AccountLink { .. } => "accountLink",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::MemberJoined { .. } => "memberJoined",
            Self::MemberLeft { .. } => "memberLeft",
            Self::Beacon => "beacon",
            Self::Membership => "membership",
            Self::VideoPlayComplete => "videoPlayComplete",
            Self::Delivery => "delivery",
            Self::Module => "module",
            Self::Activated => "activated",
            Self::Deactivated => "deactivated",
            Self::BotSuspended => "botSuspended",
            Self::BotResumed => "botResumed",
            Self::Unknown(name) => name,
        }
    }
}

/// The answer of an account link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkResult {
    /// The LINE user in the browser is the one the link token was issued for.
    Ok,
    /// It was somebody else; the event names no user.
    Failed,
    /// A word this version does not know: to be taken as a failure.
    Other(String),
}

/// Whether this channel holds the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// It does.
    Active,
    /// Another (module) channel does: nothing may be sent, and there is no reply token.
    Standby,
    /// A word this version does not know.
    Other(String),
}

/// Where an event comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A one-to-one chat.
    User {
        /// Withheld for a user who never consented to profile access.
        user_id: Option<String>,
    },
    /// A group chat.
    Group {
        /// The group.
        group_id: Option<String>,
        /// Who acted, where disclosed.
        user_id: Option<String>,
    },
    /// A multi-person chat.
    Room {
        /// The room.
        room_id: Option<String>,
        /// Who acted, where disclosed.
        user_id: Option<String>,
    },
    /// A type this version does not know, or none (then empty).
    Other {
        /// LINE's word for it.
        kind: String,
        /// Who acted, where disclosed.
        user_id: Option<String>,
    },
}

impl Source {
    /// The user named by the source, of whatever type it is.
    pub fn user_id(&self) -> Option<&str> {
        match self {
            Self::User { user_id }
            | Self::Group { user_id, .. }
            | Self::Room { user_id, .. }
            | Self::Other { user_id, .. } => user_id.as_deref(),
        }
    }
}

/// Something that is not as the docs say it should be. Display texts hold property names only, never values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Oddity {
    /// The text cannot be read as JSON: nothing could be taken from it.
    Unreadable,
    /// A half surrogate escape stood in a string; it was read as U+FFFD.
    HalfCharacter,
    /// The event is JSON but not an object.
    NotAnObject,
    /// No usable `type`.
    TypeMissing,
    /// A `type` this version does not know.
    TypeUnknown,
    /// No usable `timestamp`.
    TimestampMissing,
    /// No usable `webhookEventId`: the key is a hash.
    EventIdMissing,
    /// No usable `source` where this type should have one.
    SourceMissing,
    /// A `source.type` this version does not know.
    SourceUnknown,
    /// No `source.userId` where this type should have one.
    UserMissing,
    /// A `message.type` this version does not know.
    MessageTypeUnknown,
    /// A property this type lives by is missing; its path.
    PartMissing(&'static str),
    /// A property has a value of another JSON type than documented, and was taken as absent; its path.
    WrongType(&'static str),
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("the event is not readable JSON"),
            Self::HalfCharacter => f.write_str("a string holds half a character"),
            Self::NotAnObject => f.write_str("the event is not an object"),
            Self::TypeMissing => f.write_str("'type' is missing"),
            Self::TypeUnknown => f.write_str("'type' is unknown"),
            Self::TimestampMissing => f.write_str("'timestamp' is missing"),
            Self::EventIdMissing => f.write_str("'webhookEventId' is missing"),
            Self::SourceMissing => f.write_str("'source' is missing"),
            Self::SourceUnknown => f.write_str("'source.type' is unknown"),
            Self::UserMissing => f.write_str("'source.userId' is missing"),
            Self::MessageTypeUnknown => f.write_str("'message.type' is unknown"),
            Self::PartMissing(path) => write!(f, "'{path}' is missing"),
            Self::WrongType(path) => write!(f, "'{path}' has an unexpected type"),
        }
    }
}
