//! The storage contract: load sets by keys, apply a change set. Nothing else, and no rule.
//!
//! To add a backend: implement [`Backend`], then run the conformance list (`profile_store::conformance`) on it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use profile_model::{
    Buckets, ChannelId, Config, Decision, ImportId, ImportIssue, ImportRun, InboxKey, InboxRow, Keys, Lease,
    Loaded, SyncId, SyncRun, Timestamp, WorkspaceId,
};

/// Decides on what was loaded. May run more than once (a second round of loading, a retry): it must give the same
/// answer for the same input and keep no state but its last outcome.
pub type Decide = Box<dyn FnMut(&Loaded) -> Decision + Send>;

/// One unit of work: loaded, decided and applied in one transaction, on every retry anew.
pub struct Unit {
    /// Name in logs, traces and metrics, e.g. `track`.
    pub name: &'static str,
    /// Whose data.
    pub workspace: WorkspaceId,
    /// What the decision needs.
    pub keys: Keys,
    /// Whether running it again after an unknown outcome is harmless (it carries its own dedupe key, as inbox events
    /// and job progress do). If not, a connection lost during COMMIT is [`Fault::OutcomeUnknown`].
    pub repeatable: bool,
    /// Bulk work (imports, syncs) yields to interactive work.
    pub lane: Lane,
    /// The decision.
    pub decide: Decide,
}

/// Which queue a unit waits in where a backend has one writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Requests somebody waits for.
    Interactive,
    /// Imports and syncs.
    Bulk,
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unit({})", self.name)
    }
}

/// A unit that committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Whether anything was written.
    pub wrote: bool,
    /// SQL statements that this unit took, without BEGIN and COMMIT (which a group shares).
    pub statements: u32,
    /// How often it had to run again.
    pub retries: u32,
}

/// Why a unit or a load did not happen. Never carries data of a profile.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    /// Busy, locked, connection refused, disk full, shutting down: nothing was written; the caller may try again.
    #[error("storage is unavailable: {0}")]
    Unavailable(String),
    /// The same of a read replica: the primary may well answer.
    #[error("the read replica is unavailable: {0}")]
    ReplicaUnavailable(String),
    /// The connection was lost during COMMIT of a unit that may not be repeated.
    #[error("the outcome of the write is unknown")]
    OutcomeUnknown,
    /// Retries ran out on conflicts; nothing was written.
    #[error("too many conflicting writes")]
    Conflict,
    /// Stored data that cannot be read: table and column, never the value.
    #[error("stored data is inconsistent: {0}")]
    Inconsistent(String),
    /// A request with an idempotency key that was answered before: its answer. Nothing was done.
    #[error("answered before")]
    Told(crate::Told),
    /// An idempotency key that came with another request before. Nothing was done.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// A defect of ours, e.g. a decision that asked for more twice.
    #[error("internal error: {0}")]
    Internal(String),
}

/// A storage backend. Object-safe; every call takes and returns sets.
#[async_trait]
pub trait Backend: crate::Traces + Send + Sync + 'static {
    /// Loads, decides, applies, commits; durable and readable when it returns.
    async fn transact(&self, unit: Unit) -> Result<Applied, Fault>;

    /// Whether units of one lane take effect in the order in which they are handed over, so that one may be on its way
    /// before the one that it builds on is done.
    fn keeps_order(&self) -> bool {
        false
    }

    /// Reads committed data by keys, outside any write.
    async fn load(&self, workspace: WorkspaceId, keys: &Keys) -> Result<Loaded, Fault>;

    /// One page of profiles in id order after `after` (whole-store exports, comparisons).
    async fn scan_profiles(
        &self,
        workspace: WorkspaceId,
        after: Option<profile_model::ProfileId>,
        limit: u32,
    ) -> Result<Vec<Arc<profile_model::Profile>>, Fault>;

    /// One page of friendships in (user, channel) order after `after`.
    async fn scan_friendships(
        &self,
        workspace: WorkspaceId,
        after: Option<(profile_model::LineUserId, ChannelId)>,
        limit: u32,
    ) -> Result<Vec<profile_model::Friendship>, Fault>;

    /// The journals of these profiles, in the order they were written.
    async fn load_journal(
        &self,
        workspace: WorkspaceId,
        profiles: &[profile_model::ProfileId],
    ) -> Result<Vec<profile_model::JournalEntry>, Fault>;

    /// Revision of the configuration: cheap, asked several times a second.
    async fn config_revision(&self) -> Result<u64, Fault>;

    /// The whole configuration.
    async fn load_config(&self) -> Result<Config, Fault>;

    /// Pending inbox rows over all workspaces, oldest first, after `after`.
    async fn scan_inbox_pending(
        &self,
        after: Option<InboxKey>,
        limit: u32,
    ) -> Result<Vec<(WorkspaceId, InboxRow)>, Fault>;

    /// Takes leases on jobs of this kind that are in work and whose lease is free or over; the given owner's own
    /// leases are extended. Returns the jobs now held, oldest first.
    async fn claim_jobs(
        &self,
        kind: JobKind,
        lease: &Lease,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Job>, Fault>;

    /// Gives up the leases of this owner (clean shutdown).
    async fn release_jobs(&self, owner: &str) -> Result<(), Fault>;

    /// A sync run by id.
    async fn load_sync(&self, workspace: WorkspaceId, id: SyncId) -> Result<Option<SyncRun>, Fault>;

    /// An import by id.
    async fn load_import(&self, workspace: WorkspaceId, id: ImportId) -> Result<Option<ImportRun>, Fault>;

    /// One page of an import's report in (line, order) order, after the given row number.
    async fn scan_import_issues(
        &self,
        workspace: WorkspaceId,
        id: ImportId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, ImportIssue)>, Fault>;

    /// One page of values of this kind that more than one profile holds, in the order of the values, after `after`.
    async fn scan_shared(
        &self,
        workspace: WorkspaceId,
        kind: profile_model::Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<profile_model::Shared>, Fault>;

    /// One page of open parked groups, in the order of their ids, after `after`.
    async fn scan_parked(
        &self,
        workspace: WorkspaceId,
        after: Option<profile_model::ParkedId>,
        limit: u32,
    ) -> Result<Vec<profile_model::Parked>, Fault>;

    /// Values of this kind that a parked group shares, whatever its state, in their order: after `after`, up to and with
    /// `until`.
    async fn scan_parked_values(
        &self,
        workspace: WorkspaceId,
        kind: profile_model::Kind,
        after: Option<&str>,
        until: Option<&str>,
        limit: u32,
    ) -> Result<Vec<profile_model::Key>, Fault>;

    /// A parked group by id, in whatever state.
    async fn load_parked(
        &self,
        workspace: WorkspaceId,
        id: profile_model::ParkedId,
    ) -> Result<Option<profile_model::Parked>, Fault>;

    /// A run over duplicates by id.
    async fn load_duplicates(
        &self,
        workspace: WorkspaceId,
        id: profile_model::DuplicatesId,
    ) -> Result<Option<profile_model::DuplicatesRun>, Fault>;

    /// One page of suppressions in the order of their ids, after `after`.
    async fn scan_suppressions(
        &self,
        workspace: WorkspaceId,
        after: Option<profile_model::ErasureId>,
        limit: u32,
    ) -> Result<Vec<profile_model::Suppression>, Fault>;

    /// Subscription changes of these addresses and profiles, in the order they were made.
    async fn load_consents(
        &self,
        workspace: WorkspaceId,
        whose: &[profile_model::ConsentOf],
    ) -> Result<Vec<profile_model::Consent>, Fault>;

    /// One page of names in use, in byte order, after the first `skip`.
    async fn scan_names(
        &self,
        workspace: WorkspaceId,
        kind: profile_model::NameKind,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<profile_model::Named>, Fault>;

    /// Takes the images of merges that can no longer be undone at `now`, over all workspaces, and the logged writes that
    /// only they needed: at most about `limit` rows of each, in one transaction. None of either: nothing is left.
    async fn expire_merges(&self, now: Timestamp, limit: u32) -> Result<Expired, Fault>;

    /// What waits in the database, over all workspaces: for metrics, once in a few seconds.
    async fn backlog(&self) -> Result<crate::Backlog, Fault>;

    /// What this backend counts of its own work.
    fn figures(&self) -> crate::Figures;

    /// Over how many buckets it can spread a workspace.
    fn most_buckets(&self) -> Buckets {
        Buckets::ONE
    }

    /// Whether the database answers and has the schema this binary wants.
    async fn ready(&self) -> Result<(), Fault>;

    /// Stops taking work, finishes what was taken, closes.
    async fn close(&self);
}

/// What [`Backend::expire_merges`] took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Merges that lost their images.
    pub merges: u64,
    /// Logged writes.
    pub writes: u64,
}

impl Expired {
    /// Whether there was nothing to take.
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        self.merges == 0 && self.writes == 0
    }
}

/// Kinds of long jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// Follower syncs.
    Sync,
    /// CSV imports.
    Import,
    /// Rule-based merges of duplicates.
    Duplicates,
}

impl JobKind {
    /// Every kind, in the order of [`crate::Backlog::jobs_open`].
    pub const ALL: [Self; 3] = [Self::Sync, Self::Import, Self::Duplicates];

    /// Its name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Import => "import",
            Self::Duplicates => "duplicates",
        }
    }
}

/// A long job held under a lease.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// A follower sync.
    Sync(WorkspaceId, SyncRun),
    /// A CSV import.
    Import(WorkspaceId, ImportRun),
    /// A rule-based merge of duplicates.
    Duplicates(WorkspaceId, profile_model::DuplicatesRun),
}

/// Runs a decision that has an outcome beside what it writes: the outcome of the run that was committed.
///
/// # Errors
/// As [`Backend::transact`].
pub async fn decide<T: Send + 'static>(
    backend: &dyn Backend,
    work: crate::Work,
    decide: impl FnMut(&Loaded) -> (Decision, T) + Send + 'static,
) -> Result<(T, Applied), Fault> {
    // What was decided on is dropped here, by the caller: a thousand parsed rows are many small pieces of memory, and a
    // backend may have one writer for everybody.
    let shared = Arc::new(std::sync::Mutex::new((decide, None)));
    let inner = Arc::clone(&shared);
    let decide: Decide = Box::new(move |loaded: &Loaded| {
        // Poisoned: the decision panicked, and is not asked again.
        let Ok(mut inner) = inner.lock() else { return Decision::Nothing };
        let (decide, slot) = &mut *inner;
        let (decision, outcome) = decide(loaded);
        *slot = Some(outcome);
        decision
    });
    let crate::Work { name, workspace, lane, repeatable, keys } = work;
    let applied = backend.transact(Unit { name, workspace, keys, repeatable, lane, decide }).await?;
    let outcome = shared.lock().ok().and_then(|mut shared| shared.1.take());
    outcome.map(|outcome| (outcome, applied)).ok_or_else(|| Fault::Internal("no outcome was decided".into()))
}
