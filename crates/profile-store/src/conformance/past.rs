//! Cases of what a person's history tells of who they were before.

use profile_model::{Actor, DuplicatesBy, DuplicatesRule, KeepBy, KeepOrder, Key, Keys, MergeId, Timestamp};
use serde_json::{Value, json};

use super::cases::{W, holds, load, track};
use super::parted::{follow, line_id, merge, person, text};
use crate::ProfileStore;

async fn history(store: &ProfileStore, external_id: &str) -> Result<Vec<Value>, String> {
    let id = person(store, external_id).await?;
    let history = store.history(W, id).await.map_err(text)?;
    Ok(history.ok_or_else(|| format!("{external_id} has no history"))?.entries)
}

/// Issue 3: who was merged into a person stays in its history with time, maker and LINE ID, at any depth and however
/// often they were joined, when the before-images are gone.
pub(super) async fn a_history_does_not_need_the_before_images(store: &ProfileStore) -> Result<(), String> {
    for (id, number) in [("deep", 1), ("removed", 2), ("kept", 3)] {
        track(store, json!({"attributes": [{"external_id": id, "native_line_id": line_id(number)}]})).await?;
    }
    let of = |id: &str| json!({"external_id": id});
    let mut merges: Vec<MergeId> = vec![merge(store, of("deep"), of("removed")).await?];
    let first = merge(store, of("removed"), of("kept")).await?;
    store.undo_merge(W, Actor::new("api", "test"), first, true).await.map_err(text)?;
    merges.push(merge(store, of("removed"), of("kept")).await?);
    let before = history(store, "kept").await?;
    let kinds = |kind: &str| before.iter().filter(|entry| entry["kind"] == kind).count();
    holds((kinds("created"), kinds("line_linked")) == (3, 3), "not everybody was made once")?;
    let shown = before.iter().all(|entry| entry.get("made").is_none() && !entry["actor"].is_null());
    holds(shown, "an entry has no actor, or tells twice how somebody was made")?;
    let later = Timestamp::from_micros(i64::MAX);
    store.backend().expire_merges(later, 100).await.map_err(text)?;
    let loaded = load(store, Keys { merges, ..Keys::default() }).await?;
    let images = loaded.merges.values().flatten().filter(|record| record.removed_image.is_some());
    holds(loaded.merges.len() == 2 && images.count() == 0, "the images are still there")?;
    holds(history(store, "kept").await? == before, "the history is another one")
}

/// Issue 3, MLN: a follower whom a write or a merge of two LINE IDs kept apart says so itself, and names the profile that
/// it was kept apart from; nothing else of its past is another's.
pub(super) async fn a_follower_that_was_kept_apart_says_from_whom(
    store: &ProfileStore,
) -> Result<(), String> {
    let of = |id: &str| json!({"external_id": id});
    for (id, number) in [("overwritten", 1), ("cleared", 2), ("kept", 3), ("removed", 4)] {
        track(store, json!({"attributes": [{"external_id": id, "native_line_id": line_id(number)}]})).await?;
        follow(store, &line_id(number), i64::from(number)).await?;
    }
    let write =
        |id: &str, line_id: Value| json!({"attributes": [{"external_id": id, "native_line_id": line_id}]});
    track(store, write("overwritten", json!(line_id(5)))).await?;
    track(store, write("cleared", Value::Null)).await?;
    merge(store, of("removed"), of("kept")).await?;
    for (number, from) in [(1, "overwritten"), (2, "cleared"), (4, "kept")] {
        let key = Key::line_id(&line_id(number));
        let loaded = load(store, Keys { identifiers: vec![key.clone()], ..Keys::default() }).await?;
        let follower = loaded.holders[&key].first().copied().ok_or("the follower was lost")?;
        let from = person(store, from).await?;
        let history = store.history(W, follower).await.map_err(text)?.ok_or("the follower has no history")?;
        let told: Vec<_> = history.entries.iter().map(|entry| &entry["kind"]).collect();
        holds(told == ["created", "line_linked"], "the history of the follower is another one")?;
        let made = &history.entries[0];
        let cause = made["cause"].as_str().unwrap_or_default();
        holds(cause.contains("kept apart"), "the cause is another one")?;
        holds(made["other_braze_id"] == json!(from), "it does not say from whom")?;
        let theirs = store.history(W, from).await.map_err(text)?.ok_or("nobody has this history")?;
        let apart = theirs.entries.iter().find(|entry| entry["kind"] == "line_follower_kept_apart");
        let apart = apart.ok_or("the other does not say so")?;
        holds(apart["other_braze_id"] == json!(follower), "the other does not say whom")?;
    }
    Ok(())
}

/// Issue 5: of a join that a rule made, the history says by which kind of value; the value is nowhere in it. What a request
/// named is no rule.
pub(super) async fn a_join_by_a_rule_says_what_the_two_share(store: &ProfileStore) -> Result<(), String> {
    let shared = [
        (DuplicatesBy::Email, "email", json!("shared@example.com"), "email address"),
        (DuplicatesBy::Phone, "phone", json!("+819087651290"), "phone number"),
        (DuplicatesBy::NativeLineId, "native_line_id", json!(line_id(1)), "LINE ID"),
    ];
    for (rule, field, value, words) in shared {
        let id = format!("by-{field}");
        let objects = [
            json!({"external_id": id, field: value}),
            json!({
                "user_alias": {"alias_label": "web", "alias_name": id}, "_update_existing_only": false, field: value,
            }),
        ];
        track(store, json!({"attributes": objects})).await?;
        let rule = DuplicatesRule {
            by: rule,
            keep: KeepBy::default(),
            order: KeepOrder::default(),
            merge_identified: false,
        };
        let run = store.start_duplicates(W, Actor::new("api", "test"), rule).await.map_err(text)?;
        store.run_duplicates(W, run, |_| true).await.map_err(text)?;
        let history = history(store, &id).await?;
        let merged = history.iter().find(|entry| entry["kind"] == "merged").ok_or("the rule did nothing")?;
        holds(merged["by"] == field, "the rule is another one")?;
        holds(
            merged["cause"].as_str().is_some_and(|cause| cause.ends_with(words)),
            "the cause is another one",
        )?;
        let told = json!([merged["cause"], merged["by"], merged["dropped"]]).to_string();
        holds(!told.contains(value.as_str().unwrap_or_default()), "the value is told")?;
    }
    let of = |id: &str| json!({"external_id": id});
    merge(store, of("by-phone"), of("by-email")).await?;
    let history = history(store, "by-email").await?;
    let named = history.iter().find(|entry| entry["how"] == "merge").ok_or("the merge is not told")?;
    holds(named.get("by").is_none(), "a request is no rule")
}
