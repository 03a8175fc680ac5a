//! Workers for long jobs: each takes jobs of one kind under a lease and runs them, one after the other.

use std::time::Duration;

use profile_model::Lease;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{Fault, Job, JobKind, ProfileStore};

/// How long a lease lasts; renewed while the job runs. A process that died is taken over after this.
const LEASE_MICROS: i64 = 15 * 1_000_000;

/// How often the table is looked at when nobody signals.
const POLL: Duration = Duration::from_secs(1);

/// A running worker.
#[derive(Debug)]
pub struct JobWorker {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl JobWorker {
    /// Starts a worker for imports or for merges of duplicates; follower syncs have their own (they need LINE).
    #[must_use]
    pub fn spawn(store: ProfileStore, kind: JobKind) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(work(store, kind, stopped));
        Self { stop, task }
    }

    /// Finishes the chunk in work, gives the lease back, and ends.
    pub async fn shutdown(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

async fn work(store: ProfileStore, kind: JobKind, mut stopped: watch::Receiver<bool>) {
    let owner = format!("{kind:?}-{}", store.fresh(store.now()).uuid());
    while !*stopped.borrow() {
        let ran = match run_next(&store, kind, &owner, &stopped).await {
            Ok(ran) => ran,
            Err(fault) => {
                tracing::warn!(%fault, ?kind, "a job could not go on; it will be tried again");
                false
            }
        };
        if !ran {
            let signal = store.job_signal();
            tokio::select! {
                () = signal.notified() => {}
                () = tokio::time::sleep(POLL) => {}
                _ = stopped.changed() => {}
            }
        }
    }
    if let Err(fault) = store.backend().release_jobs(&owner).await {
        tracing::warn!(%fault, ?kind, "the lease of a job could not be given back; it ends by itself");
    }
}

async fn run_next(
    store: &ProfileStore,
    kind: JobKind,
    owner: &str,
    stopped: &watch::Receiver<bool>,
) -> Result<bool, Fault> {
    let Some(job) = claim(store, kind, owner).await? else { return Ok(false) };
    let renew = tokio::spawn(keep_lease(store.clone(), kind, owner.to_owned()));
    let result = run(store, job, stopped).await;
    renew.abort();
    result.map(|()| true)
}

async fn run(store: &ProfileStore, job: Job, stopped: &watch::Receiver<bool>) -> Result<(), Fault> {
    match job {
        Job::Import(workspace, run) => {
            let run = store.run_import(workspace, run, |_| !*stopped.borrow()).await?;
            tracing::info!(import_id = %run.id, state = ?run.state, rows_read = run.rows_read, "import ran");
        }
        Job::Duplicates(workspace, run) => {
            let run = store.run_duplicates(workspace, run, |_| !*stopped.borrow()).await?;
            tracing::info!(
                job_id = %run.id, state = ?run.state, groups = run.groups, merged = run.merged_profiles,
                parked = run.parked_groups, "merge of duplicates ran"
            );
        }
        Job::Sync(..) => {}
    }
    Ok(())
}

async fn claim(store: &ProfileStore, kind: JobKind, owner: &str) -> Result<Option<Job>, Fault> {
    let now = store.now();
    let lease = Lease { owner: owner.to_owned(), until: now.plus_micros(LEASE_MICROS) };
    Ok(store.backend().claim_jobs(kind, &lease, now, 1).await?.into_iter().next())
}

async fn keep_lease(store: ProfileStore, kind: JobKind, owner: String) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        if let Err(fault) = claim(&store, kind, &owner).await {
            tracing::warn!(%fault, ?kind, "the lease of a job could not be renewed");
        }
    }
}
