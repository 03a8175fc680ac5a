//! `POST /users/merges/{merge_id}/undo`: both come back as they were; refusals.

use super::*;

/// Both come back field for field, times included; the answer names them.
#[tokio::test]
async fn both_profiles_come_back_as_they_were() {
    let (_server, caller) = server().await;
    put(&caller, json!({
        "external_id": "k", "first_name": "Al", "tier": "gold", "list": [1, 2], "email": "same@example.com",
        "phone": "12", "native_line_id": line_id(1),
    }))
    .await;
    put(&caller, json!({
        "external_id": "m", "first_name": "Alex", "last_name": "Lee", "dob": "1980-12-21", "tier": "silver",
        "list": [3], "n": 1.50, "email": "SAME@example.com", "phone": "+819012345678", "native_line_id": line_id(1),
        "push_subscribe": "unsubscribed",
    }))
    .await;
    let aliases = [("k", "web", "wk"), ("m", "web", "wm"), ("m", "app", "am")]
        .map(|(id, label, name)| json!({"external_id": id, "alias_label": label, "alias_name": name}));
    caller.post("/users/alias/new", &json!({"user_aliases": aliases})).await.unwrap();
    let rename = json!({"current_external_id": "m", "new_external_id": "m2"});
    caller.post("/users/external_ids/rename", &json!({"external_id_renames": [rename]})).await.unwrap();
    for external_id in ["k", "m2", "m2"] {
        occur(&caller, "events", json!({"external_id": external_id, "name": "seen"})).await;
        occur(&caller, "purchases", json!({"external_id": external_id, "product_id": "p", "price": 9.99}))
            .await;
    }
    let before = (user(&caller, "k").await, user(&caller, "m2").await);
    let merge = merge_users(&caller, "m2", "k").await;
    assert_ne!(user(&caller, "k").await, before.0);
    let answer = undo(&caller, &merge).await;
    let expected = json!({
        "message": "success", "merge_id": merge, "kept": before.0["braze_id"], "restored": before.1["braze_id"],
    });
    assert_eq!((answer.status, answer.json), (200, expected));
    assert_eq!(user(&caller, "k").await, before.0);
    // By its primary id, its deprecated one, its aliases, its braze_id: itself again.
    for external_id in ["m2", "m"] {
        assert_eq!(user(&caller, external_id).await, before.1);
    }
    for (label, name) in [("web", "wm"), ("app", "am")] {
        assert_eq!(user_of_alias(&caller, label, name).await, Some(before.1.clone()));
    }
    assert_eq!(user_of_braze_id(&caller, &before.1["braze_id"]).await, before.1);
    assert_eq!(export(&caller, json!({"email_address": "same@example.com"})).await.len(), 2);
    // And nothing hinders a new merge, which can be undone in turn.
    let again = merge_users(&caller, "m2", "k").await;
    undone(&caller, &again).await;
    assert_eq!((user(&caller, "k").await, user(&caller, "m2").await), before);
}

/// An identify is undone like any merge: the follower is anonymous again.
#[tokio::test]
async fn an_identify_that_joined_two_can_be_undone() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "ann", "tier": "gold"})).await;
    put_anonymous(&caller, "web", "w", json!({"email": "w@example.com", "tier": "silver"})).await;
    let before = (user(&caller, "ann").await, user_of_alias(&caller, "web", "w").await);
    for behaviour in ["merge", "none"] {
        let mut body = identify_alias("ann", "web", "w");
        body["merge_behavior"] = json!(behaviour);
        let outcomes = explained(&caller, "/users/identify", &body).await;
        undone(&caller, outcomes[0]["merge_id"].as_str().unwrap()).await;
        let after = (user(&caller, "ann").await, user_of_alias(&caller, "web", "w").await);
        assert_eq!(after, before, "{behaviour}");
    }
}

/// `later_merge`: the last one first, then the ones before.
#[tokio::test]
async fn merges_are_undone_in_the_opposite_order() {
    let (_server, caller) = server().await;
    for id in ["a", "b", "c", "d"] {
        put(&caller, json!({"external_id": id, id: 1})).await;
        occur(&caller, "events", json!({"external_id": id, "name": "seen"})).await;
    }
    let mut before = Vec::new();
    for id in ["a", "b", "c", "d"] {
        before.push(user(&caller, id).await);
    }
    // a into b, c into b, then b into d.
    let mut merges = Vec::new();
    for (from, to) in [("a", "b"), ("c", "b"), ("b", "d")] {
        merges.push(merge_users(&caller, from, to).await);
    }
    let all = user(&caller, "d").await;
    assert_eq!(all["custom_attributes"], json!({"a": 1, "b": 1, "c": 1, "d": 1}));
    assert_eq!(all["custom_events"][0]["count"], 4);
    refused(&caller, &merges[0], "later_merge").await;
    refused(&caller, &merges[1], "later_merge").await;
    assert_eq!(user(&caller, "d").await, all);
    undone(&caller, &merges[2]).await;
    assert_eq!(user(&caller, "b").await["custom_events"][0]["count"], 3);
    refused(&caller, &merges[0], "later_merge").await;
    undone(&caller, &merges[1]).await;
    undone(&caller, &merges[0]).await;
    for (id, before) in ["a", "b", "c", "d"].into_iter().zip(before) {
        assert_eq!(user(&caller, id).await, before);
    }
}

/// 404 `merge_unknown`, 409 `already_undone`, 400 for a wish that cannot be read.
#[tokio::test]
async fn an_undo_happens_once() {
    let (_server, caller) = server().await;
    for id in ["k", "m"] {
        put(&caller, json!({"external_id": id})).await;
    }
    let merge = merge_users(&caller, "m", "k").await;
    let path = format!("/users/merges/{merge}/undo");
    let answer = caller.post(&path, &json!({"allow_rejoin": "yes"})).await.unwrap();
    let expected = json!({"message": "'allow_rejoin' must be true or false", "code": "field_invalid"});
    assert_eq!((answer.status, answer.json), (400, expected));
    for body in [json!([]), json!("x"), json!(null), json!(true)] {
        let answer = caller.post(&path, &body).await.unwrap();
        let expected = json!({"message": "the body must be a JSON object", "code": "body_invalid"});
        assert_eq!((answer.status, answer.json), (400, expected), "{body}");
    }
    // Without any body, too, as `curl -X POST` sends it.
    let answer = caller.send(&path, &[], Vec::new()).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    refused(&caller, &merge, "already_undone").await;
    for id in ["00000000-0000-4000-8000-000000000000", "nothing"] {
        let answer = undo(&caller, id).await;
        let expected = json!({"message": "there is no merge with this id", "code": "merge_unknown"});
        assert_eq!((answer.status, answer.json), (404, expected));
    }
}

/// A request that names the two again is warned and does it; unless the undo allowed it.
#[tokio::test]
async fn a_pair_that_was_taken_apart_is_remembered() {
    let (_server, caller) = server().await;
    for (allow, warned) in [(false, true), (true, false)] {
        let (kept, removed) = (format!("k{allow}"), format!("m{allow}"));
        put(&caller, json!({"external_id": kept})).await;
        put_anonymous(&caller, "web", &removed, json!({})).await;
        let outcomes = explained(&caller, "/users/identify", &identify_alias(&kept, "web", &removed)).await;
        assert_eq!(outcomes[0].get("warnings"), None);
        let path = format!("/users/merges/{}/undo", outcomes[0]["merge_id"].as_str().unwrap());
        assert_eq!(caller.post(&path, &json!({"allow_rejoin": allow})).await.unwrap().status, 200);
        let outcomes = explained(&caller, "/users/identify", &identify_alias(&kept, "web", &removed)).await;
        assert_eq!(outcomes[0]["result"], "merged");
        let warnings = warned.then(|| json!(["never_same"]));
        assert_eq!(outcomes[0].get("warnings"), warnings.as_ref());
    }
}

/// `identifier_taken`: an id or alias that would come back is somebody else's now; freed there, the undo works.
#[tokio::test]
async fn identifiers_that_others_have_now_must_be_freed_first() {
    let (_server, caller) = server().await;
    for id in ["k", "m", "x"] {
        put(&caller, json!({"external_id": id, "tier": id})).await;
    }
    let rename = async |from: &str, to: &str| {
        let body = json!({"external_id_renames": [{"current_external_id": from, "new_external_id": to}]});
        let answer = caller.post("/users/external_ids/rename", &body).await.unwrap();
        assert_eq!(answer.json["external_ids"], json!([to]), "{}", answer.text);
    };
    let remove = async |id: &str| {
        let answer = caller.post("/users/external_ids/remove", &json!({"external_ids": [id]})).await.unwrap();
        assert_eq!(answer.json["removed_ids"], json!([id]));
    };
    // MID: rename-to releases the merged id, for another user or the survivor itself.
    for taker in ["x", "k"] {
        let merge = merge_users(&caller, "m", "k").await;
        let before = user(&caller, taker).await["braze_id"].clone();
        rename(taker, "m").await;
        refused(&caller, &merge, "identifier_taken").await;
        assert_eq!(user(&caller, "m").await["braze_id"], before);
        rename("m", &format!("{taker}2")).await;
        refused(&caller, &merge, "identifier_taken").await;
        remove("m").await;
        undone(&caller, &merge).await;
        assert_eq!(user(&caller, "m").await["custom_attributes"], json!({"tier": "m"}));
        assert_eq!(user(&caller, taker).await["external_id"], format!("{taker}2"));
    }
}

/// An alias that the merge dropped and somebody took.
#[tokio::test]
async fn a_dropped_alias_that_somebody_took_must_be_freed_first() {
    let (_server, caller) = server().await;
    let new = async |id: &str, name: &str| {
        put(&caller, json!({"external_id": id})).await;
        let alias = json!({"external_id": id, "alias_label": "web", "alias_name": name});
        caller.post("/users/alias/new", &json!({"user_aliases": [alias]})).await.unwrap();
    };
    new("k", "wk").await;
    new("m", "wm").await;
    let merge = merge_users(&caller, "m", "k").await;
    new("x", "wm").await;
    refused(&caller, &merge, "identifier_taken").await;
    let update = json!({"alias_label": "web", "old_alias_name": "wm", "new_alias_name": "wx"});
    caller.post("/users/alias/update", &json!({"alias_updates": [update]})).await.unwrap();
    undone(&caller, &merge).await;
    for (id, name) in [("k", "wk"), ("m", "wm"), ("x", "wx")] {
        assert_eq!(user(&caller, id).await["user_aliases"], json!([alias("web", name)]));
    }
}

/// `undo_expired`: a merge made while `undo_days` is 0 cannot be undone.
#[tokio::test]
async fn an_expired_merge_stays() {
    let (server, caller) = server().await;
    put(&caller, json!({"external_id": "k"})).await;
    let mut number = 0;
    let mut merge = String::new();
    set(&server, "undo_days=0", async || {
        number += 1;
        let other = format!("m{number}");
        put(&caller, json!({"external_id": other})).await;
        merge = merge_users(&caller, &other, "k").await;
        (undo(&caller, &merge).await.status == 409).then_some(())
    })
    .await;
    refused(&caller, &merge, "undo_expired").await;
    assert!(export(&caller, json!({"external_ids": [format!("m{number}")]})).await.is_empty());
}
