//! The backend in memory: the oracle that other backends are compared with. One lock, no disk, no cleverness.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use profile_model::{
    Address, AddressState, AnswerKey, Buckets, ChannelId, Config, Consent, ConsentOf, DataType, Decision,
    DuplicatesId, DuplicatesRun, ErasureId, EventRow, Friendship, ImportId, ImportIssue, ImportRun, InboxKey,
    InboxRow, JournalEntry, KeptAnswer, Key, Keys, Kind, Lease, LedgerMark, LedgerRow, LineUserId, Loaded,
    LoggedWrite, MergeId, MergeRecord, NameKind, Named, Parked, ParkedId, ParkedState, Profile, ProfileId,
    PurchaseRow, Shared, StateOf, Summary, SummaryKey, Suppression, SyncId, SyncRun, Timestamp, WorkspaceId,
};

use crate::{Applied, Backend, Backlog, Expired, Fault, Figures, Job, JobKind, Unit};

mod apply;
mod check;
mod load;
mod traces;

/// Everything of one workspace.
#[derive(Debug, Default)]
struct World {
    profiles: BTreeMap<ProfileId, Arc<Profile>>,
    retired: BTreeSet<ProfileId>,
    merges: BTreeMap<MergeId, MergeRecord>,
    merge_log: Vec<LoggedWrite>,
    never_same: BTreeSet<(ProfileId, ProfileId)>,
    parked: BTreeMap<Key, Parked>,
    consents: Vec<Consent>,
    ledger: BTreeMap<LedgerMark, LedgerRow>,
    duplicates: BTreeMap<DuplicatesId, (DuplicatesRun, Option<Lease>)>,
    identifiers: BTreeMap<Key, BTreeSet<ProfileId>>,
    events: Vec<EventRow>,
    purchases: Vec<PurchaseRow>,
    summaries: BTreeMap<SummaryKey, Summary>,
    states: BTreeMap<(Address, StateOf), AddressState>,
    friendships: BTreeMap<(LineUserId, ChannelId), Friendship>,
    inbox: BTreeMap<InboxKey, InboxRow>,
    journal: Vec<JournalEntry>,
    syncs: BTreeMap<SyncId, (SyncRun, Option<Lease>)>,
    imports: BTreeMap<ImportId, (ImportRun, Option<Lease>)>,
    issues: BTreeMap<ImportId, Vec<ImportIssue>>,
    names: BTreeMap<(NameKind, Arc<str>), Option<DataType>>,
    answers: BTreeMap<AnswerKey, KeptAnswer>,
}

impl World {
    fn holders(&self, key: &Key) -> BTreeSet<ProfileId> {
        self.identifiers.get(key).cloned().unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct State {
    worlds: BTreeMap<WorkspaceId, World>,
    config: Config,
}

/// See the module's text.
#[derive(Debug, Default)]
pub struct ModelBackend {
    state: Mutex<State>,
}

impl ModelBackend {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, workspace: WorkspaceId, read: impl FnOnce(&World) -> T) -> T {
        read(self.lock().worlds.get(&workspace).unwrap_or(&World::default()))
    }
}

#[async_trait]
impl Backend for ModelBackend {
    async fn transact(&self, mut unit: Unit) -> Result<Applied, Fault> {
        let mut state = self.lock();
        let mut loaded = load::load(&state, unit.workspace, &unit.keys);
        let mut retries = 0;
        loop {
            match (unit.decide)(&loaded) {
                Decision::Nothing => return Ok(Applied { wrote: false, statements: 0, retries }),
                Decision::Write(change) => {
                    apply::apply(&mut state, unit.workspace, &change)?;
                    return Ok(Applied { wrote: true, statements: 0, retries });
                }
                Decision::NeedMore(keys) if retries < 4 => {
                    loaded.extend(load::load(&state, unit.workspace, &keys));
                    retries += 1;
                }
                Decision::NeedMore(_) => {
                    return Err(Fault::Internal("a decision asked for more again".into()));
                }
            }
        }
    }

    async fn load(&self, workspace: WorkspaceId, keys: &Keys) -> Result<Loaded, Fault> {
        Ok(load::load(&self.lock(), workspace, keys))
    }

    async fn scan_profiles(
        &self,
        workspace: WorkspaceId,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<Arc<Profile>>, Fault> {
        Ok(self.read(workspace, |world| {
            let rest = world.profiles.values().filter(|profile| after.is_none_or(|after| profile.id > after));
            rest.take(limit as usize).cloned().collect()
        }))
    }

    async fn scan_friendships(
        &self,
        workspace: WorkspaceId,
        after: Option<(LineUserId, ChannelId)>,
        limit: u32,
    ) -> Result<Vec<Friendship>, Fault> {
        Ok(self.read(workspace, |world| {
            let rest =
                world.friendships.iter().filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after));
            rest.take(limit as usize).map(|(_, friendship)| friendship.clone()).collect()
        }))
    }

    async fn load_journal(
        &self,
        workspace: WorkspaceId,
        profiles: &[ProfileId],
    ) -> Result<Vec<JournalEntry>, Fault> {
        Ok(self.read(workspace, |world| {
            world.journal.iter().filter(|entry| profiles.contains(&entry.profile)).cloned().collect()
        }))
    }

    async fn config_revision(&self) -> Result<u64, Fault> {
        Ok(self.lock().config.revision)
    }

    async fn load_config(&self) -> Result<Config, Fault> {
        Ok(self.lock().config.clone())
    }

    async fn scan_inbox_pending(
        &self,
        after: Option<InboxKey>,
        limit: u32,
    ) -> Result<Vec<(WorkspaceId, InboxRow)>, Fault> {
        let state = self.lock();
        let pending = state.worlds.iter().flat_map(|(workspace, world)| {
            let rows = world.inbox.values().filter(|row| row.state == profile_model::InboxState::Pending);
            rows.map(|row| (*workspace, row.clone()))
        });
        let mut pending: Vec<_> =
            pending.filter(|(_, row)| after.as_ref().is_none_or(|after| row.key > *after)).collect();
        pending.sort_by(|left, right| left.1.key.cmp(&right.1.key));
        pending.truncate(limit as usize);
        Ok(pending)
    }

    async fn claim_jobs(
        &self,
        kind: JobKind,
        lease: &Lease,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Job>, Fault> {
        Ok(apply::claim(&mut self.lock(), kind, lease, now, limit as usize))
    }

    async fn release_jobs(&self, owner: &str) -> Result<(), Fault> {
        apply::release(&mut self.lock(), owner);
        Ok(())
    }

    async fn load_sync(&self, workspace: WorkspaceId, id: SyncId) -> Result<Option<SyncRun>, Fault> {
        Ok(self.read(workspace, |world| world.syncs.get(&id).map(|(run, _)| run.clone())))
    }

    async fn load_import(&self, workspace: WorkspaceId, id: ImportId) -> Result<Option<ImportRun>, Fault> {
        Ok(self.read(workspace, |world| world.imports.get(&id).map(|(run, _)| run.clone())))
    }

    async fn scan_import_issues(
        &self,
        workspace: WorkspaceId,
        id: ImportId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, ImportIssue)>, Fault> {
        Ok(self.read(workspace, |world| {
            let issues = world.issues.get(&id).into_iter().flatten();
            let numbered = issues.enumerate().map(|(place, issue)| (place as u64 + 1, issue.clone()));
            numbered.filter(|(number, _)| *number > after).take(limit as usize).collect()
        }))
    }

    async fn scan_shared(
        &self,
        workspace: WorkspaceId,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Shared>, Fault> {
        Ok(self.read(workspace, |world| {
            let shared = world.identifiers.iter().filter(|(key, holders)| {
                key.kind == kind && holders.len() > 1 && after.is_none_or(|after| &*key.value > after)
            });
            let shared =
                shared.map(|(key, holders)| Shared { key: key.clone(), count: holders.len() as u64 });
            shared.take(limit as usize).collect()
        }))
    }

    async fn scan_parked(
        &self,
        workspace: WorkspaceId,
        after: Option<ParkedId>,
        limit: u32,
    ) -> Result<Vec<Parked>, Fault> {
        Ok(self.read(workspace, |world| {
            let mut open: Vec<_> = world
                .parked
                .values()
                .filter(|group| {
                    group.state == ParkedState::Open && after.is_none_or(|after| group.id > after)
                })
                .cloned()
                .collect();
            open.sort_by_key(|group| group.id);
            open.truncate(limit as usize);
            open
        }))
    }

    async fn scan_parked_values(
        &self,
        workspace: WorkspaceId,
        kind: Kind,
        after: Option<&str>,
        until: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Key>, Fault> {
        Ok(self.read(workspace, |world| {
            let within = |key: &&Key| {
                key.kind == kind
                    && after.is_none_or(|after| &*key.value > after)
                    && until.is_none_or(|until| &*key.value <= until)
            };
            world.parked.keys().filter(within).take(limit as usize).cloned().collect()
        }))
    }

    async fn load_parked(&self, workspace: WorkspaceId, id: ParkedId) -> Result<Option<Parked>, Fault> {
        Ok(self.read(workspace, |world| world.parked.values().find(|group| group.id == id).cloned()))
    }

    async fn load_duplicates(
        &self,
        workspace: WorkspaceId,
        id: DuplicatesId,
    ) -> Result<Option<DuplicatesRun>, Fault> {
        Ok(self.read(workspace, |world| world.duplicates.get(&id).map(|(run, _)| run.clone())))
    }

    async fn scan_suppressions(
        &self,
        workspace: WorkspaceId,
        after: Option<ErasureId>,
        limit: u32,
    ) -> Result<Vec<Suppression>, Fault> {
        Ok(self.read(workspace, |world| {
            let mut found = BTreeMap::<ErasureId, Suppression>::new();
            for row in world.ledger.values().filter(|row| row.suppressed) {
                let entry = found.entry(row.erasure).or_insert_with(|| Suppression {
                    id: row.erasure,
                    erased_at: row.erased_at,
                    kinds: Vec::new(),
                });
                entry.kinds.push(row.kind);
            }
            let rest = found.into_values().filter(|one| after.is_none_or(|after| one.id > after));
            rest.take(limit as usize)
                .map(|mut one| {
                    one.kinds.sort_unstable();
                    one.kinds.dedup();
                    one
                })
                .collect()
        }))
    }

    async fn load_consents(
        &self,
        workspace: WorkspaceId,
        whose: &[ConsentOf],
    ) -> Result<Vec<Consent>, Fault> {
        Ok(self.read(workspace, |world| {
            world.consents.iter().filter(|consent| whose.contains(&consent.whose)).cloned().collect()
        }))
    }

    async fn scan_names(
        &self,
        workspace: WorkspaceId,
        kind: NameKind,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<Named>, Fault> {
        Ok(self.read(workspace, |world| {
            let names = world.names.iter().filter(|((of, _), _)| *of == kind);
            let names = names.map(|((kind, name), data_type)| Named {
                kind: *kind,
                name: Arc::clone(name),
                data_type: *data_type,
            });
            names.skip(skip as usize).take(limit as usize).collect()
        }))
    }

    async fn expire_merges(&self, now: Timestamp, limit: u32) -> Result<Expired, Fault> {
        Ok(apply::expire(&mut self.lock(), now, limit as usize))
    }

    async fn backlog(&self) -> Result<Backlog, Fault> {
        let state = self.lock();
        let mut backlog = Backlog::default();
        for world in state.worlds.values() {
            let pending = world.inbox.values().filter(|row| row.state == profile_model::InboxState::Pending);
            for row in pending {
                backlog.inbox_pending += 1;
                backlog.inbox_oldest = backlog.inbox_oldest.into_iter().chain([row.received_at]).min();
            }
            let [syncs, imports, duplicates] = &mut backlog.jobs_open;
            let running = |run: &SyncRun| run.state == profile_model::SyncState::Running;
            *syncs += world.syncs.values().filter(|(run, _)| running(run)).count() as u64;
            let running = |run: &ImportRun| run.state == profile_model::ImportState::InProgress;
            *imports += world.imports.values().filter(|(run, _)| running(run)).count() as u64;
            let running = |run: &DuplicatesRun| run.state == profile_model::DuplicatesState::Running;
            *duplicates += world.duplicates.values().filter(|(run, _)| running(run)).count() as u64;
        }
        Ok(backlog)
    }

    fn figures(&self) -> Figures {
        Figures::default()
    }

    fn most_buckets(&self) -> Buckets {
        Buckets::new(Buckets::MAX).unwrap_or_default()
    }

    async fn ready(&self) -> Result<(), Fault> {
        Ok(())
    }

    async fn close(&self) {}
}
