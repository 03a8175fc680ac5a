//! The working copy of a decision: what was loaded, with the changes of the items so far on top.
//!
//! Items of one batch are applied in order, each seeing the ones before it. Whatever a rule needs that was not loaded
//! is noted in `missing`; the decision then ends in [`Decision::NeedMore`] and runs again on more.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::{
    Actor, AddressState, Alias, Buckets, ChangeSet, ChannelId, Email, Evidence, Fresh, Friendship, InboxKey,
    InboxState, JournalEntry, JournalKind, Key, Keys, LedgerSecret, LineUserId, Loaded, Occasion, OwnStates,
    Phone, Profile, ProfileId, Settings, Summary, SummaryKey, Timestamp, catalogue::Names,
    decide_duplicates::Converged, decide_friendship,
};

mod erased;
mod finish;
mod joins;
mod occurrences;
mod states;
mod waiting;

pub(crate) use states::{Remade, StateName};

struct Edited {
    base: Option<Arc<Profile>>,
    profile: Profile,
    touched: bool,
    fate: Fate,
}

/// What becomes of a profile by this decision.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    /// It is back after having been part of another.
    Restored,
    /// It is part of another now.
    Retired,
    /// It is no more.
    Erased,
}

/// See the module's text.
pub(crate) struct Draft<'a> {
    loaded: &'a Loaded,
    fresh: Fresh,
    pub(crate) actor: Actor,
    pub(crate) settings: Arc<Settings>,
    buckets: Buckets,
    has_erasures: bool,
    ledger_secret: LedgerSecret,
    edited: BTreeMap<ProfileId, Edited>,
    gained: HashMap<Key, Vec<ProfileId>>,
    lost: HashSet<(Key, ProfileId)>,
    /// `None`: the address has no such state any more.
    states: HashMap<StateName, Option<AddressState>>,
    /// The logged write that is being made: states of addresses that it writes are told there.
    open_log: Option<usize>,
    /// The survivor that is being written to, and which of its sides the write names: what it tells is that side's history.
    pub(crate) open_side: Option<(ProfileId, ProfileId)>,
    /// States that profiles which are back held themselves before.
    held_before: BTreeMap<ProfileId, OwnStates>,
    /// What the write that is being made again may do.
    pub(crate) remade: Option<Remade>,
    /// When what became of states is told to have happened, if not when it was said (undo).
    pub(crate) told_at: Option<Timestamp>,
    friendships: HashMap<(LineUserId, ChannelId), Friendship>,
    summaries: HashMap<SummaryKey, Summary>,
    pub(crate) names: Names,
    missing: Keys,
    is_missing: bool,
    /// Followers that became part of a user by themselves, so far.
    pub(crate) converged: Vec<Converged>,
    pub(crate) change: ChangeSet,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(loaded: &'a Loaded, occasion: &Occasion) -> Self {
        Self {
            loaded,
            fresh: occasion.fresh.clone(),
            actor: occasion.actor.clone(),
            settings: Arc::clone(&occasion.settings),
            buckets: occasion.buckets,
            has_erasures: occasion.has_erasures,
            ledger_secret: occasion.ledger,
            edited: BTreeMap::new(),
            gained: HashMap::new(),
            lost: HashSet::new(),
            states: HashMap::new(),
            open_log: None,
            open_side: None,
            held_before: BTreeMap::new(),
            remade: None,
            told_at: None,
            friendships: HashMap::new(),
            summaries: HashMap::new(),
            names: Names::default(),
            missing: Keys::default(),
            is_missing: false,
            converged: Vec::new(),
            change: ChangeSet::default(),
        }
    }

    /// Who holds the key now, ascending by id.
    pub(crate) fn holders(&mut self, key: &Key) -> Vec<ProfileId> {
        let Some(loaded) = self.loaded.holders.get(key) else {
            self.missing.identifiers.push(key.clone());
            self.is_missing = true;
            return self.gained.get(key).cloned().unwrap_or_default();
        };
        if self.gained.is_empty() && self.lost.is_empty() {
            return loaded.clone();
        }
        let mut holders: Vec<_> =
            loaded.iter().copied().filter(|id| !self.lost.contains(&(key.clone(), *id))).collect();
        if let Some(gained) = self.gained.get(key) {
            holders.extend(gained.iter().copied().filter(|id| !loaded.contains(id)));
            holders.sort_unstable();
        }
        holders
    }

    /// The profile as it is now. `None`: not loaded.
    pub(crate) fn profile(&self, id: ProfileId) -> Option<&Profile> {
        match self.edited.get(&id) {
            Some(edited) => (!matches!(edited.fate, Fate::Retired | Fate::Erased)).then_some(&edited.profile),
            None => self.loaded.profiles.get(&id).map(Arc::as_ref),
        }
    }

    /// Whether `id` names a profile, which must have been asked for or be new.
    pub(crate) fn exists(&mut self, id: ProfileId) -> bool {
        if self.profile(id).is_some() {
            return true;
        }
        if !self.loaded.asked_profiles.contains(&id) && !self.edited.contains_key(&id) {
            self.missing.profiles.push(id);
            self.is_missing = true;
        }
        false
    }

    /// Makes an empty profile, for life in the bucket of the identifier that makes it.
    pub(crate) fn create(&mut self, at: Timestamp, found_by: &Key) -> ProfileId {
        let id = self.fresh.profile_id(self.buckets.of(found_by.value.as_bytes()));
        let profile = Profile { origin: Some(self.actor.clone()), ..Profile::new(id, at) };
        self.edited.insert(id, Edited { base: None, profile, touched: true, fate: Fate::Stays });
        id
    }

    /// Turns to an item of a batch: its ids depend on its place alone.
    pub(crate) fn turn_to(&mut self, occasion: &Occasion, place: usize) {
        self.fresh = occasion.fresh.of_item(place as u64);
    }

    /// Whether the profile is made by this decision.
    pub(crate) fn is_new(&self, id: ProfileId) -> bool {
        self.edited.get(&id).is_some_and(|edited| edited.base.is_none())
    }

    /// Changes a profile's own row. `change` says whether anything changed; then `updated_at` becomes `at`, if later.
    /// Identifiers are changed by the functions below, never here.
    pub(crate) fn edit(
        &mut self,
        id: ProfileId,
        at: Timestamp,
        change: impl FnOnce(&mut Profile) -> bool,
    ) -> bool {
        let Some(edited) = Self::open(&mut self.edited, self.loaded, id) else { return false };
        let changed = change(&mut edited.profile);
        if changed {
            edited.touched = true;
            // Never back: a clock may step back, and requests overtake each other.
            edited.profile.updated_at = at.max(edited.profile.updated_at);
        }
        changed
    }

    fn open<'e>(
        edited: &'e mut BTreeMap<ProfileId, Edited>,
        loaded: &Loaded,
        id: ProfileId,
    ) -> Option<&'e mut Edited> {
        use std::collections::btree_map::Entry;
        Some(match edited.entry(id) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let base = Arc::clone(loaded.profiles.get(&id)?);
                entry.insert(Edited {
                    profile: (*base).clone(),
                    base: Some(base),
                    touched: false,
                    fate: Fate::Stays,
                })
            }
        })
    }

    /// Moves a key from or to a profile, for look-ups by later items.
    fn shift(&mut self, id: ProfileId, old: Option<Key>, new: Option<Key>) {
        if old == new {
            return;
        }
        if let Some(old) = old {
            if let Some(holders) = self.gained.get_mut(&old) {
                holders.retain(|holder| *holder != id);
            }
            self.lost.insert((old, id));
        }
        if let Some(new) = new {
            self.lost.remove(&(new.clone(), id));
            let holders = self.gained.entry(new).or_default();
            if !holders.contains(&id) {
                holders.push(id);
            }
        }
    }

    pub(crate) fn set_external_id(&mut self, id: ProfileId, value: &str, at: Timestamp) {
        self.edit(id, at, |profile| {
            profile.external_id = Some(value.to_owned());
            true
        });
        self.shift(id, None, Some(Key::external_id(value)));
    }

    pub(crate) fn add_alias(&mut self, id: ProfileId, alias: &Alias, at: Timestamp) {
        self.edit(id, at, |profile| {
            let place = profile.aliases.partition_point(|known| known.label < alias.label);
            profile.aliases.insert(place, alias.clone());
            true
        });
        self.shift(id, None, Some(Key::alias(alias)));
    }

    pub(crate) fn remove_alias(&mut self, id: ProfileId, alias: &Alias, at: Timestamp) {
        self.edit(id, at, |profile| {
            let before = profile.aliases.len();
            profile.aliases.retain(|known| known != alias);
            profile.aliases.len() < before
        });
        self.shift(id, Some(Key::alias(alias)), None);
    }

    /// Sets or clears the email. States the profile held itself move to an address that has none (an opt-out is not
    /// lost by learning the address).
    pub(crate) fn set_email(&mut self, id: ProfileId, email: Option<&Email>, at: Timestamp) -> bool {
        let Some(old) = self.profile(id).map(|profile| profile.email.clone()) else { return false };
        if old.as_ref() == email {
            return false;
        }
        self.edit(id, at, |profile| {
            profile.email = email.cloned();
            true
        });
        self.shift(id, old.as_ref().map(Key::email), email.map(Key::email));
        true
    }

    pub(crate) fn set_phone(&mut self, id: ProfileId, phone: Option<&Phone>, at: Timestamp) -> bool {
        let Some(old) = self.profile(id).map(|profile| profile.phone.clone()) else { return false };
        if old.as_ref() == phone {
            return false;
        }
        self.edit(id, at, |profile| {
            profile.phone = phone.cloned();
            true
        });
        self.shift(id, old.as_ref().and_then(Key::phone), phone.and_then(Key::phone));
        true
    }

    /// Sets or clears `native_line_id` on the row and its key, without the rules around it (see `line_id_rules`).
    pub(crate) fn put_line_id(&mut self, id: ProfileId, line_id: Option<&LineUserId>, at: Timestamp) {
        let old = self.profile(id).and_then(|profile| profile.line_id.clone());
        self.edit(id, at, |profile| {
            profile.line_id = line_id.cloned();
            true
        });
        self.shift(id, old.as_ref().map(Key::line_id), line_id.map(Key::line_id));
    }

    /// Friendships of a LINE user as they are now.
    pub(crate) fn is_subscribed_anywhere(&mut self, user: &LineUserId) -> bool {
        let Some(loaded) = self.loaded.friendships.get(user) else {
            self.missing.line_users.push(user.clone());
            self.is_missing = true;
            return false;
        };
        let mut states: BTreeMap<&ChannelId, crate::GroupState> =
            loaded.iter().map(|(channel, friendship)| (channel, friendship.state)).collect();
        for ((who, channel), friendship) in &self.friendships {
            if who == user {
                states.insert(channel, friendship.state);
            }
        }
        states.values().any(|state| *state == crate::GroupState::Subscribed)
    }

    /// Lets evidence act on the register; the new row if it did.
    pub(crate) fn weigh(
        &mut self,
        channel: &ChannelId,
        user: &LineUserId,
        evidence: &Evidence,
    ) -> Option<(Option<crate::GroupState>, crate::GroupState)> {
        let name = (user.clone(), channel.clone());
        let current = match self.friendships.get(&name) {
            Some(current) => Some(current.clone()),
            None => match self.loaded.friendships.get(user) {
                Some(known) => known.get(channel).cloned(),
                None => {
                    self.missing.line_users.push(user.clone());
                    self.is_missing = true;
                    return None;
                }
            },
        };
        let next = decide_friendship(current.as_ref(), channel, user, evidence)?;
        let moved = (current.map(|current| current.state), next.state);
        self.friendships.insert(name, next);
        Some(moved)
    }

    /// State of an inbox row; outer `None` in the map means it is unknown.
    pub(crate) fn inbox_state(&mut self, key: &InboxKey) -> Option<InboxState> {
        match self.loaded.inbox.get(key) {
            Some(state) => *state,
            None => {
                self.missing.inbox.push(key.clone());
                self.is_missing = true;
                None
            }
        }
    }

    /// Tells a profile's history. What a write to a survivor that may still come apart tells belongs to the side that the
    /// write named, as the write itself does; and when an undo makes the write again, it is told already.
    pub(crate) fn note(
        &mut self,
        profile: ProfileId,
        at: Timestamp,
        kind: JournalKind,
        other: Option<ProfileId>,
        detail: serde_json::Value,
    ) {
        let side = self.open_side.filter(|(survivor, _)| *survivor == profile && kind.is_of_a_write());
        if side.is_some() && self.remade.is_some() {
            return;
        }
        let profile = side.map_or(profile, |(_, side)| side);
        let actor = self.actor.clone();
        self.change.journal.push(JournalEntry { profile, at, kind, actor, other, detail });
    }
}
