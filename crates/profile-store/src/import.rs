//! Running imports: chunk by chunk, each chunk with its progress in one transaction, so that whoever comes after a
//! crash goes on behind the last applied row. While chunks are written the next one is read.

use std::collections::VecDeque;

use profile_model::{
    Actor, ChangeSet, Decision, ImportChunk, ImportId, ImportIssue, ImportRun, ImportState, Keys,
    WorkspaceId, decide_import, import_keys,
};
use tokio::task::{JoinError, JoinHandle};

use crate::{Fault, ProfileStore, Work};

mod chunks;

use chunks::Chunks;

/// Chunks on their way into a store that keeps their order: its writer need not wait for the next one.
const CHUNKS_UNDER_WAY: usize = 2;

/// A chunk on its way: the byte behind it, and the import as it will leave it.
type UnderWay = (u64, JoinHandle<Result<ImportRun, Fault>>);

impl ProfileStore {
    /// An import by id.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn import(&self, workspace: WorkspaceId, id: ImportId) -> Result<Option<ImportRun>, Fault> {
        self.backend().load_import(workspace, id).await
    }

    /// A page of an import's report, after row number `after`.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn import_issues(
        &self,
        workspace: WorkspaceId,
        id: ImportId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, ImportIssue)>, Fault> {
        self.backend().scan_import_issues(workspace, id, after, limit).await
    }

    /// Runs an import from where it stands to its end, or until `go_on` says no (asked between chunks, with the
    /// progress so far). Returns the state as stored.
    ///
    /// # Errors
    /// When the store cannot write; the import stays in progress and can be run again.
    pub async fn run_import(
        &self,
        workspace: WorkspaceId,
        run: ImportRun,
        mut go_on: impl FnMut(&ImportRun) -> bool + Send,
    ) -> Result<ImportRun, Fault> {
        let path = self.upload_path(run.id);
        let (position, line) = (run.position, run.line);
        let opened = tokio::task::spawn_blocking(move || Chunks::open(&path, position, line)).await;
        let chunks = match opened.map_err(interrupted)? {
            Ok(chunks) => chunks,
            Err(reason) => return self.fail_import(workspace, run, reason).await,
        };
        let at_most = if self.backend().keeps_order() { CHUNKS_UNDER_WAY } else { 1 };
        let mut reading = Some(chunks.read(self.config().await?, workspace));
        let mut under_way: VecDeque<UnderWay> = VecDeque::new();
        // The import as the chunk that was sent last will leave it: one that finds it elsewhere does nothing.
        let mut expected = run.clone();
        let (mut run, mut unreadable) = (run, None);
        loop {
            while under_way.len() < at_most && run.state == ImportState::InProgress && go_on(&run) {
                let Some(read) = reading.take() else { break };
                let (chunks, chunk) = read.await.map_err(interrupted)?;
                let chunk = match chunk {
                    Ok(chunk) => chunk,
                    Err(error) => {
                        unreadable = Some(format!("the file cannot be read: {error}"));
                        break;
                    }
                };
                if !chunk.last {
                    reading = Some(chunks.read(self.config().await?, workspace));
                }
                let sent = expected.clone();
                (expected.position, expected.line) = (chunk.position, chunk.line);
                let store = self.clone();
                let applied = tokio::spawn(async move { store.apply_chunk(workspace, sent, chunk).await });
                under_way.push_back((expected.position, applied));
            }
            let Some((ends_at, applied)) = under_way.pop_front() else { break };
            let before = std::mem::replace(&mut run, applied.await.map_err(interrupted)??);
            self.tally().imported(&before, &run);
            if run.state == ImportState::InProgress && run.position != ends_at {
                return Ok(run);
            }
        }
        if let Some(reason) = unreadable {
            return self.fail_import(workspace, run, reason).await;
        }
        if run.state != ImportState::InProgress {
            let _ = tokio::fs::remove_file(self.upload_path(run.id)).await;
        }
        Ok(run)
    }

    async fn apply_chunk(
        &self,
        workspace: WorkspaceId,
        run: ImportRun,
        chunk: ImportChunk,
    ) -> Result<ImportRun, Fault> {
        let occasion = self.occasion(workspace, Actor::new("import", run.id.to_string())).await?;
        let mut keys = import_keys(&chunk, &run);
        occasion.remember(&mut keys);
        let work = Work::new("import_chunk", workspace, keys).repeatable().bulk();
        let (stored, _) =
            self.decide(work, move |loaded| decide_import(&chunk, &run, loaded, &occasion)).await?;
        stored.ok_or_else(|| Fault::Inconsistent("imports: the import is gone".into()))
    }

    async fn fail_import(
        &self,
        workspace: WorkspaceId,
        run: ImportRun,
        reason: String,
    ) -> Result<ImportRun, Fault> {
        let now = self.now();
        let keys = Keys { import: Some(run.id), ..Keys::default() };
        let decide = move |loaded: &profile_model::Loaded| {
            let mut failed = loaded.import.clone().unwrap_or_else(|| run.clone());
            if failed.state != ImportState::InProgress {
                return (Decision::Nothing, failed);
            }
            failed.state = ImportState::Failed;
            failed.error = Some(reason.clone());
            failed.finished_at = Some(now);
            let change = ChangeSet { import: Some(failed.clone()), ..ChangeSet::default() };
            (change.into(), failed)
        };
        let work = Work::new("fail_import", workspace, keys).repeatable();
        Ok(self.decide(work, decide).await?.0)
    }
}

/// A task of ours that panicked, or was ended with the process.
fn interrupted(_: JoinError) -> Fault {
    Fault::Internal("a part of the import did not end".into())
}
