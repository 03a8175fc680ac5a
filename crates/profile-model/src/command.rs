//! Commands: one request object or CSV row, validated and normalised, before any profile is known.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::{
    Email, FieldName, GlobalState, GroupChannel, GroupId, GroupState, LineUserId, Phone, Target, Timestamp,
};

/// Which array of the request (`TRK-9`), or the file of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InputArray {
    /// `attributes`
    Attributes,
    /// `events`
    Events,
    /// `purchases`
    Purchases,
}

impl InputArray {
    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attributes => "attributes",
            Self::Events => "events",
            Self::Purchases => "purchases",
        }
    }
}

/// One acceptable object.
#[derive(Clone, Debug)]
pub struct Item {
    /// Where it stood.
    pub array: InputArray,
    /// Its zero-based index there (CSV: the row's number within the chunk).
    pub index: u32,
    /// Whom it names.
    pub target: Target,
    /// Whether it may create (section 1.4); `None`: the default of its kind.
    pub update_only: Option<bool>,
    /// What it says.
    pub body: Body,
}

/// What an object says.
#[derive(Clone, Debug)]
pub enum Body {
    /// Set, clear and operate on attributes.
    Attributes(Box<Attributes>),
    /// One event.
    Event(Event),
    /// One purchase object.
    Purchase(Purchase),
}

/// Set to a value, or clear (`ATT-2`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change<T> {
    /// Set.
    Set(T),
    /// `null`.
    Clear,
}

impl<T> Change<T> {
    /// The value to have afterwards.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Clear => None,
        }
    }
}

/// Attribute changes of one object. `None`: not mentioned.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Attributes {
    /// Deep-merge objects (`NST-3`, `NST-10`).
    pub merge_objects: bool,
    /// `email` as data (also when it is the identifier).
    pub email: Option<Change<Email>>,
    /// `phone` as data.
    pub phone: Option<Change<Phone>>,
    /// `native_line_id`.
    pub line_id: Option<Change<LineUserId>>,
    /// `email_subscribe`.
    pub email_subscribe: Option<GlobalState>,
    /// `push_subscribe`.
    pub push_subscribe: Option<GlobalState>,
    /// `subscription_groups`, LINE groups already left out (`LSB-2`).
    pub groups: Vec<GroupChange>,
    /// Standard fields, validated.
    pub fields: Vec<(FieldName, Change<Value>)>,
    /// Custom attributes: canonical values or operator objects.
    pub custom: Vec<(String, Value)>,
}

/// A state for one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupChange {
    /// Which group.
    pub group: GroupId,
    /// What it sends on: decides which address carries the state.
    pub channel: GroupChannel,
    /// New state.
    pub state: GroupState,
}

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Event name.
    pub name: Arc<str>,
    /// When, as sent; the decision turns a future time into now (`EVT-2`).
    pub at: Timestamp,
    /// `app_id`.
    pub app_id: Option<Arc<str>>,
    /// Validated properties.
    pub properties: Option<Box<RawValue>>,
}

/// One purchase object.
#[derive(Clone, Debug)]
pub struct Purchase {
    /// `product_id`.
    pub product: Arc<str>,
    /// ISO 4217, upper case.
    pub currency: Arc<str>,
    /// Canonical decimal.
    pub price: serde_json::Number,
    /// 1-100.
    pub quantity: u32,
    /// When, as sent.
    pub at: Timestamp,
    /// `app_id`.
    pub app_id: Option<Arc<str>>,
    /// Validated properties.
    pub properties: Option<Box<RawValue>>,
}
