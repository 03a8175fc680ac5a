//! Is what the database holds what was acknowledged?

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use super::CLIENTS;
use super::acts::{FAMILY, HUNTERS, pool};
use super::client::all_shared;
use super::promise::{Promise, holds};
use super::stage::Stage;
use super::witness::Witness;

/// Questions under way at once.
const AT_ONCE: usize = 16;

pub(crate) async fn judge(stage: &Stage, witness: &Witness, promises: Vec<Promise>) {
    testkit::eventually("the inbox is empty", 60, async || {
        let lines = stage.metric("line_inbox_pending").await;
        lines.iter().all(|line| line.ends_with(" 0")).then_some(())
    })
    .await
    .unwrap();
    for id in all_shared() {
        shared_customer(stage, witness, &id).await;
    }
    one_state_of_one_address(stage).await;
    for (address, count) in witness.counted_of("met ") {
        let kind = if address.contains('@') { "email_address" } else { "phone" };
        let shows = json!({"custom_attributes": {"met": count}});
        Promise::Person { by: json!({kind: address}), shows }.check(stage, 0).await;
    }
    for (prize, winners) in witness.winners() {
        assert_eq!(winners.len(), 1, "{prize}: {winners:?}");
        Promise::alias("round", &prize, json!({"external_id": winners[0]})).check(stage, 1).await;
    }
    for user in pool() {
        follower(stage, witness, &user).await;
    }
    nobody_came_back(stage, witness).await;
    let checks = promises.iter().enumerate().map(|(number, promise)| promise.check(stage, number));
    stream::iter(checks).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    let (code, told) = stage.command(&["doctor"]).await;
    assert_eq!(code, 0, "{told}");
}

/// The user that a shared customer is now: itself, or whoever it was merged into.
async fn whoever_is(stage: &Stage, id: &str) -> Option<Value> {
    let found = stage.post(0, "/users/export/ids", &json!({"external_ids": [id]})).await.json;
    let merged = &found["merged_ids"][0]["survivor"]["braze_id"];
    let by = if merged.is_null() { json!({"external_ids": [id]}) } else { json!({"braze_id": merged}) };
    let mut users = stage.export(1, &by).await;
    assert!(users.len() < 2, "{id}: {users:?}");
    users.pop()
}

/// Every acknowledged count, event, purchase and value, and not one more.
async fn shared_customer(stage: &Stage, witness: &Witness, id: &str) {
    let Some(user) = whoever_is(stage, id).await else {
        assert_eq!(witness.counted(&format!("points_{id}")), 0, "{id} is gone");
        return;
    };
    let count_of = |array: &str, name: &str| {
        let found = user[array].as_array().and_then(|all| all.iter().find(|one| one["name"] == name));
        found.map_or(0, |one| one["count"].as_u64().unwrap())
    };
    let points = format!("points_{id}");
    let found = user["custom_attributes"][&points].as_u64().unwrap_or(0);
    assert_eq!(found, witness.counted(&points), "{points}: {user}");
    for (array, name) in [("custom_events", format!("visit_{id}")), ("purchases", format!("tea_{id}"))] {
        assert_eq!(count_of(array, &name), witness.counted(&name), "{name}: {user}");
    }
    for (name, value) in witness.values_of(id) {
        assert_eq!(user["custom_attributes"][&name], value, "{name}: {user}");
    }
}

/// All who share an address agree on its states.
async fn one_state_of_one_address(stage: &Stage) {
    let users = stage.export(0, &json!({"email_address": FAMILY})).await;
    let ids: BTreeSet<_> = users.iter().map(|user| user["braze_id"].to_string()).collect();
    assert_eq!(ids.len(), users.len(), "{users:?}");
    let states: BTreeSet<_> = users.iter().map(|user| user["email_subscribe"].to_string()).collect();
    assert!(states.len() <= 1, "{states:?}");
    let read: Vec<_> = users
        .iter()
        .filter_map(|user| Some(format!("&external_id[]={}", user["external_id"].as_str()?)))
        .collect();
    let path = format!("/subscription/status/get?subscription_group_id={}{}", stage.news, read.concat());
    let told = stage.get(1, &path).await.json["status"].clone();
    let states: BTreeSet<_> = told.as_object().unwrap().values().map(Value::to_string).collect();
    assert!(states.len() <= 1, "{told}");
}

/// The state is that of the newest event; the follower is there once, beside the users who were told to have the LINE ID.
async fn follower(stage: &Stage, witness: &Witness, user: &str) {
    let (_, state) = witness.friendships()[user];
    let found = stage.get(0, &format!("/line/users/{user}")).await.json;
    assert!(holds(&found["channels"], &json!([{"state": state}])), "{user} is not {state}: {found}");
    let profiles = found["profiles"].as_array().unwrap();
    let external_ids = profiles.iter().filter_map(|profile| profile["external_id"].as_str());
    let owners: BTreeSet<_> = external_ids.map(str::to_owned).collect();
    assert_eq!(owners, witness.owners(user), "{user}");
    assert_eq!(profiles.len(), owners.len() + 1, "{user}: {found}");
    assert!(profiles.iter().all(|profile| holds(&profile["line"], &json!([{"state": state}]))), "{found}");
}

/// By no identifier, and by none that others gave them.
async fn nobody_came_back(stage: &Stage, witness: &Witness) {
    for prey in witness.all_erased() {
        let hunters = (0..CLIENTS).map(|number| format!("{}-{number}", prey.external_id));
        let mut aliases: Vec<_> = hunters.map(|name| testkit::alias(HUNTERS, &name)).collect();
        aliases.push(testkit::alias("crm", &prey.external_id));
        for by in [
            json!({"external_ids": [prey.external_id]}),
            json!({"user_aliases": aliases}),
            json!({"email_address": prey.email}),
            json!({"braze_id": prey.braze_id}),
        ] {
            Promise::Nobody { by }.check(stage, 1).await;
        }
    }
}
