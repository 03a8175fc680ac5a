//! Cases of merges and what is left of them: writes that come apart, and LINE IDs that survivors carry.

use profile_model::{
    Actor, ChannelId, Delivery, GroupChannel, GroupState, InboxKey, Key, Keys, LineUserId, Meaning, MergeId,
    ProfileId, Target, Timestamp, UndoOutcome,
};
use serde_json::{Value, json, value::RawValue};

use super::calls::Memory;
use super::cases::{W, holds, load, track};
use super::operations::{Operation, perform};
use crate::{IdentityError, ProfileStore, Wish};

fn actor() -> Actor {
    Actor::new("api", "test")
}

pub(super) fn text(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

pub(super) async fn merge(store: &ProfileStore, from: Value, to: Value) -> Result<MergeId, String> {
    let body = json!({"merge_updates": [{"identifier_to_merge": from, "identifier_to_keep": to}]});
    let answer = store.merge(W, actor(), &body, Wish::default()).await.map_err(text)?;
    answer.report.outcomes.first().and_then(|outcome| outcome.merge).ok_or_else(|| "not merged".to_owned())
}

/// The LINE ID of a number.
pub(super) fn line_id(number: u32) -> LineUserId {
    LineUserId::from_stored(format!("U{number:032x}"))
}

/// The one who has an external id.
pub(super) async fn person(store: &ProfileStore, external_id: &str) -> Result<ProfileId, String> {
    let key = Key::external_id(external_id);
    let loaded = load(store, Keys { identifiers: vec![key.clone()], ..Keys::default() }).await?;
    let holder = loaded.holders.get(&key).and_then(|holders| holders.first().copied());
    holder.ok_or_else(|| format!("nobody has the external id {external_id}"))
}

async fn undo(store: &ProfileStore, merge: MergeId) -> Result<(), String> {
    let outcome = store.undo_merge(W, actor(), merge, true).await.map_err(text)?;
    holds(matches!(outcome, UndoOutcome::Undone { .. }), "the merge was not undone")
}

/// SST, MF-4: a state that a request set between a merge and its undo stays with whom the request named, whether the
/// survivor has the address or not.
pub(super) async fn states_set_since_a_merge_stay_with_whom_they_were_set_for(
    store: &ProfileStore,
) -> Result<(), String> {
    let group = store.create_group(W, "news", GroupChannel::Email).await.map_err(text)?.map_err(text)?;
    for email in [json!(null), json!("kept@example.com")] {
        track(store, json!({"attributes": [{"external_id": "a"}, {"external_id": "b", "email": email}]}))
            .await?;
        let joined = merge(store, json!({"external_id": "a"}), json!({"external_id": "b"})).await?;
        let set = json!({
            "subscription_group_id": group.id, "subscription_state": "unsubscribed", "external_id": ["a"],
        });
        store.set_states(W, actor(), &set, false).await.map_err(text)?;
        undo(store, joined).await?;
        let who = ["a", "b"].map(|id| Target::ExternalId(id.to_owned()));
        let states = store.states_of(W, &group, &who).await.map_err(text)?;
        holds(states == [Some(GroupState::Unsubscribed), None], "the opt-out is not where it was given")?;
    }
    Ok(())
}

pub(super) async fn follow(store: &ProfileStore, user: &LineUserId, number: i64) -> Result<(), String> {
    let delivery = Delivery {
        key: InboxKey {
            channel: ChannelId("1000".into()),
            event: format!("e{number}"),
            user: Some(user.clone()),
        },
        kind: "follow".into(),
        meaning: Meaning::Friendship(GroupState::Subscribed),
        user: Some(user.clone()),
        at: Some(Timestamp::from_millis(1_600_000_000_000 + number)),
        received_at: Timestamp::from_millis(1_600_000_010_000),
        body: RawValue::from_string("{}".into()).map_err(text)?,
    };
    perform(store, W, Operation::Deliver(vec![delivery]), &mut Memory::default()).await.map_err(text)
}

/// Issue 3, 9: the LINE ID of an erased follower is in no row of others: not in what survivors carry of those who were
/// merged into them, at any depth.
pub(super) async fn survivors_forget_the_line_id_of_an_erased_follower(
    store: &ProfileStore,
) -> Result<(), String> {
    let [first, second] = [1, 2].map(line_id);
    let alias = |user: &LineUserId| json!({"alias_label": "line_id", "alias_name": user});
    track(
        store,
        json!({"attributes": [
            {"external_id": "m", "native_line_id": first}, {"external_id": "k", "native_line_id": second},
            {"external_id": "top"},
        ]}),
    )
    .await?;
    follow(store, &first, 1).await?;
    let inner = merge(store, json!({"external_id": "m"}), json!({"external_id": "k"})).await?;
    merge(store, json!({"external_id": "k"}), json!({"external_id": "top"})).await?;
    let top = Keys { identifiers: vec![Key::external_id("top")], ..Keys::default() };
    let carries = async || -> Result<(bool, usize), String> {
        let loaded = load(store, top.clone()).await?;
        let profile = loaded.profiles.values().next().ok_or("nobody has the external id")?;
        let mut keys = profile.merged.iter().flat_map(|side| &side.keys);
        Ok((keys.any(|key| *key.value == *first.as_str()), profile.merged.len()))
    };
    holds(carries().await? == (true, 2), "the LINE ID did not come with the merge")?;
    let body = json!({"user_aliases": [alias(&first)]});
    let erased = store.delete(W, actor(), &body, Wish::default()).await;
    let erased = erased.map_err(|error: IdentityError| text(error))?;
    holds(erased.report.outcomes.len() == 1, "the follower was not erased")?;
    holds(carries().await? == (false, 2), "a survivor still carries the LINE ID")?;
    // The rest of the row is as it was, and it can be written to.
    track(store, json!({"attributes": [{"external_id": "m", "n": 1}, {"external_id": "k", "n": 2}]})).await?;
    let outcome = store.undo_merge(W, actor(), inner, false).await.map_err(text)?;
    holds(outcome == UndoOutcome::Erased, "a merge whose images named the erased can be undone")
}

/// Design 4, ID-8, DUP-2: after an undo `updated_at` is what the events and purchases of each side made of it, at any
/// depth; without any it is as before the merge.
pub(super) async fn events_since_a_merge_move_the_side_they_belong_to(
    store: &ProfileStore,
) -> Result<(), String> {
    let of = |id: &str| json!({"external_id": id});
    track(store, json!({"attributes": Vec::from(["deep", "removed", "kept", "quiet"].map(of))})).await?;
    let updated = async |id: &str| -> Result<i64, String> {
        let id = person(store, id).await?;
        let loaded = load(store, Keys { profiles: vec![id], ..Keys::default() }).await?;
        Ok(loaded.profiles.get(&id).map(|profile| profile.updated_at.as_micros()).unwrap_or_default())
    };
    let quiet = updated("quiet").await?;
    let inner = merge(store, of("deep"), of("removed")).await?;
    let outer = merge(store, of("removed"), of("kept")).await?;
    let last = merge(store, of("quiet"), of("kept")).await?;
    undo(store, last).await?;
    holds(updated("quiet").await? == quiet, "updated_at moved without an event")?;
    // One batch: each object has its own microsecond, whatever the clock does.
    let event = |who: &str| json!({"external_id": who, "name": "seen", "time": "2023-11-14"});
    let events = (0..31).map(|place| event(["kept", "removed", "deep"].get(place / 10).unwrap_or(&"kept")));
    let purchase = json!({
        "external_id": "kept", "product_id": "tea", "currency": "JPY", "price": 500, "time": "2023-11-14",
    });
    track(store, json!({"events": events.collect::<Vec<_>>(), "purchases": [purchase]})).await?;
    let newest = updated("kept").await?;
    undo(store, outer).await?;
    // The purchase came last; the last event of `removed` was twelve objects before it, that of `deep` two.
    holds(updated("kept").await? == newest, "the survivor's own purchase did not move it")?;
    holds(
        updated("removed").await? == newest - 2,
        "an event of a part of it did not move the one that came back",
    )?;
    undo(store, inner).await?;
    holds(updated("deep").await? == newest - 2, "its events did not move the deepest")?;
    holds(updated("removed").await? == newest - 12, "its own events did not move the one that came back")
}

/// Issue 3: a "never the same" is taken back by an undo that allows a rejoin, and only that of the two; what was remembered
/// of others stays.
pub(super) async fn an_undo_that_allows_a_rejoin_lifts_the_pair(store: &ProfileStore) -> Result<(), String> {
    let of = |id: &str| json!({"external_id": id});
    track(store, json!({"attributes": Vec::from(["a", "b", "c"].map(of))})).await?;
    let ids = [person(store, "a").await?, person(store, "b").await?, person(store, "c").await?];
    let parted = async |from: &str, to: &str, allow_rejoin: bool| -> Result<usize, String> {
        let joined = merge(store, of(from), of(to)).await?;
        let outcome = store.undo_merge(W, actor(), joined, allow_rejoin).await.map_err(text)?;
        holds(matches!(outcome, UndoOutcome::Undone { .. }), "the merge was not undone")?;
        let loaded = load(store, Keys { never_same: ids.to_vec(), ..Keys::default() }).await?;
        // Each pair is told by both.
        Ok(loaded.never_same.values().map(|others| others.len()).sum::<usize>() / 2)
    };
    holds(parted("a", "b", false).await? == 1, "the pair is not remembered")?;
    holds(parted("c", "a", false).await? == 2, "the other pair is not remembered")?;
    holds(parted("b", "a", true).await? == 1, "the pair was not lifted, or the other one was")?;
    holds(parted("b", "a", true).await? == 1, "lifting it twice lifted another one")?;
    holds(parted("a", "b", false).await? == 2, "the pair cannot be remembered again")
}
