//! The `users` of a synchronous answer (`SYN-*`), told by the decision itself: what it wrote, on what it had loaded.

use std::sync::Arc;

use profile_model::{
    Body, ChangeSet, Decision, Item, Keys, Loaded, Occurrence, Profile, ProfileId, Summary, SummaryKey,
    TrackOutcome, read_summaries,
};
use serde_json::{Map, Value, json};

/// A profile as a decision leaves it.
struct Left<'a> {
    profile: &'a Arc<Profile>,
    summaries: Vec<(SummaryKey, Summary)>,
}

/// The users, or what must be loaded to tell them: summaries of everything merged into the profile.
pub(super) fn tell(
    items: &[Item],
    outcome: &TrackOutcome,
    decision: &Decision,
    loaded: &Loaded,
) -> Result<Vec<Value>, Box<Keys>> {
    let found = items.first().zip(outcome.items.first().and_then(|outcome| outcome.profile()));
    let Some((item, id)) = found else { return Ok(Vec::new()) };
    let nothing = ChangeSet::default();
    let change = match decision {
        Decision::Write(change) => change,
        Decision::Nothing | Decision::NeedMore(_) => &nothing,
    };
    let Some(profile) = profile_left(id, change, loaded) else { return Ok(Vec::new()) };
    let summaries = match occurrence(item) {
        Some((of, name)) => summaries_left(profile, of, name, change, loaded)?,
        None => Vec::new(),
    };
    Ok(vec![render(item, &Left { profile, summaries })])
}

fn profile_left<'a>(id: ProfileId, change: &'a ChangeSet, loaded: &'a Loaded) -> Option<&'a Arc<Profile>> {
    let written = change.updated.iter().chain(&change.created);
    let written = written.chain(&change.restored).find(|profile| profile.id == id);
    if written.is_none() && change.retired.iter().any(|(gone, _)| *gone == id) {
        // The write made it part of another (convergence): that one is shown.
        return change.updated.iter().find(|profile| profile.sides().any(|side| side == id));
    }
    written.or_else(|| loaded.profiles.get(&id))
}

fn summaries_left(
    profile: &Profile,
    of: Occurrence,
    name: &Arc<str>,
    change: &ChangeSet,
    loaded: &Loaded,
) -> Result<Vec<(SummaryKey, Summary)>, Box<Keys>> {
    let mut missing = Keys::default();
    let mut found = Vec::new();
    for side in profile.sides() {
        let key = SummaryKey { profile: side, of, name: Arc::clone(name) };
        let written = change.summaries.iter().find(|(written, _)| *written == key);
        match (written, loaded.summaries.get(&key)) {
            (Some(written), _) => found.push(written.clone()),
            (None, Some(stored)) => found.extend(stored.clone().map(|summary| (key, summary))),
            (None, None) => missing.summaries.push(key),
        }
    }
    if missing.summaries.is_empty() { Ok(read_summaries(profile, &found)) } else { Err(Box::new(missing)) }
}

const fn occurrence(item: &Item) -> Option<(Occurrence, &Arc<str>)> {
    match &item.body {
        Body::Attributes(_) => None,
        Body::Event(event) => Some((Occurrence::Event, &event.name)),
        Body::Purchase(purchase) => Some((Occurrence::Purchase, &purchase.product)),
    }
}

/// `SYN-3`, `SYN-4`: the identifier as sent, and what was sent, as it is now.
fn render(item: &Item, left: &Left<'_>) -> Value {
    let (name, identifier) = item.target.as_sent();
    let mut user = json!({name: identifier});
    let summary = |label: &str| {
        let told = |(key, summary): &(SummaryKey, Summary)| json!([{label: &*key.name, "first": summary.first, "last": summary.last, "count": summary.count}]);
        left.summaries.first().map(told).unwrap_or_default()
    };
    match &item.body {
        Body::Attributes(attributes) => {
            let now: Map<String, Value> = attributes
                .custom
                .iter()
                .filter_map(|(name, _)| {
                    let text = left.profile.custom.text(name)?;
                    Some((name.clone(), serde_json::from_str(text).ok()?))
                })
                .collect();
            user["custom_attributes"] = now.into();
        }
        Body::Event(_) => user["custom_events"] = summary("name"),
        Body::Purchase(_) => user["purchase_events"] = summary("product_id"),
    }
    user
}
