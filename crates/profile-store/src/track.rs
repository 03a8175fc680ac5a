//! `POST /users/track`: parse, load, decide, apply.

use std::sync::Arc;

use profile_model::{
    Actor, Door, InputArray, ItemError, TrackBatch, TrackFault, TrackOutcome, WorkspaceId, decide_track,
    parse_track, track_keys,
};
use serde_json::Value;

use crate::{Fault, ProfileStore, Work};

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
        let config = self.config().await?;
        let TrackBatch { items, mut errors, sent } =
            parse_track(body, &config, workspace).map_err(TrackError::Request)?;
        if items.is_empty() {
            return Err(TrackError::NothingValid(errors));
        }
        let occasion = self.occasion(workspace, actor).await?;
        let processed = processed(&items, sent);
        let mut keys = track_keys(&items);
        occasion.remember(&mut keys);
        let items = Arc::new(items);
        let decide = move |loaded: &_| decide_track(&items, loaded, Door::Api, &occasion);
        let (outcome, applied): (TrackOutcome, _) =
            self.decide(Work::new("track", workspace, keys), decide).await?;
        let refused = outcome.errors.iter().filter(|error| error.rejected).count();
        let processed = less(processed, &outcome.errors);
        errors.extend(outcome.errors);
        errors.sort_by_key(|error| (error.array, error.index));
        if refused == outcome.items.len() {
            return Err(TrackError::NothingValid(errors));
        }
        Ok(TrackAnswer { processed, errors, statements: applied.statements, retries: applied.retries })
    }
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
