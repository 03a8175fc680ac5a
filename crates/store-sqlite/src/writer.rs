//! The one writer: group commit over two queues.
//!
//! Within a group the next unit is loaded while the one before it is decided and applied: the driver's thread has a
//! statement at hand while this task reads rows, decides and binds. What the one before changes of it is loaded again.

use std::sync::Arc;
use std::time::Instant;

use profile_store::{Applied, Count, Fault, Retry, UnitCounts};
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use crate::apply::Ahead;
use crate::fault::{UnitFault, to_fault};
use crate::statement::{Counted, Shared, plain};

mod queue;
mod unit;

pub(crate) use queue::{Chore, Queues, Receivers, Request, queues};
use unit::Turn;

/// Most units of one group.
const GROUP_UNITS: usize = 64;

/// How often a locked file is waited for (each wait is the connection's busy timeout).
const MAX_BUSY: u32 = 4;

/// What the writer counts.
#[derive(Debug, Default)]
pub(crate) struct WriterCounts {
    pub(crate) units: UnitCounts,
    pub(crate) groups: Count,
    /// Requests in all groups together.
    pub(crate) grouped: Count,
}

/// An answer that is ready, held back until the commit.
type Answer = Box<dyn FnOnce(Result<(), Fault>) + Send>;

/// Runs until every sender is gone and both queues are empty.
pub(crate) async fn run(
    connection: SqliteConnection,
    mut receivers: Receivers,
    counts: Arc<WriterCounts>,
) -> SqliteConnection {
    let mut connection = Shared::new(connection);
    let mut ahead = Ahead::default();
    // Taken already by a group that then failed.
    let mut carried = None;
    loop {
        let next = match carried.take() {
            Some(next) => Some(next),
            None => receivers.next().await.map(Next::from),
        };
        let Some(first) = next else { return connection.into_inner() };
        if let Err(fault) = begin(connection.alone(), &counts.units).await {
            first.refuse(fault);
            continue;
        }
        let next_pid = next_pid(connection.alone()).await;
        let mut answers: Vec<Answer> = Vec::new();
        let mut group = Group {
            connection: &connection,
            ahead: &mut ahead,
            counts: &counts.units,
            answers: &mut answers,
            left: None,
        };
        let ended = match next_pid {
            Ok(next_pid) => group.run(first, next_pid, &mut receivers).await,
            Err(fault) => {
                first.refuse(fault.clone());
                Err(fault)
            }
        };
        carried = group.left.take();
        counts.groups.add(1);
        counts.grouped.add(answers.len() as u64);
        let committed = match ended {
            Ok(()) => execute(connection.alone(), "-- commit\nCOMMIT").await,
            Err(fault) => Err(fault),
        };
        ahead.names.settle(committed.is_ok());
        if committed.is_err() {
            // Whatever is left of the transaction; an error here means that SQLite has ended it already.
            let _ = execute(connection.alone(), "-- rollback\nROLLBACK").await;
        }
        for answer in answers {
            answer(committed.clone());
        }
    }
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

/// Requests that share a commit.
struct Group<'g> {
    connection: &'g Shared,
    ahead: &'g mut Ahead,
    counts: &'g UnitCounts,
    answers: &'g mut Vec<Answer>,
    /// What was taken from a queue and not come to.
    left: Option<Next>,
}

/// A request of this group, a unit perhaps with what was loaded for it.
enum Next {
    Unit(Box<Turn>, oneshot::Sender<Result<Applied, Fault>>),
    Chore(Chore),
}

impl From<Request> for Next {
    fn from(request: Request) -> Self {
        match request {
            Request::Unit(unit, answer) => Self::Unit(Box::new(Turn::of(unit)), answer),
            Request::Chore(chore) => Self::Chore(chore),
        }
    }
}

impl Next {
    fn refuse(self, fault: Fault) {
        match self {
            Self::Unit(_, answer) => drop(answer.send(Err(fault))),
            Self::Chore(chore) => chore.refuse(fault),
        }
    }
}

impl Group<'_> {
    /// Runs units until the group is full, its time is over, or nobody waits who may. An error ends the whole group.
    async fn run(&mut self, first: Next, next_pid: i64, receivers: &mut Receivers) -> Result<(), Fault> {
        let began = Instant::now();
        self.ahead.next_pid = next_pid;
        let mut current = Some(first);
        while let Some(next) = current {
            let fits = self.answers.len() + 1 < GROUP_UNITS;
            let mut waiting = || if fits { receivers.waiting(began.elapsed()).map(Next::from) } else { None };
            let mut behind = waiting();
            let handled = match next {
                Next::Unit(turn, answer) => self.unit(turn, answer, behind.as_mut()).await,
                Next::Chore(chore) => {
                    self.chore(chore).await;
                    Ok(())
                }
            };
            if handled.is_err() {
                self.left = behind;
                return handled;
            }
            current = behind.or_else(waiting);
        }
        Ok(())
    }

    /// One unit; if the request behind it is a unit, too, that one is loaded meanwhile.
    async fn unit(
        &mut self,
        mut turn: Box<Turn>,
        answer: oneshot::Sender<Result<Applied, Fault>>,
        behind: Option<&mut Next>,
    ) -> Result<(), Fault> {
        let ended = match behind {
            Some(Next::Unit(next, _)) => {
                // The load first, so that it is under way while the other is decided.
                let ((), ended) = tokio::join!(
                    next.look_ahead(self.connection),
                    turn.run(self.connection, self.ahead, self.counts)
                );
                next.hear_of(&ended);
                ended
            }
            _ => turn.run(self.connection, self.ahead, self.counts).await,
        };
        let result = match ended {
            Ok((applied, _)) => Ok(applied),
            Err(UnitFault::Conflict(_)) => Err(Fault::Conflict),
            Err(UnitFault::Unit(fault)) => Err(fault),
            Err(UnitFault::Group(fault)) => {
                let _ = answer.send(Err(fault.clone()));
                return Err(fault);
            }
        };
        self.answers.push(held(answer, result));
        Ok(())
    }

    async fn chore(&mut self, chore: Chore) {
        let counted = &mut Counted::sharing(self.connection);
        let answer = match chore {
            Chore::Claim(kind, lease, now, limit, answer) => {
                held(answer, crate::jobs::claim(counted, kind, &lease, now, limit).await)
            }
            Chore::Release(owner, answer) => held(answer, crate::jobs::release(counted, &owner).await),
            Chore::Expire(now, limit, answer) => {
                held(answer, crate::expiry::expire(counted, now, limit).await)
            }
        };
        self.answers.push(answer);
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
