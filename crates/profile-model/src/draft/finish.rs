//! The end of a working copy: what it became, as rows to write.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Draft, Fate};
use crate::Decision;

impl Draft<'_> {
    /// Ends the decision: everything to write, or what must be loaded first.
    pub(crate) fn finish(mut self) -> Decision {
        if self.is_missing {
            return Decision::NeedMore(Box::new(self.missing));
        }
        for (id, edited) in self.edited {
            let keys = edited.profile.keys();
            match edited.base {
                Some(base) if edited.fate == Fate::Retired => {
                    self.change.released.extend(base.keys().into_iter().map(|key| (key, id)));
                    self.change.retired.push((id, base.version));
                }
                Some(base) if edited.fate == Fate::Erased => {
                    self.change.released.extend(base.keys().into_iter().map(|key| (key, id)));
                }
                None if edited.fate == Fate::Erased => {}
                // Made and merged away by one batch: its events need a home under its id.
                None if edited.fate == Fate::Retired => {
                    self.change.retired.push((id, edited.profile.version));
                    self.change.created.push(Arc::new(edited.profile));
                }
                None if edited.fate == Fate::Restored => {
                    self.change.claimed.extend(keys.into_iter().map(|key| (key, id)));
                    self.change.restored.push(Arc::new(edited.profile));
                }
                None => {
                    self.change.claimed.extend(keys.into_iter().map(|key| (key, id)));
                    self.change.created.push(Arc::new(edited.profile));
                }
                Some(_) if !edited.touched => {}
                Some(base) => {
                    let before = base.keys();
                    let gone = before.iter().filter(|key| !keys.contains(key));
                    self.change.released.extend(gone.map(|key| (key.clone(), id)));
                    self.change
                        .claimed
                        .extend(keys.into_iter().filter(|key| !before.contains(key)).map(|key| (key, id)));
                    let mut profile = edited.profile;
                    profile.version = base.version + 1;
                    self.change.updated.push(Arc::new(profile));
                }
            }
        }
        self.change.claimed.sort_unstable();
        self.change.released.sort_unstable();
        self.change.address_states = sorted(self.states, |(name, _)| name.clone());
        self.change.friendships = sorted(self.friendships, |(name, _)| name.clone());
        let mut summaries: Vec<_> = self.summaries.into_iter().collect();
        summaries.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        self.change.summaries = summaries;
        self.change.into()
    }
}

/// Values of a map in the order of their names, so that every writer takes rows in one order.
fn sorted<K: Ord, V>(map: HashMap<K, V>, name: impl Fn(&(K, V)) -> K) -> Vec<V> {
    let mut rows: Vec<(K, V)> = map.into_iter().collect();
    rows.sort_by_key(|row| name(row));
    rows.into_iter().map(|(_, value)| value).collect()
}
