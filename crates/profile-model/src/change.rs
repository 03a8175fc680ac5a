//! What a decision wants written: plain data, applied by a backend in one transaction.

use std::sync::Arc;

use crate::{
    Address, AddressState, ConfigChange, Consent, DuplicatesRun, Erasure, ErasureId, EventRow, Friendship,
    ImportIssue, ImportRun, InboxKey, InboxRow, InboxState, JournalEntry, KeptAnswer, Key, Keys, LedgerRow,
    LoggedWrite, MergeRecord, Named, Parked, Profile, ProfileId, PurchaseRow, StateOf, Summary, SummaryKey,
    SyncRun, Timestamp,
};

/// Everything one unit changes. Rows are absolute (new values, not deltas); backends add no rule of their own.
///
/// Apply order: released, updated, created, restored, claimed, retired, the rest (clearing before putting). A short count of `updated` (version moved, row gone)
/// or a taken unique key in `claimed` is a conflict: roll back, load and decide again.
#[derive(Clone, Debug, Default)]
pub struct ChangeSet {
    /// New profiles.
    pub created: Vec<Arc<Profile>>,
    /// Whole new rows of existing profiles; `version` is the loaded one plus one. Updated, never upserted.
    pub updated: Vec<Arc<Profile>>,
    /// Profiles that became part of another, with the loaded version: the row goes, its events stay under its id.
    pub retired: Vec<(ProfileId, u64)>,
    /// Retired profiles that come back by an undo: whole rows under their old id.
    pub restored: Vec<Arc<Profile>>,
    /// Look-up rows to insert, of new and updated profiles.
    pub claimed: Vec<(Key, ProfileId)>,
    /// Look-up rows to delete.
    pub released: Vec<(Key, ProfileId)>,
    /// Events to append.
    pub events: Vec<EventRow>,
    /// Purchases to append.
    pub purchases: Vec<PurchaseRow>,
    /// Summaries to put.
    pub summaries: Vec<(SummaryKey, Summary)>,
    /// Address states to put.
    pub address_states: Vec<AddressState>,
    /// Changes of states, for the record.
    pub consents: Vec<Consent>,
    /// Address states to remove, so that the address has none again.
    pub address_states_removed: Vec<(Address, StateOf)>,
    /// Friendships to put.
    pub friendships: Vec<Friendship>,
    /// Inbox rows to insert.
    pub inbox: Vec<InboxRow>,
    /// Pending inbox rows whose effect is in this change set: new state and note.
    pub inbox_settled: Vec<(InboxKey, InboxState, Option<String>)>,
    /// Inbox rows that lose user and body: they are about somebody who was erased.
    pub inbox_emptied: Vec<InboxKey>,
    /// Journal entries to append.
    pub journal: Vec<JournalEntry>,
    /// Merge records to put.
    pub merges: Vec<MergeRecord>,
    /// Logged writes to forget: those to this survivor from this time on.
    pub merge_log_cleared: Vec<(ProfileId, Timestamp)>,
    /// Writes to survivors to append to the log.
    pub merge_log: Vec<LoggedWrite>,
    /// Pairs that rules may join again, smaller id first; before others are put.
    pub never_same_lifted: Vec<(ProfileId, ProfileId)>,
    /// Pairs that are never the same person, smaller id first.
    pub never_same: Vec<(ProfileId, ProfileId)>,
    /// Parked groups to remove, by their value; before others are put.
    pub unparked: Vec<Key>,
    /// Parked groups to put.
    pub parked: Vec<Parked>,
    /// A sync run to put.
    pub sync: Option<SyncRun>,
    /// An import to put.
    pub import: Option<ImportRun>,
    /// Report lines of that import to append.
    pub import_issues: Vec<ImportIssue>,
    /// Whom to erase; the look-up rows are in `released`.
    pub erasures: Vec<Erasure>,
    /// Erased identifiers to put.
    pub ledger: Vec<LedgerRow>,
    /// Suppressions to lift: the identifiers of these erasures are welcome again.
    pub lifted: Vec<ErasureId>,
    /// A run over duplicates to put.
    pub duplicates: Option<DuplicatesRun>,
    /// Names met for the first time on their profile. Those known already are left as they are: the first type stays.
    pub names: Vec<Named>,
    /// An answer to keep, in place of all that are too old (given before the time beside it).
    pub answer: Option<(KeptAnswer, Timestamp)>,
    /// Configuration changes; any raises the revision by one.
    pub config: Vec<ConfigChange>,
}

impl ChangeSet {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.updated.is_empty() && self.is_updates_only()
    }

    /// Whether nothing but [`ChangeSet::updated`] is to be written.
    #[must_use]
    pub fn is_updates_only(&self) -> bool {
        self.created.is_empty()
            && self.claimed.is_empty()
            && self.released.is_empty()
            && self.events.is_empty()
            && self.purchases.is_empty()
            && self.summaries.is_empty()
            && self.address_states.is_empty()
            && self.friendships.is_empty()
            && self.inbox.is_empty()
            && self.inbox_settled.is_empty()
            && self.inbox_emptied.is_empty()
            && self.journal.is_empty()
            && self.consents.is_empty()
            && self.retired.is_empty()
            && self.restored.is_empty()
            && self.address_states_removed.is_empty()
            && self.merges.is_empty()
            && self.merge_log_cleared.is_empty()
            && self.merge_log.is_empty()
            && self.never_same_lifted.is_empty()
            && self.never_same.is_empty()
            && self.unparked.is_empty()
            && self.parked.is_empty()
            && self.sync.is_none()
            && self.import.is_none()
            && self.duplicates.is_none()
            && self.names.is_empty()
            && self.answer.is_none()
            && self.erasures.is_empty()
            && self.ledger.is_empty()
            && self.lifted.is_empty()
            && self.import_issues.is_empty()
            && self.config.is_empty()
    }
}

/// What a decision says to the backend.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Write this and commit.
    Write(Box<ChangeSet>),
    /// Nothing to write.
    Nothing,
    /// Load these too and decide again. Almost always one extra round; operations of a batch that build on each other
    /// may need one more each, up to four.
    NeedMore(Box<Keys>),
}

impl From<ChangeSet> for Decision {
    fn from(change: ChangeSet) -> Self {
        if change.is_empty() { Self::Nothing } else { Self::Write(Box::new(change)) }
    }
}
