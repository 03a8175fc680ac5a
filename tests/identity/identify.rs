//! `/users/identify` (`IDF-*`, `L10`, `L11`).

use super::*;

/// IDF-1, IDF-2, IDF-10, IDF-11, ID-13, ID-20: an unknown external id goes onto the profile, which keeps all it has.
#[tokio::test]
async fn an_unknown_external_id_is_put_on_the_anonymous_profile() {
    let (_server, caller) = server().await;
    put_anonymous(&caller, "web", "Ann", json!({"first_name": "Ann", "points": 3})).await;
    occur(&caller, "events", json!({"user_alias": alias("web", "Ann"), "name": "seen"})).await;
    let before = user_of_alias(&caller, "web", "Ann").await.unwrap();
    let answer = caller.post("/users/identify", &identify_alias("ann", "web", "Ann")).await.unwrap();
    assert_eq!((answer.status, answer.json), (201, json!({"aliases_processed": 1, "message": "success"})));
    let mut expected = before;
    expected["external_id"] = json!("ann");
    assert_eq!(user(&caller, "ann").await, expected);
    assert_eq!(user_of_alias(&caller, "web", "Ann").await, Some(expected));
}

/// IDF-3, ID-21, ID-22, section 5: gaps are filled, the anonymous profile is gone.
#[tokio::test]
async fn a_known_external_id_takes_what_it_has_not() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "ann", "first_name": "Ann", "tier": "gold", "own": {"a": 1}})).await;
    let kept = user(&caller, "ann").await;
    let anonymous = json!({
        "first_name": "Anne", "last_name": "Lee", "email": "ann@example.com", "phone": "+819012345678",
        "tier": "silver", "own": {"b": 2}, "visits": 7,
    });
    put_anonymous(&caller, "web", "a1", anonymous).await;
    let removed = user_of_alias(&caller, "web", "a1").await.unwrap();
    let outcomes = explained(&caller, "/users/identify", &identify_alias("ann", "web", "a1")).await;
    let outcome = &outcomes[0];
    assert_eq!((&outcome["input_array"], &outcome["index"]), (&json!("aliases_to_identify"), &json!(0)));
    assert_eq!((&outcome["result"], &outcome["reason"]), (&json!("merged"), &Value::Null));
    assert_eq!((&outcome["kept"], &outcome["removed"]), (&kept["braze_id"], &removed["braze_id"]));
    let dropped = json!([
        {"field": "first_name", "value": "Anne"},
        {"field": "custom_attributes.own", "value": {"b": 2}},
        {"field": "custom_attributes.tier", "value": "silver"},
    ]);
    assert_eq!(outcome["dropped"], dropped);
    let user = user(&caller, "ann").await;
    for (field, expected) in [
        ("braze_id", kept["braze_id"].clone()),
        ("created_at", kept["created_at"].clone()),
        ("first_name", json!("Ann")),
        ("last_name", json!("Lee")),
        ("email", json!("ann@example.com")),
        ("phone", json!("+819012345678")),
        ("custom_attributes", json!({"tier": "gold", "own": {"a": 1}, "visits": 7})),
        ("user_aliases", json!([alias("web", "a1")])),
    ] {
        assert_eq!(user[field], expected, "{field}");
    }
    assert_eq!(export(&caller, json!({"email_address": "ann@example.com"})).await, [user]);
}

/// IDF-4, OPEN-5: an alias label that the user has already keeps the two apart, and success is answered.
#[tokio::test]
async fn an_alias_label_that_is_taken_keeps_the_two_apart() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "ann"})).await;
    let body = json!({"user_aliases": [{"external_id": "ann", "alias_label": "web", "alias_name": "known"}]});
    caller.post("/users/alias/new", &body).await.unwrap();
    put_anonymous(&caller, "web", "other", json!({"tier": "gold"})).await;
    let body = identify_alias("ann", "web", "other");
    let answer = caller.post("/users/identify", &body).await.unwrap();
    assert_eq!((answer.status, answer.json), (201, json!({"aliases_processed": 1, "message": "success"})));
    assert_eq!(identify(&caller, &body).await, ("nothing".into(), json!("alias_label_taken")));
    assert_eq!(user(&caller, "ann").await["user_aliases"], json!([alias("web", "known")]));
    let other = user_of_alias(&caller, "web", "other").await.unwrap();
    assert_eq!((&other["custom_attributes"], other.get("external_id")), (&json!({"tier": "gold"}), None));
}

/// IDF-4 is about the alias that names the profile: another label that clashes is dropped and told (ID-23).
#[tokio::test]
async fn another_label_that_clashes_is_dropped_and_told() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "tmp"})).await;
    put(&caller, json!({"external_id": "ann"})).await;
    for (id, label, name) in [("ann", "app", "one")] {
        let body = json!({"user_aliases": [{"external_id": id, "alias_label": label, "alias_name": name}]});
        caller.post("/users/alias/new", &body).await.unwrap();
    }
    put_anonymous(&caller, "web", "w", json!({"email": "w@example.com"})).await;
    put_anonymous(&caller, "app", "two", json!({})).await;
    merge(&caller, json!({"user_alias": alias("app", "two")}), json!({"user_alias": alias("web", "w")}))
        .await;
    let outcomes = explained(&caller, "/users/identify", &identify_alias("ann", "web", "w")).await;
    assert_eq!(outcomes[0]["dropped"], json!([{"field": "user_alias", "value": alias("app", "two")}]));
    let aliases = json!([alias("app", "one"), alias("web", "w")]);
    assert_eq!(user(&caller, "ann").await["user_aliases"], aliases);
    assert_eq!(user_of_alias(&caller, "app", "two").await, None);
}

/// IDF-5: several entries give one user several aliases; each sees the ones before.
#[tokio::test]
async fn one_user_may_receive_several_aliases() {
    let (_server, caller) = server().await;
    for (label, name) in [("web", "w"), ("app", "a"), ("shop", "s")] {
        put_anonymous(&caller, label, name, json!({label: true})).await;
    }
    let entry = |label: &str, name: &str| json!({"external_id": "ann", "user_alias": alias(label, name)});
    let body = json!({"aliases_to_identify": [entry("web", "w"), entry("app", "a"), entry("shop", "s")]});
    let outcomes = explained(&caller, "/users/identify", &body).await;
    let results: Vec<_> = outcomes.iter().map(|outcome| &outcome["result"]).collect();
    assert_eq!(results, ["identified", "merged", "merged"]);
    let user = user(&caller, "ann").await;
    assert_eq!(user["user_aliases"], json!([alias("app", "a"), alias("shop", "s"), alias("web", "w")]));
    assert_eq!(user["custom_attributes"], json!({"app": true, "shop": true, "web": true}));
}

/// IDF-6, IDF-8, IDF-9, IDF-12: what cannot be done is a success with a reason.
#[tokio::test]
async fn nothing_to_do_is_still_a_success() {
    let (_server, caller) = server().await;
    put_anonymous(&caller, "web", "Ann", json!({})).await;
    put(&caller, json!({"external_id": "bob"})).await;
    for (body, reason) in [
        (identify_alias("new", "web", "ann"), "not_found"),
        (identify_alias("bob", "web", "ANN"), "not_found"),
    ] {
        let answer = caller.post("/users/identify", &body).await.unwrap();
        assert_eq!(
            (answer.status, answer.json),
            (201, json!({"aliases_processed": 1, "message": "success"}))
        );
        assert_eq!(identify(&caller, &body).await, ("nothing".into(), json!(reason)));
    }
    assert!(export(&caller, json!({"external_ids": ["new"]})).await.is_empty());
    caller.post("/users/identify", &identify_alias("ann", "web", "Ann")).await.unwrap();
    for target in ["ann", "bob", "new"] {
        let body = identify_alias(target, "web", "Ann");
        assert_eq!(identify(&caller, &body).await, ("nothing".into(), json!("already_identified")));
    }
    assert_eq!(user_of_alias(&caller, "web", "Ann").await.unwrap()["external_id"], "ann");
    assert!(export(&caller, json!({"external_ids": ["new"]})).await.is_empty());
}

/// IDF-13: `none` fills no field; alias and a missing `native_line_id` move, and the anonymous profile goes.
#[tokio::test]
async fn merge_behavior_none_moves_identifiers_only() {
    let (_server, caller) = server().await;
    let id = line_id(7);
    put(&caller, json!({"external_id": "ann", "first_name": "Ann", "email": "ann@example.com"})).await;
    let anonymous = json!({
        "native_line_id": id, "first_name": "Ann", "last_name": "Lee", "email": "ann@example.com", "tier": "gold",
    });
    put_anonymous(&caller, "web", "w", anonymous).await;
    occur(&caller, "events", json!({"user_alias": alias("web", "w"), "name": "seen"})).await;
    let mut body = identify_alias("ann", "web", "w");
    body["merge_behavior"] = json!("none");
    let outcomes = explained(&caller, "/users/identify", &body).await;
    // What both have alike is not lost.
    let dropped = json!([
        {"field": "last_name", "value": "Lee"}, {"field": "custom_attributes.tier", "value": "gold"},
    ]);
    assert_eq!((&outcomes[0]["result"], &outcomes[0]["dropped"]), (&json!("merged"), &dropped));
    let user = user(&caller, "ann").await;
    assert_eq!((user.get("last_name"), user.get("custom_attributes")), (None, None));
    assert_eq!((&user["native_line_id"], &user["user_aliases"]), (&json!(id), &json!([alias("web", "w")])));
    assert_eq!(export(&caller, json!({"email_address": "ann@example.com"})).await.len(), 1);
}

/// IDF-1: a counter for every array that was sent, and always the one of aliases.
#[tokio::test]
async fn counters_count_acceptable_elements_per_array() {
    let (_server, caller) = server().await;
    let priorities = json!(["unidentified", "most_recently_updated"]);
    let body = json!({
        "aliases_to_identify": [{"external_id": "a", "user_alias": alias("l", "n")}],
        "emails_to_identify": [{"external_id": "b", "email": "b@example.com", "prioritization": priorities}, {}],
        "phone_numbers_to_identify": [{"external_id": "c", "phone": "+819012345678", "prioritization": priorities}],
    });
    let answer = caller.post("/users/identify", &body).await.unwrap();
    let errors = json!([{"type": "'external_id' must be a non-empty string", "input_array": "emails_to_identify", "index": 1}]);
    let expected = json!({
        "aliases_processed": 1, "emails_processed": 1, "phone_numbers_processed": 1, "message": "success",
        "errors": errors,
    });
    assert_eq!((answer.status, answer.json), (201, expected));
    let answer =
        caller.post("/users/identify", &json!({"emails_to_identify": body["emails_to_identify"]})).await;
    let expected =
        json!({"aliases_processed": 0, "emails_processed": 1, "message": "success", "errors": errors});
    assert_eq!(answer.unwrap().json, expected);
}
