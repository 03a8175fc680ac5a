//! `POST /users/track`: parse, load, decide, apply.

use profile_model::{
    Actor, Decision, Door, InputArray, Item, ItemError, Keys, Loaded, Occasion, TrackBatch, TrackCall,
    TrackFault, TrackOutcome, WorkspaceId, decide_track, parse_track_call, track_keys,
};
use serde_json::Value;

use crate::{Applied, Fault, ProfileStore, Work};

mod spread;
mod sync;

/// What a track request did.
#[derive(Debug)]
pub struct TrackAnswer {
    /// Objects accepted per array (attributes, events, purchases); `None`: the array was not sent (`TRK-7`).
    pub processed: [Option<u32>; 3],
    /// Problems by array and index (`TRK-8`, `TRK-9`), in that order.
    pub errors: Vec<ItemError>,
    /// SQL statements it took.
    pub statements: u32,
    /// How often it ran again.
    pub retries: u32,
}

/// What a synchronous request left: the users, and problems with values that were left out.
pub type SyncedAnswer = Result<(Vec<Value>, Vec<ItemError>), TrackError>;

/// Why a track request did nothing.
#[derive(Debug)]
pub enum TrackError {
    /// The body as a whole is not acceptable (400).
    Request(TrackFault),
    /// No object is acceptable (`TRK-10`, 400).
    NothingValid(Vec<ItemError>),
    /// The store could not do it (5xx).
    Fault(Fault),
}

impl From<Fault> for TrackError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl ProfileStore {
    /// Tracks one request body. When it returns, everything acceptable is durable and readable.
    ///
    /// # Errors
    /// See [`TrackError`]; in each case nothing was written.
    pub async fn track(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: Value,
    ) -> Result<TrackAnswer, TrackError> {
        self.track_many(workspace, actor, body, TrackCall::Track).await
    }

    /// Tracks a bulk request (`BLK-*`): as [`ProfileStore::track`], behind the requests somebody waits for.
    ///
    /// # Errors
    /// See [`TrackError`]; in each case nothing was written.
    pub async fn track_bulk(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: Value,
    ) -> Result<TrackAnswer, TrackError> {
        self.track_many(workspace, actor, body, TrackCall::Bulk).await
    }

    async fn track_many(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: Value,
        call: TrackCall,
    ) -> Result<TrackAnswer, TrackError> {
        let batch = self.read_batch(workspace, actor, body, call).await?;
        // A key's answer commits with what it tells: one transaction, over however many shards.
        if !batch.occasion.buckets.is_one() && batch.items.len() > 1 && self.once.is_none() {
            return self.track_spread(workspace, batch, call).await;
        }
        let told = |answer: Answered<'_>| Ok(answer.tracked);
        let (tracked, applied) = self.track_batch(workspace, batch, call, told).await?;
        tracked.map(|tracked| TrackAnswer {
            statements: applied.statements,
            retries: applied.retries,
            ..tracked
        })
    }

    /// Tracks one object and tells what it left (`SYN-*`).
    ///
    /// # Errors
    /// See [`TrackError`]; in each case nothing was written.
    pub async fn track_sync(&self, workspace: WorkspaceId, actor: Actor, body: Value) -> SyncedAnswer {
        let told = |answer: Answered<'_>| {
            let users = sync::tell(answer.items, answer.outcome, answer.decision, answer.loaded)?;
            Ok(answer.tracked.map(|tracked| (users, tracked.errors)))
        };
        let batch = self.read_batch(workspace, actor, body, TrackCall::Sync).await?;
        let done = self.track_batch(workspace, batch, TrackCall::Sync, told).await;
        done.and_then(|(synced, _)| synced)
    }

    async fn read_batch(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: Value,
        call: TrackCall,
    ) -> Result<Batch, TrackError> {
        let config = self.config().await?;
        let TrackBatch { items, errors, sent } =
            parse_track_call(body, &config, workspace, call).map_err(TrackError::Request)?;
        if items.is_empty() {
            return Err(TrackError::NothingValid(errors));
        }
        let occasion = self.occasion(workspace, actor).await?;
        Ok(Batch { accepted: processed(&items, sent), items, errors, occasion })
    }

    /// Decides and applies in one transaction; `tell` makes the answer inside the decision, or says what it still needs.
    async fn track_batch<T: Send + 'static>(
        &self,
        workspace: WorkspaceId,
        batch: Batch,
        call: TrackCall,
        tell: fn(Answered<'_>) -> Told<T>,
    ) -> Result<(Result<T, TrackError>, Applied), TrackError> {
        let Batch { items, errors, accepted, occasion } = batch;
        let mut keys = track_keys(&items);
        occasion.remember(&mut keys);
        let decide = move |loaded: &Loaded| {
            let (decision, outcome) = decide_track(&items, loaded, Door::Api, &occasion);
            let tracked = tracked(accepted, &errors, &outcome);
            if matches!(decision, Decision::NeedMore(_)) {
                return (decision, Err(undecided()));
            }
            let answered =
                Answered { tracked, items: &items, outcome: &outcome, decision: &decision, loaded };
            match tell(answered) {
                Ok(told) => (decision, told),
                Err(more) => (Decision::NeedMore(more), Err(undecided())),
            }
        };
        Ok(self.decide_once(work_of(workspace, keys, call), decide).await?)
    }
}

fn work_of(workspace: WorkspaceId, keys: Keys, call: TrackCall) -> Work {
    let work = Work::new("track", workspace, keys);
    if call == TrackCall::Bulk { work.bulk() } else { work }
}

/// The acceptable objects of a request, and what is wrong with the others.
struct Batch {
    items: Vec<Item>,
    errors: Vec<ItemError>,
    accepted: [Option<u32>; 3],
    occasion: Occasion,
}

/// An answer, or what must be loaded to make it.
type Told<T> = Result<Result<T, TrackError>, Box<Keys>>;

/// Stands where a decision runs again on more.
fn undecided() -> TrackError {
    TrackError::Fault(Fault::Internal("a track request was not decided".into()))
}

/// What an answer is made of, inside the decision.
struct Answered<'a> {
    tracked: Result<TrackAnswer, TrackError>,
    items: &'a [Item],
    outcome: &'a TrackOutcome,
    decision: &'a Decision,
    loaded: &'a Loaded,
}

fn tracked(
    accepted: [Option<u32>; 3],
    malformed: &[ItemError],
    outcome: &TrackOutcome,
) -> Result<TrackAnswer, TrackError> {
    let refused = outcome.errors.iter().filter(|error| error.rejected).count();
    let mut errors: Vec<_> = malformed.iter().chain(&outcome.errors).cloned().collect();
    errors.sort_by_key(|error| (error.array, error.index));
    if refused == outcome.items.len() {
        return Err(TrackError::NothingValid(errors));
    }
    let processed = less(accepted, &outcome.errors);
    Ok(TrackAnswer { processed, errors, statements: 0, retries: 0 })
}

/// Counters without what a look at the store refused (`CLI-4`).
fn less(processed: [Option<u32>; 3], errors: &[ItemError]) -> [Option<u32>; 3] {
    let [attributes, events, purchases] = processed;
    let left = |count: Option<u32>, array| {
        let refused = errors.iter().filter(|error| error.rejected && error.array == array).count();
        count.map(|count| count.saturating_sub(u32::try_from(refused).unwrap_or(u32::MAX)))
    };
    [
        left(attributes, InputArray::Attributes),
        left(events, InputArray::Events),
        left(purchases, InputArray::Purchases),
    ]
}

fn processed(items: &[profile_model::Item], sent: [Option<u32>; 3]) -> [Option<u32>; 3] {
    let count =
        |array| u32::try_from(items.iter().filter(|item| item.array == array).count()).unwrap_or(u32::MAX);
    let [attributes, events, purchases] = sent;
    [
        attributes.map(|_| count(InputArray::Attributes)),
        events.map(|_| count(InputArray::Events)),
        purchases.map(|_| count(InputArray::Purchases)),
    ]
}
