//! The end of a working copy: what it became, as rows to write.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::{Draft, Fate, StateName};
use crate::{
    Actor, Address, Consent, ConsentOf, ConsentTo, Decision, GroupId, GroupState, Key, Keys, OwnStates,
    ProfileId, StateOf, Timestamp, decide_identity::as_global,
};

impl Draft<'_> {
    /// Ends the decision: everything to write, or what must be loaded first.
    pub(crate) fn finish(mut self) -> Decision {
        if self.is_missing {
            // A batch asks for the same again and again.
            let Keys { identifiers, profiles, never_same, parked, .. } = &mut self.missing;
            distinct(identifiers);
            distinct(profiles);
            distinct(never_same);
            distinct(parked);
            return Decision::NeedMore(Box::new(self.missing));
        }
        self.tell_consents();
        for (id, edited) in self.edited {
            let keys = || edited.profile.keys();
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
                    self.change.claimed.extend(keys().into_iter().map(|key| (key, id)));
                    self.change.restored.push(Arc::new(edited.profile));
                }
                None => {
                    self.change.claimed.extend(keys().into_iter().map(|key| (key, id)));
                    self.change.created.push(Arc::new(edited.profile));
                }
                Some(_) if !edited.touched => {}
                Some(base) => {
                    if !edited.profile.is_known_as(&base) {
                        let (gone, new) = moved(base.keys(), keys());
                        self.change.released.extend(gone.into_iter().map(|key| (key, id)));
                        self.change.claimed.extend(new.into_iter().map(|key| (key, id)));
                    }
                    let mut profile = edited.profile;
                    profile.version = base.version + 1;
                    self.change.updated.push(Arc::new(profile));
                }
            }
        }
        self.change.names = self.names.into_rows();
        self.change.claimed = in_order(self.change.claimed);
        self.change.released = in_order(self.change.released);
        let (put, removed): (HashMap<_, _>, HashMap<_, _>) =
            self.states.into_iter().partition(|(_, row)| row.is_some());
        self.change.address_states = sorted(put, |(name, _)| name.clone()).into_iter().flatten().collect();
        let stored = |(address, of): &StateName| {
            self.loaded
                .addresses
                .get(address)
                .is_some_and(|states| states.iter().any(|state| state.of == *of))
        };
        let mut removed: Vec<_> = removed.into_keys().filter(stored).collect();
        removed.sort_unstable();
        self.change.address_states_removed.extend(removed);
        self.change.friendships = sorted(self.friendships, |(name, _)| name.clone());
        let mut summaries: Vec<_> = self.summaries.into_iter().collect();
        summaries.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        self.change.summaries = summaries;
        self.change.into()
    }
}

fn distinct<K: Ord>(keys: &mut Vec<K>) {
    keys.sort_unstable();
    keys.dedup();
}

/// What of the keys of a row is gone, and what is new. A survivor of many merges has a key for each.
pub(super) fn moved(before: Vec<Key>, after: Vec<Key>) -> (Vec<Key>, Vec<Key>) {
    let had: HashSet<Key> = before.iter().cloned().collect();
    let has: HashSet<&Key> = after.iter().collect();
    let gone = before.into_iter().filter(|key| !has.contains(key)).collect();
    (gone, after.iter().filter(|key| !had.contains(*key)).cloned().collect())
}

impl Draft<'_> {
    /// What became of states, for the record: by address, and of profiles that have no such address.
    fn tell_consents(&mut self) {
        let stored = |address: &Address, of: StateOf| {
            let states = self.loaded.addresses.get(address)?;
            states.iter().find(|state| state.of == of).map(|state| state.state)
        };
        let mut told = Vec::new();
        for ((address, of), row) in &self.states {
            let (old, new) = (stored(address, *of), row.as_ref().map(|row| row.state));
            let at = self.told_at.or(row.as_ref().map(|row| row.changed_at));
            if let Some(at) = at.filter(|_| old != new) {
                let (whose, to) = (ConsentOf::Address(address.clone()), ConsentTo::State(*of));
                told.push(Consent { whose, to, old, new, at, actor: self.actor.clone() });
            }
        }
        for (id, edited) in &self.edited {
            let nothing = OwnStates::default();
            let before = edited.base.as_ref().map(|base| &base.own).or(self.held_before.get(id));
            let before = before.unwrap_or(&nothing);
            if matches!(edited.fate, Fate::Stays | Fate::Restored) && edited.profile.own != *before {
                told.extend(own_changes(
                    *id,
                    before,
                    &edited.profile.own,
                    self.told_at.unwrap_or(edited.profile.updated_at),
                    &self.actor,
                ));
            }
        }
        told.sort_by_key(|change| (change.at, change.rank()));
        self.change.consents.extend(told);
    }
}

/// Changes of the states a profile holds itself.
fn own_changes(
    id: ProfileId,
    before: &OwnStates,
    after: &OwnStates,
    at: Timestamp,
    actor: &Actor,
) -> Vec<Consent> {
    let mut changes = Vec::new();
    let mut tell = |to, old, new| {
        if old != new {
            changes.push(Consent { whose: ConsentOf::Profile(id), to, old, new, at, actor: actor.clone() });
        }
    };
    tell(ConsentTo::Push, before.push, after.push);
    tell(ConsentTo::State(StateOf::Global), before.email, after.email);
    for (before, after) in
        [(&before.email_groups, &after.email_groups), (&before.phone_groups, &after.phone_groups)]
    {
        let groups: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for group in groups {
            let state = |states: &BTreeMap<GroupId, GroupState>| states.get(group).copied().map(as_global);
            tell(ConsentTo::State(StateOf::Group(*group)), state(before), state(after));
        }
    }
    changes
}

/// Look-up rows in the order of their keys. Their texts lie all over memory: what decides most comparisons is copied
/// beside each row first.
fn in_order(rows: Vec<(Key, ProfileId)>) -> Vec<(Key, ProfileId)> {
    let mut order: Vec<_> = rows.into_iter().map(|row| (row.0.kind, row.0.first_bytes(), row)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, _, row)| row).collect()
}

/// Values of a map in the order of their names, so that every writer takes rows in one order.
fn sorted<K: Ord, V>(map: HashMap<K, V>, name: impl Fn(&(K, V)) -> K) -> Vec<V> {
    let mut rows: Vec<(K, V)> = map.into_iter().collect();
    rows.sort_by_key(|row| name(row));
    rows.into_iter().map(|(_, value)| value).collect()
}
