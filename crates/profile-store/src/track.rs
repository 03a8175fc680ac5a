//! `POST /users/track`: parse, load, decide, apply.

use std::sync::Arc;

use profile_model::{
    Actor, Body, Door, InputArray, Item, ItemError, Key, Keys, Occurrence, ProfileView, TrackBatch,
    TrackCall, TrackFault, TrackOutcome, WorkspaceId, decide_track, parse_track_call, track_keys,
};
use serde_json::{Map, Value, json};

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
        self.track_call(workspace, actor, body, TrackCall::Track).await.map(|(answer, ..)| answer)
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
        self.track_call(workspace, actor, body, TrackCall::Bulk).await.map(|(answer, ..)| answer)
    }

    /// Tracks one object and reads back what it left (`SYN-*`): the `users` of the answer.
    ///
    /// # Errors
    /// See [`TrackError`]; in each case nothing was written.
    pub async fn track_sync(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: Value,
    ) -> Result<(Vec<Value>, Vec<ItemError>), TrackError> {
        let (answer, items, outcome) = self.track_call(workspace, actor, body, TrackCall::Sync).await?;
        let found = items.first().zip(outcome.items.first().and_then(|outcome| outcome.profile()));
        let Some((item, id)) = found else { return Ok((Vec::new(), answer.errors)) };
        // Another request may have merged it away meanwhile: then the survivor is shown.
        let key = Key::merged(id);
        let keys = Keys { profiles: vec![id], identifiers: vec![key.clone()], ..Keys::default() };
        let loaded = self.backend().load(workspace, &keys).await?;
        let survivor = loaded.holders.get(&key).and_then(|holders| holders.first());
        let profile = loaded.profiles.get(&id).or_else(|| loaded.profiles.get(survivor?)).cloned();
        let views = self.views(workspace, profile.into_iter().collect()).await?;
        Ok((views.iter().map(|view| render_tracked(item, view)).collect(), answer.errors))
    }

    async fn track_call(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: Value,
        call: TrackCall,
    ) -> Result<(TrackAnswer, Arc<Vec<Item>>, TrackOutcome), TrackError> {
        let config = self.config().await?;
        let TrackBatch { items, mut errors, sent } =
            parse_track_call(body, &config, workspace, call).map_err(TrackError::Request)?;
        if items.is_empty() {
            return Err(TrackError::NothingValid(errors));
        }
        let occasion = self.occasion(workspace, actor).await?;
        let processed = processed(&items, sent);
        let mut keys = track_keys(&items);
        occasion.remember(&mut keys);
        let items = Arc::new(items);
        let inner = Arc::clone(&items);
        let decide = move |loaded: &_| decide_track(&inner, loaded, Door::Api, &occasion);
        let work = Work::new("track", workspace, keys);
        let work = if call == TrackCall::Bulk { work.bulk() } else { work };
        let (outcome, applied): (TrackOutcome, _) = self.decide(work, decide).await?;
        let refused = outcome.errors.iter().filter(|error| error.rejected).count();
        let processed = less(processed, &outcome.errors);
        errors.extend(outcome.errors.iter().cloned());
        errors.sort_by_key(|error| (error.array, error.index));
        if refused == outcome.items.len() {
            return Err(TrackError::NothingValid(errors));
        }
        let answer =
            TrackAnswer { processed, errors, statements: applied.statements, retries: applied.retries };
        Ok((answer, items, outcome))
    }
}

/// The user of a synchronous answer (`SYN-3`, `SYN-4`): the identifier as sent, and what was sent, as it is now.
fn render_tracked(item: &Item, view: &ProfileView) -> Value {
    let (name, identifier) = item.target.as_sent();
    let mut user = json!({name: identifier});
    let summary = |of: Occurrence, called: &str, label: &str| {
        let found = view.summaries.iter().find(|(key, _)| key.of == of && &*key.name == called);
        found.map(|(_, summary)| {
            json!([{label: called, "first": summary.first, "last": summary.last, "count": summary.count}])
        })
    };
    match &item.body {
        Body::Attributes(attributes) => {
            let now: Map<String, Value> = attributes
                .custom
                .iter()
                .filter_map(|(name, _)| {
                    let text = view.profile.custom.text(name)?;
                    Some((name.clone(), serde_json::from_str(text).ok()?))
                })
                .collect();
            user["custom_attributes"] = now.into();
        }
        Body::Event(event) => {
            user["custom_events"] = summary(Occurrence::Event, &event.name, "name").unwrap_or_default();
        }
        Body::Purchase(purchase) => {
            user["purchase_events"] =
                summary(Occurrence::Purchase, &purchase.product, "product_id").unwrap_or_default();
        }
    }
    user
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
