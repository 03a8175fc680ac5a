use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use super::*;
use crate::{
    Actor, Address, AddressState, Alias, ChannelId, Email, Fresh, Friendship, GroupState, Key, Keys,
    LedgerSecret, LineUserId, LoggedWrite, MergeRecord, Phone, Settings, StateOf, parse_identify,
    parse_merges,
};

mod identify;
mod merges;
mod names;
mod pick;
mod undo;

/// Profiles and what merges leave, in memory: just enough to decide on and to write back to.
struct Shelf {
    profiles: BTreeMap<ProfileId, Arc<Profile>>,
    merges: BTreeMap<MergeId, MergeRecord>,
    log: Vec<LoggedWrite>,
    never_same: BTreeSet<(ProfileId, ProfileId)>,
    states: HashMap<(Address, StateOf), AddressState>,
    followers: BTreeSet<LineUserId>,
    settings: Settings,
    now: Timestamp,
    seed: u64,
}

impl Shelf {
    fn new() -> Self {
        Self {
            profiles: BTreeMap::new(),
            merges: BTreeMap::new(),
            log: Vec::new(),
            never_same: BTreeSet::new(),
            states: HashMap::new(),
            followers: BTreeSet::new(),
            settings: Settings::default(),
            now: Timestamp::from_millis(1_700_000_000_000),
            seed: 0,
        }
    }

    /// Puts a profile, updated a second after the one before.
    fn put(&mut self, make: impl FnOnce(&mut Profile)) -> ProfileId {
        self.now = self.now.plus_micros(1_000_000);
        self.seed += 1;
        let mut profile = Profile::new(Fresh::new(self.now, self.seed).profile_id(0), self.now);
        make(&mut profile);
        let id = profile.id;
        self.profiles.insert(id, Arc::new(profile));
        id
    }

    fn user(&mut self, external_id: &str) -> ProfileId {
        self.put(|profile| profile.external_id = Some(external_id.to_owned()))
    }

    fn alias_only(&mut self, label: &str, name: &str) -> ProfileId {
        self.put(|profile| profile.aliases = vec![alias(label, name)])
    }

    fn get(&self, id: ProfileId) -> &Profile {
        &self.profiles[&id]
    }

    fn load(&self, keys: &Keys, loaded: &mut Loaded) {
        let mut found = Loaded::default();
        let mut wanted: BTreeSet<_> = keys.profiles.iter().copied().collect();
        for key in &keys.identifiers {
            let holders = self.profiles.values().filter(|profile| profile.keys().contains(key));
            let holders: Vec<_> = holders.map(|profile| profile.id).collect();
            wanted.extend(&holders);
            found.holders.insert(key.clone(), holders);
        }
        found.profiles = wanted.iter().filter_map(|id| Some((*id, self.profiles.get(id)?.clone()))).collect();
        for address in &keys.addresses {
            let states = self.states.values().filter(|state| state.address == *address).cloned();
            found.addresses.insert(address.clone(), states.collect());
        }
        for user in keys.line_users.iter().filter(|user| self.followers.contains(user)) {
            let channel = ChannelId("1".into());
            let friendship = Friendship {
                channel: channel.clone(),
                user: user.clone(),
                state: GroupState::Subscribed,
                changed_at: self.now,
                evidence_at: self.now,
                source: crate::Source::Snapshot,
            };
            found.friendships.insert(user.clone(), BTreeMap::from([(channel, friendship)]));
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
        found.mark_asked(keys);
        loaded.extend(found);
    }

    /// Decides as a backend would, in at most four rounds; what is decided, not written.
    fn ask<T>(&mut self, keys: Keys, decide: impl Fn(&Loaded, &Occasion) -> (Decision, T)) -> (Decision, T) {
        self.now = self.now.plus_micros(1_000_000);
        self.seed += 1;
        let occasion = Occasion {
            now: self.now,
            fresh: Fresh::new(self.now, self.seed),
            actor: Actor::new("api", "test"),
            settings: Arc::new(self.settings.clone()),
            has_erasures: false,
            ledger: LedgerSecret::derive("test"),
        };
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
    fn run<T>(&mut self, keys: Keys, decide: impl Fn(&Loaded, &Occasion) -> (Decision, T)) -> T {
        let (decision, answer) = self.ask(keys, decide);
        let Decision::Write(change) = decision else { return answer };
        for (id, _) in &change.retired {
            self.profiles.remove(id);
        }
        for profile in change.created.iter().chain(&change.updated).chain(&change.restored) {
            if !change.retired.iter().any(|(id, _)| *id == profile.id) {
                self.profiles.insert(profile.id, Arc::clone(profile));
            }
        }
        for (address, of) in &change.address_states_removed {
            self.states.remove(&(address.clone(), *of));
        }
        for state in &change.address_states {
            self.states.insert((state.address.clone(), state.of), state.clone());
        }
        self.merges.extend(change.merges.iter().map(|record| (record.id, record.clone())));
        for (survivor, since) in &change.merge_log_cleared {
            self.log.retain(|write| write.survivor != *survivor || write.at < *since);
        }
        self.log.extend(change.merge_log.iter().cloned());
        self.never_same.extend(change.never_same.iter().copied());
        answer
    }

    fn identify(&mut self, body: &Value) -> Vec<IdentityOutcome> {
        let items = parse_identify(body, &self.settings).unwrap().items;
        let decide = |loaded: &Loaded, occasion: &Occasion| {
            decide_identify(&items, loaded, occasion, &Manner::default())
        };
        self.run(identify_keys(&items), decide).outcomes
    }

    fn merge(&mut self, sides: &[(Value, Value)]) -> Vec<IdentityOutcome> {
        let updates = sides
            .iter()
            .map(|(from, to)| json!({"identifier_to_merge": from, "identifier_to_keep": to}))
            .collect::<Vec<_>>();
        let items = parse_merges(&json!({"merge_updates": updates}), &self.settings).unwrap();
        let decide = |loaded: &Loaded, occasion: &Occasion| {
            decide_merges(&items, loaded, occasion, &Manner::default())
        };
        self.run(merge_keys(&items), decide).outcomes
    }

    /// Merges user `from` into user `to`.
    fn join(&mut self, from: &str, to: &str) -> MergeId {
        self.merge(&[(external_id(from), external_id(to))])[0].merge.unwrap()
    }

    fn undo(&mut self, merge: MergeId) -> UndoOutcome {
        self.run(undo_keys(merge), |loaded, occasion| decide_undo(merge, false, loaded, occasion))
    }
}

fn alias(label: &str, name: &str) -> Alias {
    Alias { label: label.into(), name: name.into() }
}

fn line_id(number: u8) -> LineUserId {
    LineUserId::from_stored(format!("U{number:032x}"))
}

fn external_id(id: &str) -> Value {
    json!({"external_id": id})
}

fn by_alias(external_id: &str, label: &str, name: &str) -> Value {
    json!({"aliases_to_identify": [{"external_id": external_id, "user_alias": alias(label, name)}]})
}

fn told(outcomes: &[IdentityOutcome]) -> Vec<(Done, Option<&'static str>)> {
    outcomes.iter().map(|outcome| (outcome.done, outcome.reason)).collect()
}
