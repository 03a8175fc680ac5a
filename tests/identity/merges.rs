//! `/users/merge` (`MRG-*`, `MF-*`, section 5).

use super::*;

fn id(external_id: &str) -> Value {
    json!({"external_id": external_id})
}

/// MRG-1, MRG-2, MRG-3: every kind of identifier on either side, kinds mixed.
#[tokio::test]
async fn sides_may_be_named_by_any_kind() {
    let (_server, caller) = server().await;
    for (number, from) in [
        json!({"external_id": "from"}),
        json!({"user_alias": {"alias_label": "web", "alias_name": "from", "extra": 1}}),
        json!({"email": "From@Example.com", "prioritization": ["most_recently_updated"]}),
        json!({"phone": "+819012345678", "prioritization": ["most_recently_updated"]}),
    ]
    .into_iter()
    .enumerate()
    {
        let to = format!("to{number}");
        put(&caller, id(&to)).await;
        let mut object = from.clone();
        object.as_object_mut().unwrap().remove("prioritization");
        object["_update_existing_only"] = json!(false);
        object["n"] = json!(number);
        put(&caller, object).await;
        let answer = caller.post("/users/merge", &merge_body(&from, &id(&to))).await.unwrap();
        assert_eq!((answer.status, answer.json), (202, json!({"message": "success"})));
        assert_eq!(user(&caller, &to).await["custom_attributes"], json!({"n": number}));
    }
}

/// MRG-4, MF-1, MF-2, section 5: field by field, through the export.
#[tokio::test]
async fn gaps_are_filled_and_counts_add_up() {
    let (_server, caller) = server().await;
    put(&caller, json!({
        "external_id": "k", "first_name": "Al", "last_name": "", "home_city": "  ", "language": "ja", "tier": "gold",
        "push_subscribe": "opted_in",
    }))
    .await;
    put(&caller, json!({
        "external_id": "m", "first_name": "Alex", "last_name": "Lee", "home_city": "Kyoto", "gender": "F",
        "dob": "1980-12-21", "country": "JP", "language": "en", "time_zone": "Asia/Tokyo", "tier": "silver", "n": 1,
        "email": "m@example.com", "phone": "+819012345678", "push_subscribe": "unsubscribed",
    }))
    .await;
    for external_id in ["k", "m", "m"] {
        occur(&caller, "events", json!({"external_id": external_id, "name": "seen"})).await;
        let purchase = json!({"external_id": external_id, "product_id": "p", "price": 100, "quantity": 2});
        occur(&caller, "purchases", purchase).await;
    }
    let first = json!({"external_id": "m", "name": "seen", "time": "2020-01-01T00:00:00Z"});
    caller.track(&json!({"events": [first]})).await.unwrap();
    let before = user(&caller, "k").await;
    let removed = user(&caller, "m").await;
    let outcome = merge(&caller, id("m"), id("k")).await;
    let dropped = json!([
        {"field": "first_name", "value": "Alex"}, {"field": "language", "value": "en"},
        {"field": "custom_attributes.tier", "value": "silver"},
        {"field": "push_subscribe", "value": "unsubscribed"},
    ]);
    assert_eq!(outcome["dropped"], dropped);
    let user = user(&caller, "k").await;
    for field in ["braze_id", "created_at", "external_id", "random_bucket", "push_subscribe"] {
        assert_eq!(user[field], before[field], "{field}");
    }
    for field in ["last_name", "home_city", "gender", "dob", "country", "time_zone", "email", "phone"] {
        assert_eq!(user[field], removed[field], "{field}");
    }
    assert_eq!((&user["first_name"], &user["language"]), (&json!("Al"), &json!("ja")));
    assert_eq!(user["custom_attributes"], json!({"n": 1, "tier": "gold"}));
    let event = &user["custom_events"][0];
    assert_eq!((&event["count"], &event["first"]), (&json!(4), &json!("2020-01-01T00:00:00.000Z")));
    assert_eq!(event["last"], removed["custom_events"][0]["last"]);
    assert_eq!((&user["purchases"][0]["count"], &user["total_revenue"]), (&json!(6), &json!(600)));
    assert_eq!(user["custom_events"].as_array().unwrap().len(), 1);
    // MF-2, MRG-5: nobody is found twice.
    assert_eq!(export(&caller, json!({"email_address": "m@example.com"})).await, [user]);
}

/// Section 5, OPEN-5: aliases are united, K's of equal labels stays; the dropped pair is free.
#[tokio::test]
async fn aliases_are_united_and_the_kept_one_wins_a_label() {
    let (_server, caller) = server().await;
    for external_id in ["k", "m"] {
        put(&caller, id(external_id)).await;
    }
    let new = |id: &str, label: &str, name: &str| json!({"external_id": id, "alias_label": label, "alias_name": name});
    let body = json!({"user_aliases": [new("k", "web", "wk"), new("m", "web", "wm"), new("m", "app", "am")]});
    caller.post("/users/alias/new", &body).await.unwrap();
    let outcome = merge(&caller, id("m"), id("k")).await;
    assert_eq!(outcome["dropped"], json!([{"field": "user_alias", "value": alias("web", "wm")}]));
    assert_eq!(user(&caller, "k").await["user_aliases"], json!([alias("app", "am"), alias("web", "wk")]));
    assert_eq!(user_of_alias(&caller, "web", "wm").await, None);
    put_anonymous(&caller, "web", "wm", json!({})).await;
    assert!(user_of_alias(&caller, "web", "wm").await.is_some());
}

/// MF-3, MRG-6, MRG-10: nothing is done, and 202 is answered.
#[tokio::test]
async fn nothing_to_do_is_still_accepted() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "a", "phone": "12"})).await;
    put(&caller, json!({"external_id": "b", "phone": "13"})).await;
    put(&caller, json!({"external_id": "c"})).await;
    for (from, to, reason) in [
        ("a", "nobody", "not_found"),
        ("nobody", "a", "not_found"),
        ("a", "a", "same_profile"),
        ("a", "b", "invalid_phones"),
    ] {
        let body = merge_body(&id(from), &id(to));
        let answer = caller.post("/users/merge", &body).await.unwrap();
        assert_eq!((answer.status, answer.json), (202, json!({"message": "success"})), "{from} {to}");
        let outcome = explained(&caller, "/users/merge", &body).await.remove(0);
        assert_eq!((&outcome["result"], &outcome["reason"]), (&json!("nothing"), &json!(reason)));
        assert_eq!(outcome["merge_id"], Value::Null);
    }
    assert_eq!(export(&caller, json!({"external_ids": ["a", "b", "c"]})).await.len(), 3);
    // MRG-6 is about both.
    merge_users(&caller, "a", "c").await;
    assert_eq!(user(&caller, "c").await["phone"], "12");
}

/// MRG-1: updates of one request see the ones before them, so that a chain is one person.
#[tokio::test]
async fn a_chain_in_one_request_becomes_one_person() {
    let (_server, caller) = server().await;
    for external_id in ["a", "b", "c", "d"] {
        put(&caller, json!({"external_id": external_id, external_id: 1})).await;
    }
    let update =
        |from: &str, to: &str| json!({"identifier_to_merge": id(from), "identifier_to_keep": id(to)});
    let body =
        json!({"merge_updates": [update("a", "b"), update("b", "c"), update("d", "c"), update("a", "c")]});
    let outcomes = explained(&caller, "/users/merge", &body).await;
    let results: Vec<_> = outcomes.iter().map(|outcome| outcome["result"].as_str().unwrap()).collect();
    // MID: `a` is a merged id by then, and unknown to a merge.
    assert_eq!(results, ["merged", "merged", "merged", "nothing"]);
    assert_eq!(user(&caller, "c").await["custom_attributes"], json!({"a": 1, "b": 1, "c": 1, "d": 1}));
    for (index, outcome) in outcomes.iter().enumerate() {
        assert_eq!((&outcome["input_array"], &outcome["index"]), (&json!("merge_updates"), &json!(index)));
    }
}
