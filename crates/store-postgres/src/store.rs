//! Connecting, and the contract on it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use async_trait::async_trait;
use profile_model::{
    Buckets, ChannelId, Config, Consent, ConsentOf, DuplicatesId, DuplicatesRun, ErasureId, Friendship,
    ImportId, ImportIssue, ImportRun, InboxKey, InboxRow, JournalEntry, Key, Keys, Kind, Lease, LineUserId,
    Loaded, NameKind, Named, Parked, ParkedId, Profile, ProfileId, Shared, Suppression, SyncId, SyncRun,
    Timestamp, WorkspaceId,
};
use profile_store::{
    Applied, Backend, Backlog, Expired, Fault, Figures, Job, JobKind, Lane, Unit, UnitCounts,
};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use sqlx::{Connection as _, Postgres};
use tokio::sync::Semaphore;

use crate::catalogue::KnownNames;
use crate::connecting::{LostAt, Options, connect, open_pool};
use crate::fault::{UnitFault, to_fault};
use crate::lookups::Lookups;
use crate::reading::read;
use crate::replica::Replica;
use crate::shards::Shards;
use crate::statement::{Counted, Placement};

/// The store on one PostgreSQL database.
pub struct PostgresStore {
    pool: PgPool,
    lost: LostAt,
    /// Imports and syncs leave most connections to requests that somebody waits for.
    bulk: Semaphore,
    buckets: RwLock<HashMap<WorkspaceId, Buckets>>,
    names: KnownNames,
    pub(crate) lookups: Lookups,
    counts: UnitCounts,
    replica: Option<Replica>,
    pub(crate) placement: Placement,
}

impl PostgresStore {
    /// Connects and brings the schema up to date.
    ///
    /// # Errors
    /// When the server cannot be reached, the database does not keep text as UTF-8, or has a schema newer than this
    /// binary knows.
    pub async fn open(url: &str, options: Options) -> Result<Self, Fault> {
        Self::migrate(url, &options).await?;
        let placement = Self::placement(url, &options).await?;
        let store = Self::on_pool(url, options, placement, None).await?;
        let mut connection = store.bare_connection().await?;
        if crate::moving::is_unfinished(&mut connection).await? {
            return Err(Fault::Inconsistent(profile_store::HALF_A_COPY.into()));
        }
        drop(connection);
        Ok(store)
    }

    /// A store on a pool of connections; nothing of the database is looked at.
    pub(crate) async fn on_pool(
        url: &str,
        options: Options,
        placement: Placement,
        replica: Option<Replica>,
    ) -> Result<Self, Fault> {
        let lost = LostAt::default();
        let pool = open_pool(url, &options, &lost).await?;
        let bulk = Semaphore::new((options.connections as usize / 4).max(1));
        Ok(Self {
            pool,
            lost,
            bulk,
            buckets: RwLock::default(),
            names: KnownNames::default(),
            lookups: Lookups::default(),
            placement,
            counts: UnitCounts::default(),
            replica,
        })
    }

    /// Brings the schema up to date; the versions before and after.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn migrate(url: &str, options: &Options) -> Result<(i64, i64), Fault> {
        let mut connection = connect(url, &options.patient()).await?;
        let encoding: String = sqlx::query_scalar("-- server_encoding\nSHOW server_encoding")
            .fetch_one(&mut connection)
            .await
            .map_err(|error| to_fault(&error))?;
        if encoding != "UTF8" {
            return Err(Fault::Inconsistent(format!(
                "the database keeps text as {encoding}; make one with ENCODING 'UTF8'"
            )));
        }
        let found = crate::migrations::migrate(&mut connection).await?;
        connection.close().await.map_err(|error| to_fault(&error))?;
        Ok((found, crate::SCHEMA_VERSION))
    }

    /// Keeps a check value of the installation's secret key with the database, at first, and compares it with the one
    /// kept from then on: processes that share a database must have one key. False: this is another key.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn is_same_secret(&self, check: i64) -> Result<bool, Fault> {
        read!(self, counted => crate::config::keep_secret_check(counted, check)).map(|kept| kept == check)
    }

    /// A fault of a replica says so.
    pub(crate) fn told(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Unavailable(reason) if self.replica.is_some() => Fault::ReplicaUnavailable(reason),
            fault => fault,
        }
    }

    /// A connection, whatever it leads to.
    pub(crate) async fn bare_connection(&self) -> Result<PoolConnection<Postgres>, UnitFault> {
        Ok(self.pool.acquire().await?)
    }

    pub(crate) async fn connection(&self) -> Result<PoolConnection<Postgres>, UnitFault> {
        let mut connection = self.bare_connection().await?;
        if let Some(replica) = &self.replica {
            replica.check(&mut connection).await?;
        }
        Ok(connection)
    }

    /// What is counted.
    pub(crate) fn counts(&self) -> &UnitCounts {
        &self.counts
    }

    /// Remembers that a connection was lost.
    pub(crate) fn note_lost(&self) {
        *self.lost.write().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// The shards of a workspace, asked for once: their number stays for the life of the workspace.
    pub(crate) async fn shards(&self, workspace: WorkspaceId) -> Result<Shards, Fault> {
        let known = self.buckets.read().unwrap_or_else(PoisonError::into_inner).get(&workspace).copied();
        if let Some(buckets) = known {
            return Ok(Shards::new(workspace, buckets));
        }
        let found = read!(self, counted => crate::config::buckets(counted, workspace))?;
        if let Some(buckets) = found {
            self.buckets.write().unwrap_or_else(PoisonError::into_inner).insert(workspace, buckets);
        }
        Ok(Shards::new(workspace, found.unwrap_or(Buckets::ONE)))
    }
}

#[async_trait]
impl Backend for PostgresStore {
    async fn transact(&self, unit: Unit) -> Result<Applied, Fault> {
        let shards = self.shards(unit.workspace).await?;
        let _turn = match unit.lane {
            Lane::Bulk => Some(self.bulk.acquire().await.map_err(|_| Fault::Unavailable("closed".into()))?),
            Lane::Interactive => None,
        };
        let ran =
            crate::unit::run(&self.pool, (shards, self.placement), &self.names, unit, &self.counts, || {
                self.note_lost()
            });
        let ended = ran.await;
        self.counts.ended(&ended);
        ended
    }

    async fn load(&self, workspace: WorkspaceId, keys: &Keys) -> Result<Loaded, Fault> {
        if keys.is_lookup() {
            return self.look_up(workspace, keys).await;
        }
        self.load_set(workspace, keys).await
    }

    async fn scan_profiles(
        &self,
        workspace: WorkspaceId,
        after: Option<ProfileId>,
        limit: u32,
    ) -> Result<Vec<Arc<Profile>>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::scan::profiles(counted, shards, after, limit))
    }

    async fn scan_friendships(
        &self,
        workspace: WorkspaceId,
        after: Option<(LineUserId, ChannelId)>,
        limit: u32,
    ) -> Result<Vec<Friendship>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::scan::friendships(counted, shards, after.clone(), limit))
    }

    async fn load_journal(
        &self,
        workspace: WorkspaceId,
        profiles: &[ProfileId],
    ) -> Result<Vec<JournalEntry>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::scan::journal(counted, shards, profiles))
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
        read!(self, counted => crate::scan::inbox_pending(counted, after.clone(), limit))
    }

    async fn claim_jobs(
        &self,
        kind: JobKind,
        lease: &Lease,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Job>, Fault> {
        read!(self, counted => crate::jobs::claim(counted, kind, lease, now, limit))
    }

    async fn release_jobs(&self, owner: &str) -> Result<(), Fault> {
        read!(self, counted => crate::jobs::release(counted, owner))
    }

    async fn load_sync(&self, workspace: WorkspaceId, id: SyncId) -> Result<Option<SyncRun>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::jobs::load_sync(counted, shards, id))
    }

    async fn load_import(&self, workspace: WorkspaceId, id: ImportId) -> Result<Option<ImportRun>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::jobs::load_import(counted, shards, id))
    }

    async fn scan_import_issues(
        &self,
        workspace: WorkspaceId,
        id: ImportId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, ImportIssue)>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::jobs::scan_issues(counted, shards, id, after, limit))
    }

    async fn scan_shared(
        &self,
        workspace: WorkspaceId,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Shared>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::duplicates::shared(counted, shards, kind, after, limit))
    }

    async fn scan_parked(
        &self,
        workspace: WorkspaceId,
        after: Option<ParkedId>,
        limit: u32,
    ) -> Result<Vec<Parked>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::duplicates::parked(counted, shards, after, limit))
    }

    async fn scan_parked_values(
        &self,
        workspace: WorkspaceId,
        kind: Kind,
        after: Option<&str>,
        until: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Key>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::duplicates::parked_values(counted, shards, kind, after, until, limit))
    }

    async fn load_parked(&self, workspace: WorkspaceId, id: ParkedId) -> Result<Option<Parked>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::duplicates::parked_by_id(counted, shards, id))
    }

    async fn load_duplicates(
        &self,
        workspace: WorkspaceId,
        id: DuplicatesId,
    ) -> Result<Option<DuplicatesRun>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::jobs::load_duplicates(counted, shards, id))
    }

    async fn scan_suppressions(
        &self,
        workspace: WorkspaceId,
        after: Option<ErasureId>,
        limit: u32,
    ) -> Result<Vec<Suppression>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::scan::suppressions(counted, shards, after, limit))
    }

    async fn load_consents(
        &self,
        workspace: WorkspaceId,
        whose: &[ConsentOf],
    ) -> Result<Vec<Consent>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::consents::load(counted, shards, whose))
    }

    async fn scan_names(
        &self,
        workspace: WorkspaceId,
        kind: NameKind,
        skip: u32,
        limit: u32,
    ) -> Result<Vec<Named>, Fault> {
        let shards = self.shards(workspace).await?;
        read!(self, counted => crate::catalogue::scan(counted, shards, kind, skip, limit))
    }

    async fn expire_merges(&self, now: Timestamp, limit: u32) -> Result<Expired, Fault> {
        let _turn = self.bulk.acquire().await.map_err(|_| Fault::Unavailable("closed".into()))?;
        let mut transaction = self.pool.begin().await.map_err(|error| to_fault(&error))?;
        let expired =
            crate::expiry::expire(&mut Counted::new(&mut transaction, self.placement), now, limit).await?;
        // Lost with its transaction, a step is taken again by the next one.
        transaction.commit().await.map_err(|error| to_fault(&error))?;
        Ok(expired)
    }

    async fn backlog(&self) -> Result<Backlog, Fault> {
        read!(self, counted => crate::scan::backlog(counted))
    }

    fn figures(&self) -> Figures {
        let idle = self.pool.num_idle() as u64;
        Figures {
            connections_in_use: u64::from(self.pool.size()).saturating_sub(idle),
            connections_idle: idle,
            connections_max: self.pool.options().get_max_connections().into(),
            ..self.counts.figures()
        }
    }

    fn most_buckets(&self) -> Buckets {
        Buckets::new(Buckets::MAX).unwrap_or_default()
    }

    async fn ready(&self) -> Result<(), Fault> {
        let mut connection = self.connection().await.map_err(Fault::from)?;
        let found = crate::migrations::version(&mut connection).await?;
        if found == crate::SCHEMA_VERSION {
            return Ok(());
        }
        Err(Fault::Unavailable(format!("schema version {found}, wanted {}", crate::SCHEMA_VERSION)))
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
