//! The working copy's side of parked groups.

use super::Draft;
use crate::{Key, Parked, ParkedId, ProfileId};

impl Draft<'_> {
    /// A fresh id for a parked group.
    pub(crate) fn parked_id(&mut self) -> ParkedId {
        ParkedId(self.fresh.uuid())
    }

    /// The parked group of a value, as it is after the writes so far.
    pub(crate) fn parked(&mut self, key: &Key) -> Option<Parked> {
        if let Some(parked) = self.change.parked.iter().rev().find(|parked| parked.key == *key) {
            return Some(parked.clone());
        }
        if self.change.unparked.contains(key) {
            return None;
        }
        self.loaded.parked.get(key).cloned().unwrap_or_else(|| {
            self.missing.parked.push(key.clone());
            self.is_missing = true;
            None
        })
    }

    /// Parked groups that name one of these profiles, whatever value the group shares.
    pub(crate) fn parked_with(&mut self, members: &[ProfileId]) -> Vec<Parked> {
        let unasked = members.iter().filter(|id| !self.loaded.asked_parked_with.contains(id));
        let unasked: Vec<_> = unasked.copied().collect();
        self.is_missing |= !unasked.is_empty();
        self.missing.parked_with.extend(unasked);
        let mut keys: Vec<_> = self.loaded.parked.iter().filter(|(_, parked)| parked.is_some()).collect();
        keys.sort_unstable_by_key(|(key, _)| *key);
        let keys: Vec<Key> = keys.into_iter().map(|(key, _)| key.clone()).collect();
        let known = keys.iter().filter_map(|key| self.parked(key));
        known.filter(|parked| parked.members.iter().any(|member| members.contains(member))).collect()
    }

    /// Puts a parked group.
    pub(crate) fn park(&mut self, parked: Parked) {
        self.change.parked.retain(|known| known.key != parked.key);
        self.change.parked.push(parked);
    }

    /// Nothing waits for this value any more.
    pub(crate) fn unpark(&mut self, key: &Key) {
        self.change.parked.retain(|known| known.key != *key);
        if !self.change.unparked.contains(key) {
            self.change.unparked.push(key.clone());
        }
    }
}
