//! Subscription states: global email and push, groups, and the addresses that carry them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{GroupId, Timestamp};

/// Global email or push state (section 6.1); a profile without one reads `subscribed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GlobalState {
    /// Explicit opt-in.
    OptedIn,
    /// The default.
    Subscribed,
    /// Opted out.
    Unsubscribed,
}

impl GlobalState {
    /// Exact, lower case (`CSV-14`, `BAD_EMAIL_SUBSCRIPTION_STATE`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "opted_in" => Self::OptedIn,
            "subscribed" => Self::Subscribed,
            "unsubscribed" => Self::Unsubscribed,
            _ => return None,
        })
    }

    /// The wire and storage text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OptedIn => "opted_in",
            Self::Subscribed => "subscribed",
            Self::Unsubscribed => "unsubscribed",
        }
    }
}

/// State in one subscription group, LINE channels included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupState {
    /// May be messaged.
    Subscribed,
    /// May not.
    Unsubscribed,
}

impl GroupState {
    /// Exact, lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "subscribed" => Self::Subscribed,
            "unsubscribed" => Self::Unsubscribed,
            _ => return None,
        })
    }

    /// The wire and storage text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subscribed => "subscribed",
            Self::Unsubscribed => "unsubscribed",
        }
    }
}

/// The channel a subscription group sends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupChannel {
    /// States by email address.
    Email,
    /// States by phone number.
    Sms,
    /// States by phone number.
    Whatsapp,
    /// States by LINE id; only LINE writes them (`LSB-1`).
    Line,
}

impl GroupChannel {
    /// The kind of address that carries the states of its groups, and names users in them (`SST-3`); `None`: LINE's, which
    /// follow the LINE id.
    #[must_use]
    pub const fn address_kind(self) -> Option<AddressKind> {
        match self {
            Self::Email => Some(AddressKind::Email),
            Self::Sms | Self::Whatsapp => Some(AddressKind::Phone),
            Self::Line => None,
        }
    }
}

/// An address that carries states for all who hold it: `value` is the look-up form (lower-case email, E.164).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// Email or phone.
    pub kind: AddressKind,
    /// Normalised value.
    pub value: String,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({:?}, ..)", self.kind)
    }
}

/// Kind of address. The number is stored; equal to the identifier's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum AddressKind {
    /// Email address.
    Email = 3,
    /// Phone number.
    Phone = 4,
}

/// What a stored state is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateOf {
    /// The global email state (addresses of kind email only).
    Global,
    /// A subscription group.
    Group(GroupId),
}

/// One state of one address, as stored: last writer wins by `changed_at`.
#[derive(Clone, Debug, PartialEq)]
pub struct AddressState {
    /// Whose state.
    pub address: Address,
    /// Which state.
    pub of: StateOf,
    /// `opted_in`, `subscribed`, `unsubscribed`; groups never `opted_in`.
    pub state: GlobalState,
    /// When it became so; an opt-out: when it was last said.
    pub changed_at: Timestamp,
}

/// States a profile holds itself: push always, the others only while it has no such address (design: "a profile
/// without the address keeps its own until it has one").
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnStates {
    /// `email_subscribe` of a profile without email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<GlobalState>,
    /// `push_subscribe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push: Option<GlobalState>,
    /// Email groups of a profile without email.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub email_groups: BTreeMap<GroupId, GroupState>,
    /// SMS and WhatsApp groups of a profile without a valid phone.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub phone_groups: BTreeMap<GroupId, GroupState>,
}

impl OwnStates {
    /// Whether anything is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
