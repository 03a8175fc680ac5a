//! The use cases' common ground: backend, clock, and the configuration every process keeps in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use profile_model::{Actor, Config, Fresh, LedgerSecret, Occasion, Timestamp, WorkspaceId};
use tokio::sync::Mutex;

use crate::{Applied, Backend, Clock, Fault, clock};

/// How long a process trusts its copy of the configuration before it asks for the revision again. Keys, channels and
/// settings changed by any process take effect everywhere within one second.
pub(crate) const CONFIG_TRUST: Duration = Duration::from_millis(400);

/// The profile store: every use case, on whatever backend. Cheap to clone.
#[derive(Clone)]
pub struct ProfileStore {
    inner: Arc<Inner>,
    pub(crate) once: Option<crate::Once>,
}

impl std::fmt::Debug for ProfileStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProfileStore")
    }
}

struct Inner {
    backend: Arc<dyn Backend>,
    clock: Arc<dyn Clock>,
    config: Mutex<Option<Cached>>,
    seen: crate::admin::Seen,
    tally: crate::Tally,
    uploads: std::path::PathBuf,
    job_signal: tokio::sync::Notify,
    ledger: LedgerSecret,
}

struct Cached {
    config: Arc<Config>,
    checked: Instant,
}

impl ProfileStore {
    /// A store on `backend`; uploads wait for their import in `uploads` (a folder, made when first needed).
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>, clock: Arc<dyn Clock>, uploads: std::path::PathBuf) -> Self {
        Self::with_ledger(backend, clock, uploads, LedgerSecret::derive(""))
    }

    /// The same with the secret of the ledger of erasures, which must be the same for the life of the database.
    #[must_use]
    pub fn with_ledger(
        backend: Arc<dyn Backend>,
        clock: Arc<dyn Clock>,
        uploads: std::path::PathBuf,
        ledger: LedgerSecret,
    ) -> Self {
        let job_signal = tokio::sync::Notify::new();
        let config = Mutex::new(None);
        let seen = crate::admin::Seen::default();
        let tally = crate::Tally::default();
        Self {
            inner: Arc::new(Inner { backend, clock, config, seen, tally, uploads, job_signal, ledger }),
            once: None,
        }
    }

    /// The backend.
    #[must_use]
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.inner.backend
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Fresh ids for one decision at `now`.
    #[must_use]
    pub fn fresh(&self, now: Timestamp) -> Fresh {
        clock::fresh(self.inner.clock.as_ref(), now)
    }

    /// What a decision for this workspace rests on, now.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub async fn occasion(&self, workspace: WorkspaceId, actor: Actor) -> Result<Occasion, Fault> {
        let config = self.config().await?;
        let known = config.workspaces.get(&workspace);
        let now = self.now();
        Ok(Occasion {
            now,
            fresh: self.fresh(now),
            actor,
            settings: Arc::new(known.map(|known| known.settings.clone()).unwrap_or_default()),
            buckets: config.buckets_of(workspace),
            has_erasures: known.is_some_and(|known| known.has_erasures),
            ledger: self.inner.ledger,
        })
    }

    /// Wakes the job workers of this process.
    pub(crate) fn job_signal(&self) -> &tokio::sync::Notify {
        &self.inner.job_signal
    }

    /// When keys were used last.
    pub(crate) fn seen(&self) -> &crate::admin::Seen {
        &self.inner.seen
    }

    /// What the use cases of this process count.
    #[must_use]
    pub fn tally(&self) -> &crate::Tally {
        &self.inner.tally
    }

    /// Where uploads wait.
    #[must_use]
    pub fn uploads(&self) -> &std::path::Path {
        &self.inner.uploads
    }

    /// The configuration, at most 400 ms old.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn config(&self) -> Result<Arc<Config>, Fault> {
        let mut cached = self.inner.config.lock().await;
        if let Some(known) = cached.as_mut() {
            if known.checked.elapsed() < CONFIG_TRUST {
                return Ok(Arc::clone(&known.config));
            }
            if self.inner.backend.config_revision().await? == known.config.revision {
                known.checked = Instant::now();
                return Ok(Arc::clone(&known.config));
            }
        }
        let config = Arc::new(self.inner.backend.load_config().await?);
        *cached = Some(Cached { config: Arc::clone(&config), checked: Instant::now() });
        Ok(config)
    }

    /// Forgets the cached configuration (after this process changed it).
    pub async fn refresh_config(&self) {
        *self.inner.config.lock().await = None;
    }

    /// Runs a decision with an outcome on the backend.
    ///
    /// # Errors
    /// As [`Backend::transact`].
    pub async fn decide<T: Send + 'static>(
        &self,
        work: Work,
        decide: impl FnMut(&profile_model::Loaded) -> (profile_model::Decision, T) + Send + 'static,
    ) -> Result<(T, Applied), Fault> {
        crate::decide(self.backend().as_ref(), work, decide).await
    }
}

/// A unit of work without its decision.
#[derive(Debug)]
pub struct Work {
    /// Name in logs and metrics.
    pub name: &'static str,
    /// Whose data.
    pub workspace: WorkspaceId,
    /// Which queue.
    pub lane: crate::Lane,
    /// Whether it may run again after an unknown outcome.
    pub repeatable: bool,
    /// What to load.
    pub keys: profile_model::Keys,
}

impl Work {
    /// Interactive work that may not be repeated after an unknown outcome.
    #[must_use]
    pub const fn new(name: &'static str, workspace: WorkspaceId, keys: profile_model::Keys) -> Self {
        Self { name, workspace, lane: crate::Lane::Interactive, repeatable: false, keys }
    }

    /// Work that carries its own dedupe key.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Work that yields to requests somebody waits for.
    #[must_use]
    pub fn bulk(mut self) -> Self {
        self.lane = crate::Lane::Bulk;
        self
    }
}
