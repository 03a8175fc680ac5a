//! One unit: begin, lock and load, decide, apply, commit; again on what it lost, a bounded number of times.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use profile_model::{Decision, Keys};
use profile_store::{Applied, Fault, Retry, Unit, UnitCounts};
use sqlx::PgPool;

use crate::catalogue::KnownNames;
use crate::fault::{UnitFault, is_answer};
use crate::load::{Found, lock, lock_first};
use crate::shards::Shards;
use crate::statement::{Counted, Placement};

/// How often a unit may lose against others, and for how long: then the caller is told to try again.
const MAX_CONFLICTS: u32 = 30;
const MAX_TIME: Duration = Duration::from_secs(20);

/// How often a lost connection is replaced by another. Waiting for a server that is gone is the pool's affair.
pub(crate) const MAX_LOST: u32 = 3;

/// How often a decision may ask for more. What it loaded may move between two transactions, so a few more than it needs.
const MAX_ROUNDS: u32 = 8;

/// What a unit took so far.
#[derive(Default)]
struct Tally {
    statements: u32,
    conflicts: u32,
    lost: u32,
}

/// Runs a unit to its end. `note_lost` is told of each connection that was lost.
pub(crate) async fn run(
    pool: &PgPool,
    (shards, placement): (Shards, Placement),
    names: &KnownNames,
    mut unit: Unit,
    counts: &UnitCounts,
    note_lost: impl Fn(),
) -> Result<Applied, Fault> {
    let began = Instant::now();
    let mut tally = Tally::default();
    loop {
        let result = attempt(pool, (shards, placement), names, &mut unit, &mut tally).await;
        if matches!(result, Err(UnitFault::Lost(_) | UnitFault::Unknown)) {
            note_lost();
        }
        let in_time = began.elapsed() < MAX_TIME;
        let retries = tally.conflicts + tally.lost;
        match result {
            Ok(wrote) => return Ok(Applied { wrote, statements: tally.statements, retries }),
            Err(UnitFault::Conflict(why)) if tally.conflicts < MAX_CONFLICTS && in_time => {
                tally.conflicts += 1;
                counts.again(why);
            }
            Err(UnitFault::Lost(_)) if tally.lost < MAX_LOST && in_time => {
                tally.lost += 1;
                counts.again(Retry::ConnectionLost);
            }
            Err(UnitFault::Unknown) if unit.repeatable && tally.lost < MAX_LOST => {
                tally.lost += 1;
                counts.again(Retry::OutcomeUnknown);
            }
            Err(fault) => return Err(fault.into()),
        }
        tracing::debug!(unit = unit.name, conflicts = tally.conflicts, lost = tally.lost, "again");
        tokio::time::sleep(pause(retries)).await;
    }
}

/// None before the first repetition, then longer and longer, up to 100 ms, so that those who met meet no more.
fn pause(retries: u32) -> Duration {
    let most = if retries == 0 { 0 } else { (1_u64 << retries.min(7)).min(100) };
    Duration::from_micros(rand::random_range(0..=most * 1000))
}

/// One transaction. A decision that asks for what must be locked gets a new one, in which everything is locked in order
/// before anything is read: what the first one read may be older than the locks.
async fn attempt(
    pool: &PgPool,
    (shards, placement): (Shards, Placement),
    names: &KnownNames,
    unit: &mut Unit,
    tally: &mut Tally,
) -> Result<bool, UnitFault> {
    let mut keys = unit.keys.clone();
    let mut rounds = 0;
    'transaction: loop {
        let mut transaction = pool.begin().await?;
        let mut counted = Counted::new(&mut transaction, placement);
        let mut found = lock(&mut counted, shards, &keys).await?;
        let change = loop {
            let more: Keys = match decide(unit, &found)? {
                Decision::Nothing => {
                    tally.statements += counted.statements;
                    // Nothing was written: how the transaction ends does not matter.
                    let _ = transaction.rollback().await;
                    return Ok(false);
                }
                Decision::Write(change) => break change,
                Decision::NeedMore(more) => *more,
            };
            rounds += 1;
            if rounds > MAX_ROUNDS {
                return Err(Fault::Internal(format!("{}: a decision asked for more again", unit.name)).into());
            }
            keys.extend(more.clone());
            if lock_first(&more) {
                tally.statements += counted.statements;
                let _ = transaction.rollback().await;
                continue 'transaction;
            }
            found.extend(lock(&mut counted, shards, &more).await?);
        };
        let new_names = names.new_ones(shards, &change.names);
        let applied = async {
            crate::apply::apply(&mut counted, shards, &change, &mut found).await?;
            crate::catalogue::put(&mut counted, shards, &new_names).await
        };
        let applied = applied.await;
        tally.statements += counted.statements;
        applied?;
        return match transaction.commit().await {
            Ok(()) => {
                names.keep(shards, &new_names);
                Ok(true)
            }
            Err(error) if is_answer(&error) => Err(error.into()),
            Err(_) => Err(UnitFault::Unknown),
        };
    }
}

/// A decision that panics fails its own unit only.
fn decide(unit: &mut Unit, found: &Found) -> Result<Decision, UnitFault> {
    let decision = catch_unwind(AssertUnwindSafe(|| (unit.decide)(&found.loaded)));
    decision.map_err(|_| UnitFault::Unit(Fault::Internal(format!("{}: the decision panicked", unit.name))))
}
