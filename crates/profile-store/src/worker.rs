//! The import worker: takes imports under a lease and runs them, one after the other.

use std::time::Duration;

use profile_model::Lease;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{Fault, Job, JobKind, ProfileStore};

/// How long a lease lasts; renewed between chunks. A process that died is taken over after this.
const LEASE_MICROS: i64 = 15 * 1_000_000;

/// How often the table is looked at when nobody signals.
const POLL: Duration = Duration::from_secs(1);

/// A running worker.
#[derive(Debug)]
pub struct ImportWorker {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl ImportWorker {
    /// Starts it.
    #[must_use]
    pub fn spawn(store: ProfileStore) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(work(store, stopped));
        Self { stop, task }
    }

    /// Finishes the chunk in work, gives the lease back, and ends.
    pub async fn shutdown(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

async fn work(store: ProfileStore, mut stopped: watch::Receiver<bool>) {
    let owner = format!("import-{}", store.fresh(store.now()).uuid());
    while !*stopped.borrow() {
        let ran = match run_next(&store, &owner, &stopped).await {
            Ok(ran) => ran,
            Err(fault) => {
                tracing::warn!(%fault, "an import could not go on; it will be tried again");
                false
            }
        };
        if !ran {
            let signal = store.import_signal();
            tokio::select! {
                () = signal.notified() => {}
                () = tokio::time::sleep(POLL) => {}
                _ = stopped.changed() => {}
            }
        }
    }
    if let Err(fault) = store.backend().release_jobs(&owner).await {
        tracing::warn!(%fault, "the lease of an import could not be given back; it ends by itself");
    }
}

async fn run_next(store: &ProfileStore, owner: &str, stopped: &watch::Receiver<bool>) -> Result<bool, Fault> {
    let Some((workspace, run)) = claim(store, owner).await? else { return Ok(false) };
    let id = run.id;
    let renew = tokio::spawn(keep_lease(store.clone(), owner.to_owned()));
    let result = store.run_import(workspace, run, |_| !*stopped.borrow()).await;
    renew.abort();
    let run = result?;
    tracing::info!(import_id = %id, state = ?run.state, rows_read = run.rows_read, "import ran");
    Ok(true)
}

async fn claim(
    store: &ProfileStore,
    owner: &str,
) -> Result<Option<(profile_model::WorkspaceId, profile_model::ImportRun)>, Fault> {
    let now = store.now();
    let lease = Lease { owner: owner.to_owned(), until: now.plus_micros(LEASE_MICROS) };
    let jobs = store.backend().claim_jobs(JobKind::Import, &lease, now, 1).await?;
    Ok(jobs.into_iter().find_map(|job| match job {
        Job::Import(workspace, run) => Some((workspace, run)),
        Job::Sync(..) => None,
    }))
}

async fn keep_lease(store: ProfileStore, owner: String) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        if let Err(fault) = claim(&store, &owner).await {
            tracing::warn!(%fault, "the lease of an import could not be renewed");
        }
    }
}
