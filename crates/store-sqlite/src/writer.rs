//! The one writer: group commit over two queues.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use profile_model::{Decision, Lease, Timestamp, WorkspaceId};
use profile_store::{Applied, Count, Expired, Fault, Job, JobKind, Lane, Retry, Unit, UnitCounts};
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use crate::apply::Ahead;
use crate::fault::{UnitFault, to_fault};
use crate::load::{Found, load};
use crate::statement::{Counted, plain};

/// Most units of one group.
const GROUP_UNITS: usize = 64;

/// How long a group may collect what waits before it commits: one sync and one write of a page that several units change
/// are shared by all of them. Whoever came first waits that long, which is less than waiting in line behind more commits.
const GROUP_TIME: Duration = Duration::from_millis(60);

/// The same for bulk work: beside an import, an interactive unit must not find the door shut for long.
const BULK_TIME: Duration = Duration::from_millis(20);

/// How often a unit may lose against something that moved (another process' write between its load and apply cannot
/// happen inside BEGIN IMMEDIATE, so this is a guard), and how often it may ask for more.
const MAX_CONFLICTS: u32 = 3;
const MAX_ROUNDS: u32 = 4;

/// How often a locked file is waited for (each wait is the connection's busy timeout).
const MAX_BUSY: u32 = 4;

/// What the writer is asked to do.
pub(crate) enum Request {
    Unit(Box<Unit>, oneshot::Sender<Result<Applied, Fault>>),
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

/// What the writer counts.
#[derive(Debug, Default)]
pub(crate) struct WriterCounts {
    pub(crate) units: UnitCounts,
    pub(crate) groups: Count,
    /// Requests in all groups together.
    pub(crate) grouped: Count,
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
            Request::Expire(..) => &self.bulk,
            _ => &self.interactive,
        };
        queue.send(request).await.map_err(|_| Fault::Unavailable("the store is closed".into()))
    }
}

impl Receivers {
    /// The next request, interactive ones first; `None` when every sender is gone.
    async fn next(&mut self) -> Option<Request> {
        tokio::select! {
            biased;
            Some(request) = self.interactive.recv() => Some(request),
            Some(request) = self.bulk.recv() => Some(request),
            else => None,
        }
    }

    /// A request that waits already and still fits into a group of this age.
    fn waiting(&mut self, age: Duration) -> Option<Request> {
        if age >= GROUP_TIME {
            return None;
        }
        let interactive = self.interactive.try_recv().ok();
        interactive.or_else(|| if age < BULK_TIME { self.bulk.try_recv().ok() } else { None })
    }
}

/// An answer that is ready, held back until the commit.
type Answer = Box<dyn FnOnce(Result<(), Fault>) + Send>;

/// Runs until every sender is gone and both queues are empty.
pub(crate) async fn run(
    mut connection: SqliteConnection,
    mut receivers: Receivers,
    counts: Arc<WriterCounts>,
) -> SqliteConnection {
    let mut ahead = Ahead::default();
    while let Some(first) = receivers.next().await {
        if let Err(fault) = begin(&mut connection, &counts.units).await {
            refuse(first, fault);
            continue;
        }
        let mut answers: Vec<Answer> = Vec::new();
        let mut group = Group {
            connection: &mut connection,
            ahead: &mut ahead,
            counts: &counts.units,
            answers: &mut answers,
        };
        let ended = group.run(first, &mut receivers).await;
        counts.groups.add(1);
        counts.grouped.add(answers.len() as u64);
        let committed = match ended {
            Ok(()) => execute(&mut connection, "-- commit\nCOMMIT").await,
            Err(fault) => Err(fault),
        };
        ahead.names.settle(committed.is_ok());
        if committed.is_err() {
            // Whatever is left of the transaction; an error here means that SQLite has ended it already.
            let _ = execute(&mut connection, "-- rollback\nROLLBACK").await;
        }
        for answer in answers {
            answer(committed.clone());
        }
    }
    connection
}

async fn execute(connection: &mut SqliteConnection, text: &'static str) -> Result<(), Fault> {
    plain(text).execute(connection).await.map(drop).map_err(|error| to_fault(&error))
}

async fn begin(connection: &mut SqliteConnection, counts: &UnitCounts) -> Result<(), Fault> {
    let mut tries = 0;
    loop {
        match execute(connection, "-- begin\nBEGIN IMMEDIATE").await {
            Err(Fault::Unavailable(_)) if tries < MAX_BUSY => {
                tries += 1;
                counts.again(Retry::LockTimeout);
            }
            result => return result,
        }
    }
}

fn refuse(request: Request, fault: Fault) {
    match request {
        Request::Unit(_, answer) => drop(answer.send(Err(fault))),
        Request::Claim(.., answer) => drop(answer.send(Err(fault))),
        Request::Release(_, answer) => drop(answer.send(Err(fault))),
        Request::Expire(.., answer) => drop(answer.send(Err(fault))),
    }
}

/// Requests that share a commit.
struct Group<'g> {
    connection: &'g mut SqliteConnection,
    ahead: &'g mut Ahead,
    counts: &'g UnitCounts,
    answers: &'g mut Vec<Answer>,
}

impl Group<'_> {
    /// Runs units until the group is full, its time is over, or nobody waits who may. An error ends the whole group.
    async fn run(&mut self, first: Request, receivers: &mut Receivers) -> Result<(), Fault> {
        let began = Instant::now();
        self.ahead.next_pid = next_pid(self.connection).await?;
        let mut request = Some(first);
        while let Some(current) = request {
            self.handle(current).await?;
            let full = self.answers.len() >= GROUP_UNITS;
            request = if full { None } else { receivers.waiting(began.elapsed()) };
        }
        Ok(())
    }

    async fn handle(&mut self, request: Request) -> Result<(), Fault> {
        match request {
            Request::Unit(mut unit, answer) => {
                let result = match run_unit(self.connection, &mut unit, self.ahead, self.counts).await {
                    Ok(applied) => Ok(applied),
                    Err(UnitFault::Conflict(_)) => Err(Fault::Conflict),
                    Err(UnitFault::Unit(fault)) => Err(fault),
                    Err(UnitFault::Group(fault)) => {
                        let _ = answer.send(Err(fault.clone()));
                        return Err(fault);
                    }
                };
                self.answers.push(held(answer, result));
            }
            Request::Claim(kind, lease, now, limit, answer) => {
                let mut counted = Counted::new(self.connection);
                let result = crate::jobs::claim(&mut counted, kind, &lease, now, limit).await;
                self.answers.push(held(answer, result));
            }
            Request::Release(owner, answer) => {
                let result = crate::jobs::release(&mut Counted::new(self.connection), &owner).await;
                self.answers.push(held(answer, result));
            }
            Request::Expire(now, limit, answer) => {
                let result = crate::expiry::expire(&mut Counted::new(self.connection), now, limit).await;
                self.answers.push(held(answer, result));
            }
        }
        Ok(())
    }
}

async fn next_pid(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    let query = sqlx::query_scalar::<_, i64>(
        "-- next_pid\nSELECT 1 + max(coalesce((SELECT max(pid) FROM profiles), 0), \
         coalesce((SELECT max(pid) FROM retired_profiles), 0))",
    );
    query.fetch_one(connection).await.map_err(|error| to_fault(&error))
}

/// Answers with `result` once the commit is known, or with why there was none.
fn held<T: Send + 'static>(answer: oneshot::Sender<Result<T, Fault>>, result: Result<T, Fault>) -> Answer {
    Box::new(move |committed| drop(answer.send(committed.and(result))))
}

async fn run_unit(
    connection: &mut SqliteConnection,
    unit: &mut Unit,
    ahead: &mut Ahead,
    counts: &UnitCounts,
) -> Result<Applied, UnitFault> {
    let mut counted = Counted::new(connection);
    let mut conflicts = 0;
    loop {
        match try_unit(&mut counted, unit, ahead).await {
            Ok(wrote) => return Ok(Applied { wrote, statements: counted.statements, retries: conflicts }),
            Err(UnitFault::Conflict(why)) if conflicts < MAX_CONFLICTS => {
                conflicts += 1;
                counts.again(why);
            }
            Err(fault) => return Err(fault),
        }
    }
}

async fn try_unit(counted: &mut Counted<'_>, unit: &mut Unit, ahead: &mut Ahead) -> Result<bool, UnitFault> {
    let mut found = Found::default();
    load(counted, unit.workspace, &unit.keys, &mut found).await?;
    let mut rounds = 0;
    let change = loop {
        match decide(unit, &found)? {
            Decision::Nothing => return Ok(false),
            Decision::Write(change) => break change,
            Decision::NeedMore(keys) if rounds < MAX_ROUNDS => {
                rounds += 1;
                load_more(counted, unit.workspace, &keys, &mut found).await?;
            }
            Decision::NeedMore(_) => {
                return Err(Fault::Internal(format!("{}: a decision asked for more again", unit.name)).into());
            }
        }
    };
    if crate::apply::is_one_statement(&change) {
        // SQLite undoes a statement that fails: no savepoint around a single one. That rows moved under our lock would
        // be a defect, and the statement has written the others: the group goes.
        let applied = crate::apply::apply(counted, unit.workspace, &change, &found.pids, ahead).await;
        return match applied {
            Err(UnitFault::Conflict(_)) => Err(UnitFault::Group(Fault::Conflict)),
            applied => applied.map(|()| true),
        };
    }
    counted.execute(plain("-- savepoint\nSAVEPOINT unit")).await?;
    let applied = crate::apply::apply(counted, unit.workspace, &change, &found.pids, ahead).await;
    match applied {
        Ok(()) => {
            counted.execute(plain("-- release\nRELEASE unit")).await?;
            Ok(true)
        }
        Err(UnitFault::Group(fault)) => Err(UnitFault::Group(fault)),
        Err(fault) => {
            let undone = counted.execute(plain("-- undo\nROLLBACK TO unit")).await;
            undone.map_err(|error| UnitFault::Group(to_fault(&error)))?;
            counted.execute(plain("-- release\nRELEASE unit")).await?;
            Err(fault)
        }
    }
}

async fn load_more(
    counted: &mut Counted<'_>,
    workspace: WorkspaceId,
    keys: &profile_model::Keys,
    found: &mut Found,
) -> Result<(), UnitFault> {
    let mut more = Found::default();
    load(counted, workspace, keys, &mut more).await?;
    found.loaded.extend(more.loaded);
    found.pids.extend(more.pids);
    Ok(())
}

/// A decision that panics fails its own unit, not the writer.
fn decide(unit: &mut Unit, found: &Found) -> Result<Decision, UnitFault> {
    let decision = catch_unwind(AssertUnwindSafe(|| (unit.decide)(&found.loaded)));
    decision.map_err(|_| UnitFault::Unit(Fault::Internal(format!("{}: the decision panicked", unit.name))))
}
