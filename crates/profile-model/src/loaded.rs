//! What a decision asks for, and what it gets: sets by keys.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::{
    Address, AddressState, AnswerKey, ChannelId, Config, DuplicatesId, DuplicatesRun, Friendship, ImportId,
    ImportRun, InboxKey, InboxState, KeptAnswer, Key, LedgerMark, LedgerRow, LineUserId, LoggedWrite,
    MergeId, MergeRecord, Occurrence, Parked, Profile, ProfileId, Summary, SummaryKey, SyncId, SyncRun,
};

mod lookup;

/// What to load, in sets. Duplicates are allowed; order does not matter. The number of statements a backend needs
/// depends on which sets are non-empty, never on how much is in them (over 500 entries: per chunk).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keys {
    /// Find and load every profile that holds one of these.
    pub identifiers: Vec<Key>,
    /// Shared values this unit may write without looking them up. A backend that needs to know the first holder
    /// (the `tie` slot) looks; one with a single writer need not.
    pub claims: Vec<Key>,
    /// Load these profiles.
    pub profiles: Vec<ProfileId>,
    /// States by address.
    pub addresses: Vec<Address>,
    /// Friendships of these LINE users, on every channel of the workspace.
    pub line_users: Vec<LineUserId>,
    /// Summaries of whoever holds the key, under one name each.
    pub summaries_of_holders: Vec<(Key, Occurrence, Arc<str>)>,
    /// Summaries by profile.
    pub summaries: Vec<SummaryKey>,
    /// With every profile found, what is read through it: states of its email address, friendships of its LINE id,
    /// and all summaries of it and of the profiles merged into it.
    pub views: bool,
    /// Inbox rows.
    pub inbox: Vec<InboxKey>,
    /// A sync run.
    pub sync: Option<SyncId>,
    /// The newest sync run of this channel.
    pub sync_of: Option<ChannelId>,
    /// An import.
    pub import: Option<ImportId>,
    /// A run over duplicates.
    pub duplicates: Option<DuplicatesId>,
    /// Erased identifiers.
    pub ledger: Vec<LedgerMark>,
    /// An answer given before.
    pub answer: Option<AnswerKey>,
    /// The whole configuration, read inside the transaction.
    pub config: bool,
    /// Merge records by id.
    pub merges: Vec<MergeId>,
    /// Merge records that name one of these profiles, on either side.
    pub merges_of: Vec<ProfileId>,
    /// Logged writes to these survivors.
    pub merge_log: Vec<ProfileId>,
    /// "Never the same" pairs with one of these profiles.
    pub never_same: Vec<ProfileId>,
    /// Parked groups of duplicates, by the value they share.
    pub parked: Vec<Key>,
    /// Parked groups that name one of these profiles, whatever the value: a walk over what waits, for erasures.
    pub parked_with: Vec<ProfileId>,
}

impl Keys {
    /// Looks for whom an id leads to: see [`Loaded::person`].
    pub fn add_person(&mut self, id: ProfileId) {
        self.profiles.push(id);
        self.identifiers.push(Key::merged(id));
    }

    /// Takes over what else is to be loaded.
    pub fn extend(&mut self, more: Self) {
        self.identifiers.extend(more.identifiers);
        self.claims.extend(more.claims);
        self.profiles.extend(more.profiles);
        self.addresses.extend(more.addresses);
        self.line_users.extend(more.line_users);
        self.summaries_of_holders.extend(more.summaries_of_holders);
        self.summaries.extend(more.summaries);
        self.views |= more.views;
        self.inbox.extend(more.inbox);
        self.sync = more.sync.or(self.sync);
        self.sync_of = more.sync_of.or_else(|| self.sync_of.take());
        self.import = more.import.or(self.import);
        self.duplicates = more.duplicates.or(self.duplicates);
        self.ledger.extend(more.ledger);
        self.answer = more.answer.or(self.answer);
        self.config |= more.config;
        self.merges.extend(more.merges);
        self.merges_of.extend(more.merges_of);
        self.merge_log.extend(more.merge_log);
        self.never_same.extend(more.never_same);
        self.parked.extend(more.parked);
        self.parked_with.extend(more.parked_with);
    }
}

/// What was loaded. A key that was asked for and found nobody has an empty entry; a missing entry was not asked for.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Profiles by id: holders of the identifiers asked for, and those asked by id that exist.
    pub profiles: HashMap<ProfileId, Arc<Profile>>,
    /// Ids asked for (found or not).
    pub asked_profiles: HashSet<ProfileId>,
    /// Who holds each identifier asked for, ascending.
    pub holders: HashMap<Key, Vec<ProfileId>>,
    /// States of each address asked for.
    pub addresses: HashMap<Address, Vec<AddressState>>,
    /// Friendships of each LINE user asked for.
    pub friendships: HashMap<LineUserId, BTreeMap<ChannelId, Friendship>>,
    /// Summaries asked for.
    pub summaries: HashMap<SummaryKey, Option<Summary>>,
    /// With `views`: all summaries of the profiles found and of those merged into them, ordered by profile, kind, name.
    pub all_summaries: Vec<(SummaryKey, Summary)>,
    /// Inbox rows asked for.
    pub inbox: HashMap<InboxKey, Option<InboxState>>,
    /// The sync run asked for.
    pub sync: Option<SyncRun>,
    /// The import asked for.
    pub import: Option<ImportRun>,
    /// The run over duplicates asked for.
    pub duplicates: Option<DuplicatesRun>,
    /// Erased identifiers asked for.
    pub ledger: HashMap<LedgerMark, Option<LedgerRow>>,
    /// The answer asked for.
    pub answer: Option<KeptAnswer>,
    /// The configuration, if asked for.
    pub config: Option<Arc<Config>>,
    /// Merge records asked for by id, and those of profiles asked for.
    pub merges: BTreeMap<MergeId, Option<MergeRecord>>,
    /// Profiles whose merge records were asked for.
    pub asked_merges_of: HashSet<ProfileId>,
    /// Logged writes to each survivor asked for, oldest first.
    pub merge_log: HashMap<ProfileId, Vec<LoggedWrite>>,
    /// Who is never the same person as each profile asked for.
    pub never_same: HashMap<ProfileId, BTreeSet<ProfileId>>,
    /// Parked groups asked for.
    pub parked: HashMap<Key, Option<Parked>>,
    /// Profiles by which parked groups were asked for.
    pub asked_parked_with: HashSet<ProfileId>,
}

impl Loaded {
    /// Marks everything in `keys` as asked for, so that "nobody" differs from "not asked". Backends call it once
    /// after loading.
    pub fn mark_asked(&mut self, keys: &Keys) {
        for key in &keys.identifiers {
            if !self.holders.contains_key(key) {
                self.holders.insert(key.clone(), Vec::new());
            }
        }
        self.asked_profiles.extend(keys.profiles.iter().copied());
        for address in &keys.addresses {
            self.addresses.entry(address.clone()).or_default();
        }
        for user in &keys.line_users {
            self.friendships.entry(user.clone()).or_default();
        }
        for (key, of, name) in &keys.summaries_of_holders {
            for profile in self.holders.get(key).into_iter().flatten() {
                let key = SummaryKey { profile: *profile, of: *of, name: Arc::clone(name) };
                self.summaries.entry(key).or_default();
            }
        }
        for key in &keys.summaries {
            self.summaries.entry(key.clone()).or_default();
        }
        for key in &keys.inbox {
            self.inbox.entry(key.clone()).or_default();
        }
        for id in &keys.merges {
            self.merges.entry(*id).or_default();
        }
        self.asked_merges_of.extend(keys.merges_of.iter().copied());
        for id in &keys.merge_log {
            self.merge_log.entry(*id).or_default();
        }
        for id in &keys.never_same {
            self.never_same.entry(*id).or_default();
        }
        for mark in &keys.ledger {
            self.ledger.entry(*mark).or_default();
        }
        for key in &keys.parked {
            self.parked.entry(key.clone()).or_default();
        }
        self.asked_parked_with.extend(keys.parked_with.iter().copied());
    }

    /// Takes over what a second round of loading brought.
    pub fn extend(&mut self, more: Self) {
        self.profiles.extend(more.profiles);
        self.asked_profiles.extend(more.asked_profiles);
        self.holders.extend(more.holders);
        self.addresses.extend(more.addresses);
        self.friendships.extend(more.friendships);
        self.summaries.extend(more.summaries);
        self.all_summaries.extend(more.all_summaries);
        self.all_summaries.sort_by(|left, right| left.0.cmp(&right.0));
        self.all_summaries.dedup_by(|left, right| left.0 == right.0);
        self.inbox.extend(more.inbox);
        self.merges.extend(more.merges);
        self.asked_merges_of.extend(more.asked_merges_of);
        self.merge_log.extend(more.merge_log);
        self.never_same.extend(more.never_same);
        self.parked.extend(more.parked);
        self.asked_parked_with.extend(more.asked_parked_with);
        self.ledger.extend(more.ledger);
        self.sync = more.sync.or_else(|| self.sync.take());
        self.import = more.import.or_else(|| self.import.take());
        self.duplicates = more.duplicates.or_else(|| self.duplicates.take());
        self.answer = more.answer.or_else(|| self.answer.take());
        self.config = more.config.or_else(|| self.config.take());
    }
}
