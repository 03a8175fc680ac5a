//! LINE followers becoming known people: the scenario rows L10, L11, L12, L14, and `MLN`.

use super::*;

const AT: i64 = 1_727_600_000_000;

async fn follow(world: &World, number: u32) -> String {
    let id = line_id(number);
    world.webhook.event("follow", &id, AT, &format!("follow-{number}")).await.unwrap();
    id
}

async fn one_profile(world: &World, id: &str) -> Value {
    let profiles = world.profiles(id).await.unwrap();
    assert_eq!(profiles.len(), 1, "{profiles:?}");
    profiles[0].clone()
}

fn line_alias(id: &str) -> Value {
    alias("line_id", id)
}

/// L10: identify with an unknown external id: the follower's profile becomes the user, with ID, alias and state.
#[tokio::test]
async fn a_follower_becomes_a_new_user() {
    let world = world().await;
    let id = follow(&world, 1).await;
    let before = one_profile(&world, &id).await;
    let outcome = identify(&world.caller, &identify_alias("ann", "line_id", &id)).await;
    assert_eq!(outcome, ("identified".into(), Value::Null));
    let user = user(&world.caller, "ann").await;
    assert_eq!(user["braze_id"], before["braze_id"]);
    assert_eq!((&user["native_line_id"], &user["user_aliases"]), (&json!(id), &json!([line_alias(&id)])));
    assert_eq!(user["line"][0]["state"], "subscribed");
    // ID-16: later events find the same person.
    world.webhook.event("unfollow", &id, AT + 1, "u").await.unwrap();
    assert_eq!(one_profile(&world, &id).await["external_id"], "ann");
}

/// L11, L12: identify and merge with a known user: ID, alias and state come with the follower, who is one person then.
#[tokio::test]
async fn a_follower_becomes_part_of_a_known_user() {
    let world = world().await;
    let caller = &world.caller;
    for (number, how) in [(1, "identify"), (2, "merge")] {
        let external_id = format!("known-{number}");
        put(caller, json!({"external_id": external_id, "first_name": "Ann"})).await;
        let id = follow(&world, number).await;
        let body = if how == "identify" {
            identify_alias(&external_id, "line_id", &id)
        } else {
            merge_body(&json!({"user_alias": line_alias(&id)}), &json!({"external_id": external_id}))
        };
        let outcomes = explained(caller, &format!("/users/{how}"), &body).await;
        assert_eq!(
            (&outcomes[0]["result"], &outcomes[0]["dropped"]),
            (&json!("merged"), &json!([])),
            "{how}"
        );
        let user = one_profile(&world, &id).await;
        assert_eq!((&user["external_id"], &user["first_name"]), (&json!(external_id), &json!("Ann")));
        assert_eq!(user["user_aliases"], json!([line_alias(&id)]));
        assert_eq!(user["line"][0]["state"], "subscribed", "{how}");
    }
}

/// 10.5, pattern 3: the order first, the follow later, the ID learnt by the app, then the merge.
#[tokio::test]
async fn order_first_and_follow_later_end_as_one_person() {
    let world = world().await;
    let caller = &world.caller;
    put(caller, json!({"external_id": "known", "email": "ann@example.com"})).await;
    let id = follow(&world, 9).await;
    put(caller, json!({"external_id": "known", "native_line_id": id})).await;
    // LSB-5: a duplicate now, which inherits the state.
    assert_eq!(world.profiles(&id).await.unwrap().len(), 2);
    assert_eq!(user(caller, "known").await["line"][0]["state"], "subscribed");
    merge(caller, json!({"user_alias": line_alias(&id)}), json!({"external_id": "known"})).await;
    let user = one_profile(&world, &id).await;
    assert_eq!((&user["external_id"], &user["user_aliases"]), (&json!("known"), &json!([line_alias(&id)])));
}

/// L14, IDF-4, MLN: a user who has another LINE account is not combined; success is reported.
#[tokio::test]
async fn a_second_line_account_is_not_identified_as_the_same_user() {
    let world = world().await;
    let caller = &world.caller;
    let (first, second) = (follow(&world, 1).await, follow(&world, 2).await);
    caller.post("/users/identify", &identify_alias("ann", "line_id", &first)).await.unwrap();
    let body = identify_alias("ann", "line_id", &second);
    let answer = caller.post("/users/identify", &body).await.unwrap();
    assert_eq!((answer.status, answer.json), (201, json!({"aliases_processed": 1, "message": "success"})));
    assert_eq!(identify(caller, &body).await, ("nothing".into(), json!("different_line_id")));
    assert_eq!(one_profile(&world, &first).await["external_id"], "ann");
    assert_eq!(one_profile(&world, &second).await.get("external_id"), None);
    // By alias only: the label is taken.
    put(caller, json!({"external_id": "bob"})).await;
    let body = json!({"user_aliases": [{"external_id": "bob", "alias_label": "line_id", "alias_name": "x"}]});
    caller.post("/users/alias/new", &body).await.unwrap();
    let outcome = identify(caller, &identify_alias("bob", "line_id", &second)).await;
    assert_eq!(outcome, ("nothing".into(), json!("alias_label_taken")));
}

/// MLN: the survivor keeps its LINE ID; the other's follower is kept apart with ID, alias and state. Undo takes the
/// follower's profile back into the one it came from.
#[tokio::test]
async fn a_merge_keeps_a_second_follower_apart_and_undo_brings_it_home() {
    let world = world().await;
    let caller = &world.caller;
    let (first, second) = (follow(&world, 1).await, follow(&world, 2).await);
    for (external_id, id) in [("k", &first), ("m", &second)] {
        caller.post("/users/identify", &identify_alias(external_id, "line_id", id)).await.unwrap();
    }
    let before = (user(caller, "k").await, user(caller, "m").await);
    let outcome = merge(caller, json!({"external_id": "m"}), json!({"external_id": "k"})).await;
    assert_eq!(outcome["reason"], "line_follower_kept_apart");
    // What the follower has is not lost.
    assert_eq!(outcome["dropped"], json!([]));
    let kept = user(caller, "k").await;
    assert_eq!(
        (&kept["native_line_id"], &kept["user_aliases"]),
        (&json!(first), &json!([line_alias(&first)]))
    );
    let apart = one_profile(&world, &second).await;
    assert_eq!((&apart["user_aliases"], apart.get("external_id")), (&json!([line_alias(&second)]), None));
    assert_eq!(apart["line"][0]["state"], "subscribed");
    assert_ne!(apart["braze_id"], before.1["braze_id"]);
    // What LINE says in between is about the ID and stays.
    world.webhook.event("unfollow", &first, AT + 5, "late").await.unwrap();
    undone(caller, outcome["merge_id"].as_str().unwrap()).await;
    assert_eq!(user(caller, "m").await, before.1);
    let kept = user(caller, "k").await;
    assert_eq!(
        (&kept["line"][0]["state"], &kept["user_aliases"]),
        (&json!("unsubscribed"), &before.0["user_aliases"])
    );
    for (id, external_id) in [(&first, "k"), (&second, "m")] {
        assert_eq!(one_profile(&world, id).await["external_id"], external_id);
    }
}

/// MLN: nobody who follows, or somebody else who holds the ID: no profile is kept apart.
#[tokio::test]
async fn only_the_last_profile_of_a_follower_is_kept_apart() {
    let world = world().await;
    let caller = &world.caller;
    let (shared, unfollowed) = (follow(&world, 1).await, line_id(2));
    put(caller, json!({"external_id": "m", "native_line_id": shared})).await;
    put(caller, json!({"external_id": "n", "native_line_id": unfollowed})).await;
    put(caller, json!({"external_id": "k", "native_line_id": line_id(3)})).await;
    for (from, id) in [("m", &shared), ("n", &unfollowed)] {
        let outcome = merge(caller, json!({"external_id": from}), json!({"external_id": "k"})).await;
        assert_eq!((&outcome["reason"], &outcome["dropped"][0]["value"]), (&Value::Null, &json!(id)));
    }
    assert_eq!(world.profiles(&shared).await.unwrap().len(), 1);
    assert_eq!(world.profiles(&unfollowed).await.unwrap().len(), 0);
}

/// MLN: what was written to a follower who was kept apart comes home with it; nothing has to be freed first.
#[tokio::test]
async fn a_follower_kept_apart_comes_home_with_what_was_written_to_it() {
    let world = world().await;
    let caller = &world.caller;
    let (first, second) = (follow(&world, 1).await, follow(&world, 2).await);
    for (external_id, id) in [("k", &first), ("m", &second)] {
        caller.post("/users/identify", &identify_alias(external_id, "line_id", id)).await.unwrap();
    }
    put(caller, json!({"external_id": "m", "tier": "silver", "old": 1})).await;
    let merge = merge_users(caller, "m", "k").await;
    let apart = one_profile(&world, &second).await["braze_id"].clone();
    put(caller, json!({"user_alias": line_alias(&second), "tier": "gold"})).await;
    occur(caller, "events", json!({"user_alias": line_alias(&second), "name": "seen"})).await;
    undone(caller, &merge).await;
    let home = one_profile(&world, &second).await;
    assert_eq!((&home["external_id"], &home["user_aliases"]), (&json!("m"), &json!([line_alias(&second)])));
    assert_eq!(home["custom_attributes"], json!({"old": 1, "tier": "gold"}));
    assert_eq!(home["custom_events"][0]["count"], 1);
    let path = format!("/users/{}/history", apart.as_str().unwrap());
    let told = caller.get(&path).await.unwrap().json;
    assert_eq!(told["braze_id"], home["braze_id"]);
    let taken =
        told["entries"].as_array().unwrap().iter().find(|entry| entry["how"] == "taken_back").unwrap();
    assert_eq!(taken["other_braze_id"], apart);
}

/// MLN: a follower who was kept apart and became a user is one: the other comes back without the alias that names it.
#[tokio::test]
async fn a_follower_who_became_a_user_is_not_dissolved() {
    let world = world().await;
    let caller = &world.caller;
    let (first, second) = (follow(&world, 1).await, follow(&world, 2).await);
    for (external_id, id) in [("k", &first), ("m", &second)] {
        caller.post("/users/identify", &identify_alias(external_id, "line_id", id)).await.unwrap();
    }
    let merge = merge_users(caller, "m", "k").await;
    caller.post("/users/identify", &identify_alias("x", "line_id", &second)).await.unwrap();
    undone(caller, &merge).await;
    assert_eq!(user(caller, "x").await["user_aliases"], json!([line_alias(&second)]));
    let back = user(caller, "m").await;
    assert_eq!((&back["native_line_id"], &back["user_aliases"]), (&json!(second), &json!([])));
}

/// `line_convergence = merge`: what an undo writes again is no reason to join the two once more.
#[tokio::test]
async fn an_undo_is_not_undone_by_convergence() {
    let world = world().await;
    let caller = &world.caller;
    let mut number = 0;
    set(&world.server, "line_convergence=merge", async || {
        number += 1;
        let id = follow(&world, number).await;
        put(caller, json!({"external_id": format!("e{number}"), "native_line_id": id})).await;
        (world.profiles(&id).await.unwrap().len() == 1).then_some(())
    })
    .await;
    let (id, external_id) = (line_id(number), format!("e{number}"));
    let user = one_profile(&world, &id).await;
    assert_eq!(user["external_id"], external_id);
    put(caller, json!({"external_id": external_id, "native_line_id": id, "tier": "gold"})).await;
    let path = format!("/users/{}/history", user["braze_id"].as_str().unwrap());
    let entries = caller.get(&path).await.unwrap().json["entries"].as_array().unwrap().clone();
    let merged = entries.iter().find(|entry| entry["kind"] == "merged").unwrap();
    assert_eq!(merged["how"], "convergence");
    undone(caller, merged["merge_id"].as_str().unwrap()).await;
    assert_eq!(world.profiles(&id).await.unwrap().len(), 2);
    // Nor is a later write: the two are never the same.
    put(caller, json!({"external_id": external_id, "native_line_id": id, "tier": "silver"})).await;
    assert_eq!(world.profiles(&id).await.unwrap().len(), 2);
}
