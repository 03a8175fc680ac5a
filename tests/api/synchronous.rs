//! `/users/track/sync` and `/users/track/bulk`.

use super::*;

async fn sync(caller: &Caller, body: Value) -> testkit::Answer {
    caller.post("/users/track/sync", &body).await.unwrap()
}

/// SYN-2, SYN-3, SYN-4: the values as they are now, of what was sent, under the identifier as sent.
#[tokio::test]
async fn a_synchronous_answer_tells_what_was_left() {
    let (_server, caller) = server().await;
    let before =
        json!({"attributes": [{"external_id": "a", "points": 1, "other": true, "email": "a@example.com"}]});
    caller.track(&before).await.unwrap();
    let object = json!({"external_id": "a", "points": {"inc": 4}, "tags": ["x"], "first_name": "Hanako", "gone": null});
    let answer = sync(&caller, json!({"attributes": [object]})).await;
    let wanted = json!({
        "users": [{"external_id": "a", "custom_attributes": {"points": 5, "tags": ["x"]}}], "message": "success",
    });
    assert_eq!((answer.status, answer.json), (201, wanted));
    let time = "2026-11-01T00:00:00.000Z";
    let event = json!({"events": [{"email": "a@example.com", "name": "watched", "time": time}]});
    for count in [1, 2] {
        let wanted = json!({
            "users": [{"email": "a@example.com", "custom_events": [{"name": "watched", "first": time, "last": time, "count": count}]}],
            "message": "success",
        });
        assert_eq!(sync(&caller, event.clone()).await.json, wanted);
    }
    let id = caller.export(json!({"external_ids": ["a"]})).await.unwrap()[0]["braze_id"].clone();
    let purchase = json!({"purchases": [{"braze_id": id, "product_id": "tea", "currency": "JPY", "price": 5, "quantity": 3, "time": time}]});
    let wanted = json!({
        "users": [{"braze_id": id, "purchase_events": [{"product_id": "tea", "first": time, "last": time, "count": 3}]}],
        "message": "success",
    });
    assert_eq!(sync(&caller, purchase).await.json, wanted);
}

/// SYN-1, SYN-7: exactly one object.
#[tokio::test]
async fn a_synchronous_request_holds_one_object() {
    let (_server, caller) = server().await;
    let one = json!({"external_id": "a", "n": 1});
    for body in [
        json!({}),
        json!({"attributes": []}),
        json!({"attributes": [one, one]}),
        json!({"attributes": [one], "events": [{"external_id": "a", "name": "n", "time": "2026-11-01T00:00:00Z"}]}),
    ] {
        let answer = sync(&caller, body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.json["message"].is_string());
    }
    let answer = sync(&caller, json!({"attributes": [{"n": 1}]})).await;
    assert_eq!((answer.status, answer.json["errors"].as_array().map(Vec::len)), (400, Some(1)));
    assert!(caller.export(json!({"external_ids": ["a"]})).await.unwrap().is_empty());
}

/// SYN-5, SYN-6: nobody found, or a value that could not be stored: still a success.
#[tokio::test]
async fn an_answer_may_differ_from_the_request() {
    let (_server, caller) = server().await;
    let answer =
        sync(&caller, json!({"attributes": [{"external_id": "a", "_update_existing_only": true, "n": 1}]}))
            .await;
    assert_eq!((answer.status, answer.json), (201, json!({"users": [], "message": "success"})));
    caller.track(&json!({"attributes": [{"external_id": "a", "word": "short"}]})).await.unwrap();
    let answer = sync(&caller, json!({"attributes": [{"external_id": "a", "word": "x".repeat(256)}]})).await;
    assert_eq!(answer.json["users"][0]["custom_attributes"], json!({"word": "short"}));
}

/// SYN-8: for different users and different attributes of one user, calls at once all count.
#[tokio::test(flavor = "multi_thread")]
async fn synchronous_calls_at_once_all_count() {
    let (_server, caller) = server().await;
    let all = (0..64).map(|number| {
        let attribute = format!("n{}", number % 8);
        let caller = &caller;
        async move {
            sync(caller, json!({"attributes": [{"external_id": "a", attribute: {"inc": 1}}]})).await.status
        }
    });
    assert!(futures_util::future::join_all(all).await.iter().all(|status| *status == 201));
    let user = caller.export(json!({"external_ids": ["a"]})).await.unwrap().remove(0);
    assert!((0..8).all(|number| user["custom_attributes"][format!("n{number}")] == 8), "{user}");
}

/// SYN-4, MID: events of everything merged into the user count.
#[tokio::test]
async fn a_survivor_tells_the_events_of_all_its_sides() {
    let (_server, caller) = server().await;
    let event = |id: &str| json!({"external_id": id, "name": "watched", "time": "2026-11-01T00:00:00Z"});
    caller.track(&json!({"events": [event("a"), event("b"), event("b")]})).await.unwrap();
    let merge = json!({"merge_updates": [{"identifier_to_merge": {"external_id": "b"}, "identifier_to_keep": {"external_id": "a"}}]});
    caller.post("/users/merge", &merge).await.unwrap();
    let answer = sync(&caller, json!({"events": [event("a")]})).await;
    assert_eq!(answer.json["users"][0]["custom_events"][0]["count"], 4, "{}", answer.text);
}

/// BLK-1, BLK-2: the same bodies as track, more at a time; 100 objects a user.
#[tokio::test]
async fn bulk_takes_thousands_and_answers_as_track() {
    let (_server, caller) = server().await;
    let objects: Vec<_> =
        (0..5000).map(|number| json!({"external_id": format!("b{number}"), "n": number})).collect();
    let mut mixed = objects.clone();
    mixed.push(json!({"n": 1}));
    let answer = caller.post("/users/track/bulk", &json!({"attributes": mixed})).await.unwrap();
    assert_eq!((answer.status, &answer.json["attributes_processed"]), (201, &json!(5000)));
    assert_eq!(answer.json["errors"][0]["index"], 5000);
    let users = caller.export(json!({"external_ids": ["b0", "b4999"]})).await.unwrap();
    assert_eq!(users.len(), 2);
    let many: Vec<_> = (0..10_001).map(|number| json!({"external_id": format!("m{number}")})).collect();
    let answer = caller.post("/users/track/bulk", &json!({"attributes": many})).await.unwrap();
    assert_eq!((answer.status, answer.json), (400, json!({"message": "Max Input Length Exceeded"})));
    let one: Vec<_> = (0..101).map(|number| json!({"external_id": "same", "n": number})).collect();
    assert_eq!(caller.post("/users/track/bulk", &json!({"attributes": one})).await.unwrap().status, 400);
    assert!(caller.export(json!({"external_ids": ["m0", "same"]})).await.unwrap().is_empty());
}
