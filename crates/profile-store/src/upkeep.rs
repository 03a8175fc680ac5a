//! What a server does every hour beside its work: personal data that has served its time goes.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{Expired, Fault, ProfileStore};

/// How often.
const EVERY: Duration = Duration::from_secs(3600);

/// Rows of one transaction: a few milliseconds.
const STEP: u32 = 200;

/// The running upkeep.
#[derive(Debug)]
pub struct Upkeep {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Upkeep {
    /// Starts it: at once, then every hour.
    #[must_use]
    pub fn spawn(store: ProfileStore) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self { stop, task: tokio::spawn(work(store, stopped)) }
    }

    /// Finishes the step in work and ends.
    pub async fn shutdown(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

async fn work(store: ProfileStore, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match store.expire_merges(|| !*stopped.borrow()).await {
            Ok(expired) if expired.is_nothing() => {}
            Ok(Expired { merges, writes }) => {
                tracing::info!(merges, writes, "merges can no longer be undone; what that needed is gone");
            }
            Err(fault) => {
                tracing::warn!(%fault, "expired merges could not be cleared; tried again in an hour")
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopped.changed() => {}
        }
    }
}

impl ProfileStore {
    /// Takes the before-images and logged writes of all merges whose time is over, step by step, until nothing is left
    /// or `go_on` says no.
    ///
    /// # Errors
    /// When the backend faults; what was committed stays.
    pub async fn expire_merges(&self, go_on: impl Fn() -> bool) -> Result<Expired, Fault> {
        let mut all = Expired::default();
        while go_on() {
            let step = self.backend().expire_merges(self.now(), STEP).await?;
            if step.is_nothing() {
                break;
            }
            all.merges += step.merges;
            all.writes += step.writes;
        }
        Ok(all)
    }
}
