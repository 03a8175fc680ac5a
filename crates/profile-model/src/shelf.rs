//! Profiles and what belongs to them, in memory: just enough to decide on and to write back to, for tests of decisions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::{
    Actor, Address, AddressState, Alias, Buckets, ChangeSet, ChannelId, Decision, DuplicatesRun, Evidence,
    Fresh, Friendship, GroupState, Key, Keys, LedgerMark, LedgerRow, LedgerSecret, LineUserId, Loaded,
    LoggedWrite, MergeId, MergeRecord, Occasion, Parked, Profile, ProfileId, Settings, Source, StateOf,
    Timestamp, decide_friendship,
};

/// See the module's text.
pub(crate) struct Shelf {
    pub(crate) profiles: BTreeMap<ProfileId, Arc<Profile>>,
    pub(crate) merges: BTreeMap<MergeId, MergeRecord>,
    pub(crate) log: Vec<LoggedWrite>,
    pub(crate) never_same: BTreeSet<(ProfileId, ProfileId)>,
    pub(crate) states: HashMap<(Address, StateOf), AddressState>,
    pub(crate) friendships: BTreeMap<(LineUserId, ChannelId), Friendship>,
    pub(crate) ledger: HashMap<LedgerMark, LedgerRow>,
    pub(crate) parked: HashMap<Key, Parked>,
    pub(crate) duplicates: Option<DuplicatesRun>,
    /// The change set of the last decision that wrote.
    pub(crate) last: ChangeSet,
    pub(crate) settings: Settings,
    pub(crate) now: Timestamp,
    pub(crate) seed: u64,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        Self {
            profiles: BTreeMap::new(),
            merges: BTreeMap::new(),
            log: Vec::new(),
            never_same: BTreeSet::new(),
            states: HashMap::new(),
            friendships: BTreeMap::new(),
            ledger: HashMap::new(),
            parked: HashMap::new(),
            duplicates: None,
            last: ChangeSet::default(),
            settings: Settings::default(),
            now: Timestamp::from_millis(1_700_000_000_000),
            seed: 0,
        }
    }

    /// Puts a profile, updated a second after the one before.
    pub(crate) fn put(&mut self, make: impl FnOnce(&mut Profile)) -> ProfileId {
        self.now = self.now.plus_micros(1_000_000);
        self.seed += 1;
        let mut profile = Profile::new(Fresh::new(self.now, self.seed).profile_id(0), self.now);
        make(&mut profile);
        let id = profile.id;
        self.profiles.insert(id, Arc::new(profile));
        id
    }

    pub(crate) fn user(&mut self, external_id: &str) -> ProfileId {
        self.put(|profile| profile.external_id = Some(external_id.to_owned()))
    }

    pub(crate) fn alias_only(&mut self, label: &str, name: &str) -> ProfileId {
        self.put(|profile| profile.aliases = vec![alias(label, name)])
    }

    /// Lets a LINE user follow channel 1, without any profile.
    pub(crate) fn follow(&mut self, user: &LineUserId) {
        let channel = ChannelId("1".into());
        let evidence = Evidence { state: GroupState::Subscribed, at: self.now, source: Source::Snapshot };
        if let Some(friendship) = decide_friendship(None, &channel, user, &evidence) {
            self.friendships.insert((user.clone(), channel), friendship);
        }
    }

    pub(crate) fn get(&self, id: ProfileId) -> &Profile {
        &self.profiles[&id]
    }

    /// Who holds an identifier.
    pub(crate) fn holders(&self, key: &Key) -> Vec<ProfileId> {
        self.profiles
            .values()
            .filter(|profile| profile.keys().contains(key))
            .map(|profile| profile.id)
            .collect()
    }

    fn load(&self, keys: &Keys, loaded: &mut Loaded) {
        let mut found = Loaded::default();
        let mut wanted: BTreeSet<_> = keys.profiles.iter().copied().collect();
        for key in &keys.identifiers {
            let holders = self.holders(key);
            wanted.extend(&holders);
            found.holders.insert(key.clone(), holders);
        }
        found.profiles = wanted.iter().filter_map(|id| Some((*id, self.profiles.get(id)?.clone()))).collect();
        for address in &keys.addresses {
            let states = self.states.values().filter(|state| state.address == *address).cloned();
            found.addresses.insert(address.clone(), states.collect());
        }
        for user in &keys.line_users {
            let theirs = self.friendships.iter().filter(|((who, _), _)| who == user);
            let theirs = theirs.map(|((_, channel), friendship)| (channel.clone(), friendship.clone()));
            found.friendships.insert(user.clone(), theirs.collect());
        }
        for id in &keys.merges {
            found.merges.insert(*id, self.merges.get(id).cloned());
        }
        for id in &keys.merge_log {
            let log = self.log.iter().filter(|write| write.survivor == *id).cloned().collect();
            found.merge_log.insert(*id, log);
        }
        for id in &keys.never_same {
            let others = self.never_same.iter().filter_map(|(low, high)| match id {
                id if id == low => Some(*high),
                id if id == high => Some(*low),
                _ => None,
            });
            found.never_same.insert(*id, others.collect());
        }
        for mark in &keys.ledger {
            found.ledger.insert(*mark, self.ledger.get(mark).cloned());
        }
        for key in &keys.parked {
            found.parked.insert(key.clone(), self.parked.get(key).cloned());
        }
        let names = |parked: &&Parked| parked.members.iter().any(|id| keys.parked_with.contains(id));
        let named = self.parked.values().filter(names);
        found.parked.extend(named.map(|parked| (parked.key.clone(), Some(parked.clone()))));
        if keys.duplicates.is_some() {
            found.duplicates.clone_from(&self.duplicates);
        }
        found.mark_asked(keys);
        loaded.extend(found);
    }

    /// What the next decision rests on.
    pub(crate) fn occasion(&self) -> Occasion {
        Occasion {
            now: self.now,
            fresh: Fresh::new(self.now, self.seed),
            actor: Actor::new("api", "test"),
            settings: Arc::new(self.settings.clone()),
            buckets: Buckets::ONE,
            has_erasures: !self.ledger.is_empty(),
            ledger: LedgerSecret::derive("test"),
        }
    }

    /// Decides as a backend would, in at most four rounds; what is decided, not written.
    pub(crate) fn ask<T>(
        &mut self,
        keys: Keys,
        decide: impl Fn(&Loaded, &Occasion) -> (Decision, T),
    ) -> (Decision, T) {
        self.now = self.now.plus_micros(1_000_000);
        self.seed += 1;
        let occasion = self.occasion();
        let (mut keys, mut loaded) = (keys, Loaded::default());
        for _ in 0..4 {
            self.load(&keys, &mut loaded);
            match decide(&loaded, &occasion) {
                (Decision::NeedMore(more), _) => keys = *more,
                decided => return decided,
            }
        }
        panic!("more than four rounds of loading");
    }

    /// The same, and writes.
    pub(crate) fn run<T>(&mut self, keys: Keys, decide: impl Fn(&Loaded, &Occasion) -> (Decision, T)) -> T {
        let (decision, answer) = self.ask(keys, decide);
        if let Decision::Write(change) = decision {
            self.write(&change);
            self.last = *change;
        }
        answer
    }

    fn write(&mut self, change: &ChangeSet) {
        for (id, _) in &change.retired {
            self.profiles.remove(id);
        }
        for profile in change.created.iter().chain(&change.updated).chain(&change.restored) {
            if !change.retired.iter().any(|(id, _)| *id == profile.id) {
                self.profiles.insert(profile.id, Arc::clone(profile));
            }
        }
        for erasure in &change.erasures {
            self.profiles.remove(&erasure.profile);
            self.friendships.retain(|(user, _), _| !erasure.line_users.contains(user));
            self.parked.retain(|key, _| !erasure.keys.contains(key));
        }
        self.ledger.extend(change.ledger.iter().map(|row| (row.mark, row.clone())));
        for (address, of) in &change.address_states_removed {
            self.states.remove(&(address.clone(), *of));
        }
        for state in &change.address_states {
            self.states.insert((state.address.clone(), state.of), state.clone());
        }
        for friendship in &change.friendships {
            self.friendships
                .insert((friendship.user.clone(), friendship.channel.clone()), friendship.clone());
        }
        self.merges.extend(change.merges.iter().map(|record| (record.id, record.clone())));
        for (survivor, since) in &change.merge_log_cleared {
            self.log.retain(|write| write.survivor != *survivor || write.at < *since);
        }
        self.log.extend(change.merge_log.iter().cloned());
        self.never_same.retain(|pair| !change.never_same_lifted.contains(pair));
        self.never_same.extend(change.never_same.iter().copied());
        self.parked.retain(|key, _| !change.unparked.contains(key));
        self.parked.extend(change.parked.iter().map(|group| (group.key.clone(), group.clone())));
        if change.duplicates.is_some() {
            self.duplicates.clone_from(&change.duplicates);
        }
    }
}

pub(crate) fn alias(label: &str, name: &str) -> Alias {
    Alias { label: label.into(), name: name.into() }
}

pub(crate) fn line_id(number: u8) -> LineUserId {
    LineUserId::from_stored(format!("U{number:032x}"))
}
