//! The working copy's side of events and purchases: rows to append, and the summaries that count them.

use std::sync::Arc;

use super::Draft;
use crate::{EventRow, NameKind, Occurrence, PurchaseRow, Summary, SummaryKey, Timestamp, add};

impl Draft<'_> {
    /// Adds `count` occurrences to a summary (`EVT-3`, `PUR-3`).
    pub(crate) fn summarise(
        &mut self,
        key: SummaryKey,
        at: Timestamp,
        count: u64,
        revenue: &serde_json::Number,
    ) {
        let current = match self.summaries.get(&key) {
            Some(summary) => Some(summary.clone()),
            None if self.is_new(key.profile) => None,
            None => match self.loaded.summaries.get(&key) {
                Some(summary) => summary.clone(),
                None => {
                    self.missing.summaries.push(key.clone());
                    self.is_missing = true;
                    None
                }
            },
        };
        let next = match current {
            Some(known) => Summary {
                count: known.count.saturating_add(count),
                first: known.first.min(at),
                last: known.last.max(at),
                revenue: add(&known.revenue, revenue).unwrap_or(known.revenue),
            },
            None => Summary { count, first: at, last: at, revenue: revenue.clone() },
        };
        self.summaries.insert(key, next);
    }

    pub(crate) fn append_event(&mut self, row: EventRow) {
        self.names.note(NameKind::Event, &row.name, || None);
        let key = SummaryKey { profile: row.profile, of: Occurrence::Event, name: Arc::clone(&row.name) };
        self.summarise(key, row.at, 1, &serde_json::Number::from(0));
        self.change.events.push(row);
    }

    pub(crate) fn append_purchase(&mut self, row: PurchaseRow, revenue: &serde_json::Number) {
        self.names.note(NameKind::Product, &row.product, || None);
        let key =
            SummaryKey { profile: row.profile, of: Occurrence::Purchase, name: Arc::clone(&row.product) };
        self.summarise(key, row.at, u64::from(row.quantity), revenue);
        self.change.purchases.push(row);
    }
}
