//! Custom events and purchases: raw occurrences and the summaries a profile keeps.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::{Profile, ProfileId, Timestamp};

/// Which of the two kinds of occurrence. The number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Occurrence {
    /// A custom event; `name` is the event's name.
    Event = 1,
    /// A purchase; `name` is the `product_id`.
    Purchase = 2,
}

/// One event, as stored; each object sent is its own occurrence, always (`TRK-11`).
#[derive(Clone, Debug)]
pub struct EventRow {
    /// The profile it was written to (it stays with that id through merges).
    pub profile: ProfileId,
    /// Event name.
    pub name: Arc<str>,
    /// When it happened; a future time became the time of the request (`EVT-2`).
    pub at: Timestamp,
    /// `app_id` as sent.
    pub app_id: Option<Arc<str>>,
    /// Validated properties, canonical JSON object.
    pub properties: Option<Box<RawValue>>,
}

/// One purchase object, as stored.
#[derive(Clone, Debug)]
pub struct PurchaseRow {
    /// The profile it was written to.
    pub profile: ProfileId,
    /// `product_id`.
    pub product: Arc<str>,
    /// ISO 4217 code, upper case.
    pub currency: Arc<str>,
    /// Exact decimal text; may be negative (`PUR-2`).
    pub price: serde_json::Number,
    /// 1-100 (`PUR-3`).
    pub quantity: u32,
    /// When.
    pub at: Timestamp,
    /// `app_id` as sent.
    pub app_id: Option<Arc<str>>,
    /// Validated properties, canonical JSON object.
    pub properties: Option<Box<RawValue>>,
}

/// Names one summary.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SummaryKey {
    /// Whose.
    pub profile: ProfileId,
    /// Event or purchase.
    pub of: Occurrence,
    /// Event name or `product_id`.
    pub name: Arc<str>,
}

/// Summaries of a profile, read through its merges: its own and those of the profiles merged into it, added up
/// (section 5: counts and revenue add, the first is the earliest, the last the latest). Ordered by kind and name.
#[must_use]
pub fn read_summaries(profile: &Profile, stored: &[(SummaryKey, Summary)]) -> Vec<(SummaryKey, Summary)> {
    let sides: Vec<_> = profile.sides().collect();
    let mut read = std::collections::BTreeMap::<SummaryKey, Summary>::new();
    for (key, summary) in stored.iter().filter(|(key, _)| sides.contains(&key.profile)) {
        let key = SummaryKey { profile: profile.id, ..key.clone() };
        match read.entry(key) {
            std::collections::btree_map::Entry::Vacant(vacant) => {
                vacant.insert(summary.clone());
            }
            std::collections::btree_map::Entry::Occupied(mut known) => known.get_mut().add(summary),
        }
    }
    read.into_iter().collect()
}

/// What a profile keeps per event name or product (`EVT-3`).
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Occurrences; a purchase counts its quantity (`PUR-3`).
    pub count: u64,
    /// Earliest.
    pub first: Timestamp,
    /// Latest.
    pub last: Timestamp,
    /// Exact sum of price times quantity (purchases; 0 for events).
    pub revenue: serde_json::Number,
}

impl Summary {
    /// Adds another of the same name.
    pub fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        if let Some(revenue) = crate::add(&self.revenue, &other.revenue) {
            self.revenue = revenue;
        }
    }
}
