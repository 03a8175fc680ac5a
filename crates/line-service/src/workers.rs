//! Background work: pending inbox rows, and sync runs under a lease.

use std::time::Duration;

use profile_model::{Lease, SyncRun, WorkspaceId};
use profile_store::{Fault, Job, JobKind};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::LineService;

const POLL: Duration = Duration::from_secs(1);
const LEASE_MICROS: i64 = 60 * 1_000_000;

/// Running workers.
#[derive(Debug)]
pub struct Workers {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl LineService {
    /// Starts the workers.
    #[must_use]
    pub fn spawn_workers(&self) -> Workers {
        let (stop, stopped) = watch::channel(false);
        let tasks = vec![
            tokio::spawn(settle_inbox(self.clone(), stopped.clone())),
            tokio::spawn(run_syncs(self.clone(), stopped)),
        ];
        Workers { stop, tasks }
    }
}

impl Workers {
    /// Finishes the page in work, gives leases back, and ends.
    pub async fn shutdown(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

async fn settle_inbox(service: LineService, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match service.apply_pending().await {
            Ok(0) => {}
            Ok(settled) => tracing::info!(settled, "pending webhook events applied"),
            Err(fault) => tracing::warn!(%fault, "pending webhook events could not be read"),
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            _ = stopped.changed() => {}
        }
    }
}

async fn run_syncs(service: LineService, mut stopped: watch::Receiver<bool>) {
    let store = service.store().clone();
    let owner = format!("sync-{}", store.fresh(store.now()).uuid());
    while !*stopped.borrow() {
        let ran = match run_next(&service, &owner, &stopped).await {
            Ok(ran) => ran,
            Err(fault) => {
                tracing::warn!(%fault, "a follower sync could not go on; it will be tried again");
                false
            }
        };
        if !ran {
            tokio::select! {
                () = service.sync_signal().notified() => {}
                () = tokio::time::sleep(POLL) => {}
                _ = stopped.changed() => {}
            }
        }
    }
    if let Err(fault) = store.backend().release_jobs(&owner).await {
        tracing::warn!(%fault, "the lease of a sync could not be given back; it ends by itself");
    }
}

async fn run_next(
    service: &LineService,
    owner: &str,
    stopped: &watch::Receiver<bool>,
) -> Result<bool, Fault> {
    let Some((workspace, run)) = claim(service, owner).await? else { return Ok(false) };
    let id = run.id;
    let renewing = tokio::spawn(keep_lease(service.clone(), owner.to_owned()));
    let result = service.run_sync(workspace, run, || !*stopped.borrow()).await;
    renewing.abort();
    let run = result?;
    tracing::info!(sync_id = %id, state = ?run.state, pages = run.pages, seen = run.seen, "follower sync ran");
    Ok(true)
}

async fn claim(service: &LineService, owner: &str) -> Result<Option<(WorkspaceId, SyncRun)>, Fault> {
    let now = service.store().now();
    let lease = Lease { owner: owner.to_owned(), until: now.plus_micros(LEASE_MICROS) };
    let jobs = service.store().backend().claim_jobs(JobKind::Sync, &lease, now, 1).await?;
    Ok(jobs.into_iter().find_map(|job| match job {
        Job::Sync(workspace, run) => Some((workspace, run)),
        Job::Import(..) | Job::Duplicates(..) => None,
    }))
}

async fn keep_lease(service: LineService, owner: String) {
    loop {
        tokio::time::sleep(Duration::from_secs(20)).await;
        if let Err(fault) = claim(&service, &owner).await {
            tracing::warn!(%fault, "the lease of a sync could not be renewed");
        }
    }
}
