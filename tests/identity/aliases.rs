//! `/users/alias/new` and `/users/alias/update` (`ALN-*`, `ALU-*`).

use super::*;

fn success(count: usize) -> Value {
    json!({"aliases_processed": count, "message": "success"})
}

async fn reasons(caller: &Caller, path: &str, body: &Value) -> Vec<Value> {
    explained(caller, path, body).await.into_iter().map(|outcome| outcome["reason"].clone()).collect()
}

/// ALN-1, ALN-2: added to a user, made as a profile of its own, or added to nobody.
#[tokio::test]
async fn new_aliases_go_to_users_or_make_profiles() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "ann"})).await;
    let body = json!({"user_aliases": [
        {"external_id": "ann", "alias_label": "web", "alias_name": "Ann"},
        {"alias_label": "web", "alias_name": "solo"},
        {"external_id": "nobody", "alias_label": "web", "alias_name": "lost"},
    ]});
    let answer = caller.post("/users/alias/new", &body).await.unwrap();
    assert_eq!((answer.status, answer.json), (201, success(3)));
    assert_eq!(user(&caller, "ann").await["user_aliases"], json!([alias("web", "Ann")]));
    let solo = user_of_alias(&caller, "web", "solo").await.unwrap();
    assert_eq!((&solo["user_aliases"], solo.get("external_id")), (&json!([alias("web", "solo")]), None));
    assert_eq!(user_of_alias(&caller, "web", "lost").await, None);
    assert!(export(&caller, json!({"external_ids": ["nobody"]})).await.is_empty());
    // A deprecated id names its user (ID-17).
    let rename = json!({"external_id_renames": [{"current_external_id": "ann", "new_external_id": "anna"}]});
    caller.post("/users/external_ids/rename", &rename).await.unwrap();
    let body = json!({"user_aliases": [{"external_id": "ann", "alias_label": "app", "alias_name": "a"}]});
    assert_eq!(reasons(&caller, "/users/alias/new", &body).await, [Value::Null]);
    assert_eq!(user(&caller, "anna").await["user_aliases"], json!([alias("app", "a"), alias("web", "Ann")]));
}

/// ALN-3, ALN-4, OPEN-8: a pair in use and a label in use change nothing, and success is answered.
#[tokio::test]
async fn aliases_in_use_change_nothing() {
    let (_server, caller) = server().await;
    for id in ["ann", "bob"] {
        put(&caller, json!({"external_id": id})).await;
        let body = json!({"user_aliases": [{"external_id": id, "alias_label": "web", "alias_name": id}]});
        caller.post("/users/alias/new", &body).await.unwrap();
    }
    let body = json!({"user_aliases": [
        {"external_id": "ann", "alias_label": "web", "alias_name": "ann"},
        {"external_id": "ann", "alias_label": "web", "alias_name": "bob"},
        {"alias_label": "web", "alias_name": "bob"},
        {"external_id": "ann", "alias_label": "web", "alias_name": "second"},
        {"external_id": "nobody", "alias_label": "web", "alias_name": "x"},
    ]});
    let answer = caller.post("/users/alias/new", &body).await.unwrap();
    assert_eq!((answer.status, answer.json), (201, success(5)));
    let expected = ["alias_known", "alias_taken", "alias_taken", "alias_label_taken", "not_found"];
    assert_eq!(reasons(&caller, "/users/alias/new", &body).await, expected);
    for id in ["ann", "bob"] {
        assert_eq!(user(&caller, id).await["user_aliases"], json!([alias("web", id)]));
    }
    assert_eq!(user_of_alias(&caller, "web", "second").await, None);
}

/// ALN-5: no API call attaches an alias to an anonymous profile that exists; without an external id it is a new one.
#[tokio::test]
async fn an_alias_never_goes_to_an_anonymous_profile_that_exists() {
    let (_server, caller) = server().await;
    put(&caller, json!({"email": "a@example.com"})).await;
    let body = json!({"user_aliases": [{"email": "a@example.com", "alias_label": "web", "alias_name": "w"}]});
    caller.post("/users/alias/new", &body).await.unwrap();
    let made = user_of_alias(&caller, "web", "w").await.unwrap();
    assert_eq!(made.get("email"), None);
    let users = export(&caller, json!({"email_address": "a@example.com"})).await;
    assert_eq!((users.len(), &users[0]["user_aliases"]), (1, &json!([])));
}

/// ALN-6: one track with the alias is enough, and readable at once, beside alias/new followed by track.
#[tokio::test]
async fn an_alias_can_be_used_as_soon_as_it_is_answered() {
    let (_server, caller) = server().await;
    put_anonymous(&caller, "web", "one", json!({"n": 1})).await;
    let body = json!({"user_aliases": [{"alias_label": "web", "alias_name": "two"}]});
    caller.post("/users/alias/new", &body).await.unwrap();
    put(&caller, json!({"user_alias": alias("web", "two"), "n": 1})).await;
    for name in ["one", "two"] {
        assert_eq!(user_of_alias(&caller, "web", name).await.unwrap()["custom_attributes"], json!({"n": 1}));
    }
}

/// ALN-2 and the invariant of design section 5: alias (`line_id`, U) is never on a user with another LINE ID.
#[tokio::test]
async fn the_alias_of_another_line_id_is_not_taken() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "ann", "native_line_id": line_id(1)})).await;
    let new = |name: String| json!({"user_aliases": [{"external_id": "ann", "alias_label": "line_id", "alias_name": name}]});
    assert_eq!(reasons(&caller, "/users/alias/new", &new(line_id(2))).await, ["different_line_id"]);
    assert_eq!(reasons(&caller, "/users/alias/new", &new(line_id(1))).await, [Value::Null]);
    let update = json!({"alias_updates": [
        {"alias_label": "line_id", "old_alias_name": line_id(1), "new_alias_name": line_id(2)},
    ]});
    assert_eq!(reasons(&caller, "/users/alias/update", &update).await, ["different_line_id"]);
    assert_eq!(user(&caller, "ann").await["user_aliases"], json!([alias("line_id", &line_id(1))]));
}

/// ALU-1 to ALU-4.
#[tokio::test]
async fn aliases_get_new_names() {
    let (_server, caller) = server().await;
    put_anonymous(&caller, "web", "old", json!({"n": 1})).await;
    put_anonymous(&caller, "web", "other", json!({})).await;
    let update =
        |old: &str, new: &str| json!({"alias_label": "web", "old_alias_name": old, "new_alias_name": new});
    let body = json!({"alias_updates": [update("nobody", "x"), update("OLD", "x"), update("old", "other"), update("old", "old")]});
    let answer = caller.post("/users/alias/update", &body).await.unwrap();
    assert_eq!((answer.status, answer.json), (201, success(4)));
    let expected = ["not_found", "not_found", "alias_taken", "alias_known"];
    assert_eq!(reasons(&caller, "/users/alias/update", &body).await, expected);
    assert!(user_of_alias(&caller, "web", "old").await.is_some());
    // Updates of one request see the ones before.
    let body =
        json!({"alias_updates": [update("old", "new"), update("other", "old"), update("new", "newest")]});
    assert_eq!(reasons(&caller, "/users/alias/update", &body).await, [Value::Null, Value::Null, Value::Null]);
    let newest = user_of_alias(&caller, "web", "newest").await.unwrap();
    assert_eq!(
        (&newest["user_aliases"], &newest["custom_attributes"]),
        (&json!([alias("web", "newest")]), &json!({"n": 1}))
    );
    assert_eq!(user_of_alias(&caller, "web", "old").await.unwrap().get("custom_attributes"), None);
    assert_eq!(user_of_alias(&caller, "web", "other").await, None);
}
