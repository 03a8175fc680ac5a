//! The two queues in front of the writer: what it is asked to do, and in which order it takes it.

use std::time::Duration;

use profile_model::{Lease, Timestamp};
use profile_store::{Applied, Expired, Fault, Job, JobKind, Lane, Unit};
use tokio::sync::{mpsc, oneshot};

/// How long a group may collect what waits before it commits: one sync and one write of a page that several units change
/// are shared by all of them. Whoever came first waits that long, which is less than waiting in line behind more commits.
const GROUP_TIME: Duration = Duration::from_millis(60);

/// The same for bulk work: beside an import, an interactive unit must not find the door shut for long.
const BULK_TIME: Duration = Duration::from_millis(20);

/// What the writer is asked to do.
pub(crate) enum Request {
    Unit(Box<Unit>, oneshot::Sender<Result<Applied, Fault>>),
    Chore(Chore),
}

/// Work of the store's own, which has no decision.
pub(crate) enum Chore {
    Claim(JobKind, Lease, Timestamp, u32, oneshot::Sender<Result<Vec<Job>, Fault>>),
    Release(String, oneshot::Sender<Result<(), Fault>>),
    Expire(Timestamp, u32, oneshot::Sender<Result<Expired, Fault>>),
}

/// Both queues' sending ends.
#[derive(Clone)]
pub(crate) struct Queues {
    interactive: mpsc::Sender<Request>,
    bulk: mpsc::Sender<Request>,
}

pub(crate) struct Receivers {
    interactive: mpsc::Receiver<Request>,
    bulk: mpsc::Receiver<Request>,
}

pub(crate) fn queues() -> (Queues, Receivers) {
    let (interactive, interactive_end) = mpsc::channel(4096);
    let (bulk, bulk_end) = mpsc::channel(64);
    (Queues { interactive, bulk }, Receivers { interactive: interactive_end, bulk: bulk_end })
}

impl Queues {
    /// How many wait: interactive ones, bulk ones.
    pub(crate) fn waiting(&self) -> (u64, u64) {
        let waiting = |queue: &mpsc::Sender<Request>| (queue.max_capacity() - queue.capacity()) as u64;
        (waiting(&self.interactive), waiting(&self.bulk))
    }

    pub(crate) async fn send(&self, request: Request) -> Result<(), Fault> {
        let queue = match &request {
            Request::Unit(unit, _) if unit.lane == Lane::Bulk => &self.bulk,
            Request::Chore(Chore::Expire(..)) => &self.bulk,
            _ => &self.interactive,
        };
        queue.send(request).await.map_err(|_| Fault::Unavailable("the store is closed".into()))
    }
}

impl Receivers {
    /// The next request, interactive ones first; `None` when every sender is gone.
    pub(super) async fn next(&mut self) -> Option<Request> {
        tokio::select! {
            biased;
            Some(request) = self.interactive.recv() => Some(request),
            Some(request) = self.bulk.recv() => Some(request),
            else => None,
        }
    }

    /// A request that waits already and still fits into a group of this age.
    pub(super) fn waiting(&mut self, age: Duration) -> Option<Request> {
        if age >= GROUP_TIME {
            return None;
        }
        let interactive = self.interactive.try_recv().ok();
        interactive.or_else(|| if age < BULK_TIME { self.bulk.try_recv().ok() } else { None })
    }
}

impl Chore {
    /// Answers that it was not done.
    pub(super) fn refuse(self, fault: Fault) {
        match self {
            Self::Claim(.., answer) => drop(answer.send(Err(fault))),
            Self::Release(_, answer) => drop(answer.send(Err(fault))),
            Self::Expire(.., answer) => drop(answer.send(Err(fault))),
        }
    }
}
