//! Opening the file, and the contract on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use profile_model::{
    ChannelId, Config, Consent, ConsentOf, DuplicatesId, DuplicatesRun, ErasureId, Friendship, ImportId,
    ImportIssue, ImportRun, InboxKey, InboxRow, JournalEntry, Key, Keys, Kind, Lease, LineUserId, Loaded,
    NameKind, Named, Parked, ParkedId, Profile, ProfileId, Shared, Suppression, SyncId, SyncRun, Timestamp,
    WorkspaceId,
};
use profile_store::{Applied, Backend, Backlog, Expired, Fault, Figures, Job, JobKind, Unit, WriterFigures};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;

use crate::connecting::{Options, READER_CACHE, connect_first, connect_options};
use crate::fault::to_fault;
use crate::load::Found;
use crate::lookups::Lookups;
use crate::statement::Counted;
use crate::writer::{Chore, Queues, Request, WriterCounts, queues};

/// The store on one SQLite file.
pub struct SqliteStore {
    queues: Mutex<Option<Queues>>,
    counts: Arc<WriterCounts>,
    lookups: Lookups,
    readers: SqlitePool,
    writer: Mutex<Option<JoinHandle<SqliteConnection>>>,
    checkpointer: JoinHandle<()>,
}

/// How often the checkpointer runs (engine.md: the largest single knob found).
const CHECKPOINT_EVERY: Duration = Duration::from_millis(300);

impl SqliteStore {
    /// Opens or creates the file (and its folder), brings the schema up to date, and starts the writer.
    ///
    /// # Errors
    /// When the file cannot be used, or has a schema newer than this binary knows.
    pub async fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, Fault> {
        let path: PathBuf = path.as_ref().to_owned();
        Self::migrate(&path, &options).await?;
        let wanted = connect_options(&path, &options)?;
        let mut writing = wanted.connect().await.map_err(|error| to_fault(&error))?;
        if crate::moving::is_unfinished(&mut writing).await? {
            return Err(Fault::Inconsistent(profile_store::HALF_A_COPY.into()));
        }
        let checkpointing = wanted.connect().await.map_err(|error| to_fault(&error))?;
        let reading = wanted.pragma("query_only", "on").pragma("cache_size", READER_CACHE);
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers)
            .min_connections(1)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(reading.clone())
            .await
            .map_err(|error| to_fault(&error))?;
        let mut looking_up = Vec::new();
        for _ in 0..options.readers {
            looking_up.push(reading.connect().await.map_err(|error| to_fault(&error))?);
        }
        let (queues, receivers) = queues();
        let counts = Arc::new(WriterCounts::default());
        let writer = crate::writer::run(writing, receivers, Arc::clone(&counts));
        Ok(Self {
            queues: Mutex::new(Some(queues)),
            counts,
            lookups: Lookups::start(looking_up),
            readers,
            writer: Mutex::new(Some(tokio::spawn(writer))),
            checkpointer: tokio::spawn(checkpoint(checkpointing)),
        })
    }

    /// Brings the schema of a file up to date; the versions before and after.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn migrate(path: &Path, options: &Options) -> Result<(i64, i64), Fault> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            tokio::fs::create_dir_all(folder)
                .await
                .map_err(|error| Fault::Unavailable(format!("the data folder cannot be made: {error}")))?;
        }
        let mut connection = connect_first(path, options).await?;
        let found = crate::migrations::migrate(&mut connection).await?;
        connection.close().await.map_err(|error| to_fault(&error))?;
        Ok((found, crate::SCHEMA_VERSION))
    }

    async fn queues(&self) -> Result<Queues, Fault> {
        self.queues.lock().await.clone().ok_or_else(closed)
    }

    /// Sends a request and waits for its answer, which comes after the commit.
    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, Fault>>) -> Request,
    ) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        self.queues().await?.send(request(answer)).await?;
        answered.await.map_err(|_| closed())?
    }

    pub(crate) async fn reader(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Sqlite>, Fault> {
        self.readers.acquire().await.map_err(|error| to_fault(&error))
    }
}

pub(crate) fn closed() -> Fault {
    Fault::Unavailable("the store is closed".into())
}

/// Moves the WAL into the file beside the writer, so that no commit pays for it.
async fn checkpoint(mut connection: SqliteConnection) {
    loop {
        tokio::time::sleep(CHECKPOINT_EVERY).await;
        let query = crate::statement::plain("-- checkpoint\nPRAGMA wal_checkpoint(PASSIVE)");
        if let Err(error) = query.execute(&mut connection).await {
            tracing::warn!(fault = %to_fault(&error), "checkpoint");
        }
    }
}

macro_rules! read {
    ($self:ident, $counted:ident => $body:expr) => {{
        let mut connection = $self.reader().await?;
        let $counted = &mut Counted::new(&mut connection);
        $body.await
    }};
}

#[async_trait]
impl Backend for SqliteStore {
    fn keeps_order(&self) -> bool {
        // One writer, and a queue for each lane.
        true
    }

    async fn transact(&self, unit: Unit) -> Result<Applied, Fault> {
        let ended = self.ask(|answer| Request::Unit(Box::new(unit), answer)).await;
        self.counts.units.ended(&ended);
        ended
    }

    async fn load(&self, workspace: WorkspaceId, keys: &Keys) -> Result<Loaded, Fault> {
        if keys.is_lookup() {
            return self.lookups.load(workspace, keys).await;
        }
        let mut found = Found::default();
        read!(self, counted => crate::load::load(counted, workspace, keys, &mut found))?;
        Ok(found.loaded)
    }

    async fn scan_profiles(
        &self,
        workspace: WorkspaceId,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<Arc<Profile>>, Fault> {
        read!(self, counted => crate::scan::profiles(counted, workspace.shard_key(0), after, limit))
    }

    async fn scan_friendships(
        &self,
        workspace: WorkspaceId,
        after: Option<(LineUserId, ChannelId)>,
        limit: u32,
    ) -> Result<Vec<Friendship>, Fault> {
        read!(self, counted => crate::scan::friendships(counted, workspace.shard_key(0), after, limit))
    }

    async fn load_journal(
        &self,
        workspace: WorkspaceId,
        profiles: &[ProfileId],
    ) -> Result<Vec<JournalEntry>, Fault> {
        read!(self, counted => crate::scan::journal(counted, workspace.shard_key(0), profiles))
    }

    async fn config_revision(&self) -> Result<u64, Fault> {
        read!(self, counted => crate::config::revision(counted))
    }

    async fn load_config(&self) -> Result<Config, Fault> {
        read!(self, counted => crate::config::load(counted))
    }

    async fn scan_inbox_pending(
        &self,
        after: Option<InboxKey>,
        limit: u32,
    ) -> Result<Vec<(WorkspaceId, InboxRow)>, Fault> {
        read!(self, counted => crate::scan::inbox_pending(counted, after, limit))
    }

    async fn claim_jobs(
        &self,
        kind: JobKind,
        lease: &Lease,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Job>, Fault> {
        let lease = lease.clone();
        self.ask(|answer| Request::Chore(Chore::Claim(kind, lease, now, limit, answer))).await
    }

    async fn release_jobs(&self, owner: &str) -> Result<(), Fault> {
        let owner = owner.to_owned();
        self.ask(|answer| Request::Chore(Chore::Release(owner, answer))).await
    }

    async fn load_sync(&self, workspace: WorkspaceId, id: SyncId) -> Result<Option<SyncRun>, Fault> {
        read!(self, counted => crate::jobs::load_sync(counted, workspace.shard_key(0), id))
    }

    async fn load_import(&self, workspace: WorkspaceId, id: ImportId) -> Result<Option<ImportRun>, Fault> {
        read!(self, counted => crate::jobs::load_import(counted, workspace.shard_key(0), id))
    }

    async fn scan_import_issues(
        &self,
        _workspace: WorkspaceId,
        id: ImportId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, ImportIssue)>, Fault> {
        read!(self, counted => crate::jobs::scan_issues(counted, id, after, limit))
    }

    async fn scan_shared(
        &self,
        workspace: WorkspaceId,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Shared>, Fault> {
        read!(self, counted => crate::duplicates::shared(counted, workspace.shard_key(0), kind, after, limit))
    }

    async fn scan_parked(
        &self,
        workspace: WorkspaceId,
        after: Option<ParkedId>,
        limit: u32,
    ) -> Result<Vec<Parked>, Fault> {
        read!(self, counted => crate::duplicates::parked(counted, workspace.shard_key(0), after, limit))
    }

    async fn scan_parked_values(
        &self,
        workspace: WorkspaceId,
        kind: Kind,
        after: Option<&str>,
        until: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Key>, Fault> {
        let sk = workspace.shard_key(0);
        read!(self, counted => crate::duplicates::parked_values(counted, sk, kind, after, until, limit))
    }

    async fn load_parked(&self, workspace: WorkspaceId, id: ParkedId) -> Result<Option<Parked>, Fault> {
        read!(self, counted => crate::duplicates::parked_by_id(counted, workspace.shard_key(0), id))
    }

    async fn load_duplicates(
        &self,
        workspace: WorkspaceId,
        id: DuplicatesId,
    ) -> Result<Option<DuplicatesRun>, Fault> {
        read!(self, counted => crate::jobs::load_duplicates(counted, workspace.shard_key(0), id))
    }

    async fn scan_suppressions(
        &self,
        workspace: WorkspaceId,
        after: Option<ErasureId>,
        limit: u32,
    ) -> Result<Vec<Suppression>, Fault> {
        read!(self, counted => crate::scan::suppressions(counted, workspace.shard_key(0), after, limit))
    }

    async fn load_consents(
        &self,
        workspace: WorkspaceId,
        whose: &[ConsentOf],
    ) -> Result<Vec<Consent>, Fault> {
        read!(self, counted => crate::consents::load(counted, workspace.shard_key(0), whose))
    }

    async fn scan_names(
        &self,
        workspace: WorkspaceId,
        kind: NameKind,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<Named>, Fault> {
        read!(self, counted => crate::catalogue::scan(counted, workspace.shard_key(0), kind, skip, limit))
    }

    async fn expire_merges(&self, now: Timestamp, limit: u32) -> Result<Expired, Fault> {
        self.ask(|answer| Request::Chore(Chore::Expire(now, limit, answer))).await
    }

    async fn backlog(&self) -> Result<Backlog, Fault> {
        read!(self, counted => crate::scan::backlog(counted))
    }

    fn figures(&self) -> Figures {
        let (size, idle) = (u64::from(self.readers.size()), self.readers.num_idle() as u64);
        // While it closes, nobody may wait any more.
        let waiting = self.queues.try_lock().ok().and_then(|queues| queues.as_ref().map(Queues::waiting));
        let (waiting_interactive, waiting_bulk) = waiting.unwrap_or_default();
        Figures {
            connections_in_use: size.saturating_sub(idle),
            connections_idle: idle,
            connections_max: self.readers.options().get_max_connections().into(),
            writer: Some(WriterFigures {
                waiting_interactive,
                waiting_bulk,
                groups: self.counts.groups.get(),
                grouped: self.counts.grouped.get(),
            }),
            ..self.counts.units.figures()
        }
    }

    async fn ready(&self) -> Result<(), Fault> {
        let mut connection = self.reader().await?;
        let found = crate::migrations::version(&mut connection).await?;
        if found == crate::SCHEMA_VERSION {
            return Ok(());
        }
        Err(Fault::Unavailable(format!("schema version {found}, wanted {}", crate::SCHEMA_VERSION)))
    }

    async fn close(&self) {
        // The writer ends when the last sender is gone and what was taken is done.
        drop(self.queues.lock().await.take());
        if let Some(writer) = self.writer.lock().await.take()
            && let Ok(mut connection) = writer.await
        {
            self.checkpointer.abort();
            for reader in self.lookups.close().await {
                let _ = reader.close().await;
            }
            self.readers.close().await;
            let query = crate::statement::plain("-- last_checkpoint\nPRAGMA wal_checkpoint(TRUNCATE)");
            if let Err(error) = query.execute(&mut connection).await {
                tracing::warn!(fault = %to_fault(&error), "the last checkpoint was left to the next start");
            }
            let _ = connection.close().await;
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.checkpointer.abort();
    }
}
