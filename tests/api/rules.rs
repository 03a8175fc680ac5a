//! Rules that show only over the whole surface.

use super::*;

const TIME: &str = "2026-11-01T00:00:00.000Z";

async fn exported(caller: &Caller, id: &str, fields: Value) -> Value {
    let body = json!({"external_ids": [id], "fields_to_export": fields});
    let answer = caller.post("/users/export/ids", &body).await.unwrap();
    assert_eq!(answer.status, 201, "EXP-7, CLI-1");
    answer.json["users"][0].clone()
}

/// CLI-1, CLI-2, TRK-1, TRK-6, EXP-7: the status of every call of Braze's, and `success`.
#[tokio::test]
async fn every_call_answers_with_its_status() {
    let (_server, caller) = server().await;
    let alias = json!({"alias_label": "l", "alias_name": "n"});
    let object = json!({"external_id": "a", "n": 1});
    for (path, body, status) in [
        ("/users/track", json!({"attributes": [object, {"external_id": "b"}]}), 201),
        ("/users/track/sync", json!({"attributes": [object]}), 201),
        ("/users/track/bulk", json!({"attributes": [object]}), 201),
        (
            "/users/alias/new",
            json!({"user_aliases": [{"external_id": "a", "alias_label": "l", "alias_name": "n"}]}),
            201,
        ),
        (
            "/users/alias/update",
            json!({"alias_updates": [{"alias_label": "l", "old_alias_name": "n", "new_alias_name": "m"}]}),
            201,
        ),
        ("/users/identify", json!({"aliases_to_identify": [{"external_id": "a", "user_alias": alias}]}), 201),
        (
            "/users/merge",
            json!({"merge_updates": [{"identifier_to_merge": {"external_id": "b"}, "identifier_to_keep": {"external_id": "a"}}]}),
            202,
        ),
        (
            "/users/external_ids/rename",
            json!({"external_id_renames": [{"current_external_id": "a", "new_external_id": "a2"}]}),
            201,
        ),
        ("/users/external_ids/remove", json!({"external_ids": ["a"]}), 201),
        ("/users/export/ids", json!({"external_ids": ["a2"]}), 201),
        ("/users/delete", json!({"external_ids": ["a2"]}), 201),
    ] {
        let answer = caller.post(path, &body).await.unwrap();
        assert_eq!(
            (answer.status, &answer.json["message"]),
            (status, &json!("success")),
            "{path}: {}",
            answer.text
        );
    }
    for path in ["/custom_attributes", "/events", "/events/list", "/purchases/product_list"] {
        assert_eq!(caller.get(path).await.unwrap().status, 200, "{path}");
    }
}

/// GEN-5, TRK-5: answered means applied; two requests one after the other apply in that order.
#[tokio::test]
async fn what_is_answered_is_applied_and_in_order() {
    let (_server, caller) = server().await;
    for number in 0..50 {
        caller
            .post(
                "/users/alias/new",
                &json!({"user_aliases": [{"alias_label": "l", "alias_name": format!("n{number}")}]}),
            )
            .await
            .unwrap();
        let named = json!({"user_alias": {"alias_label": "l", "alias_name": format!("n{number}")}, "_update_existing_only": true, "n": number});
        caller.track(&json!({"attributes": [named]})).await.unwrap();
        caller.track(&json!({"attributes": [{"external_id": "a", "n": number}]})).await.unwrap();
        let user = exported(&caller, "a", json!(["custom_attributes"])).await;
        assert_eq!(user["custom_attributes"]["n"], number);
    }
}

/// TRK-3, TRK-4: attributes, then events, then purchases, each in order; several objects may name one user.
#[tokio::test]
async fn one_request_applies_in_order() {
    let (_server, caller) = server().await;
    let update = |object: Value| {
        let mut object = object;
        object["external_id"] = json!("a");
        object["_update_existing_only"] = json!(true);
        object
    };
    // The arrays stand the other way round, and only the first attributes object may make the user.
    let body = json!({
        "purchases": [update(json!({"product_id": "tea", "currency": "JPY", "price": 1, "time": TIME}))],
        "events": [update(json!({"name": "watched", "time": TIME}))],
        "attributes": [json!({"external_id": "a", "n": 1}), update(json!({"n": {"inc": 5}})), update(json!({"n": {"inc": -2}}))],
    });
    caller.track(&body).await.unwrap();
    let user = exported(&caller, "a", json!(["custom_attributes", "custom_events", "purchases"])).await;
    assert_eq!(user["custom_attributes"], json!({"n": 4}));
    assert_eq!((&user["custom_events"][0]["count"], &user["purchases"][0]["count"]), (&json!(1), &json!(1)));
}

/// EXP-1: 50 of each at most, and one kind of address.
#[tokio::test]
async fn an_export_names_fifty_users_at_most() {
    let (_server, caller) = server().await;
    let many = |count: usize| (0..count).map(|number| format!("u{number}")).collect::<Vec<_>>();
    let ask = async |body: Value| caller.post("/users/export/ids", &body).await.unwrap().status;
    assert_eq!(ask(json!({"external_ids": many(50)})).await, 201);
    assert_eq!(ask(json!({"external_ids": many(51)})).await, 400);
    assert_eq!(ask(json!({"email_address": "a@example.com", "phone": "+819012345678"})).await, 400);
}

/// GEN-8: a trailing slash is another path, and says so.
#[tokio::test]
async fn a_trailing_slash_is_told() {
    let (_server, caller) = server().await;
    let answer = caller.post("/users/track/", &json!({"attributes": [{"external_id": "a"}]})).await.unwrap();
    assert_eq!((answer.status, &answer.json["code"]), (404, &json!("route_unknown")));
    assert!(answer.json["message"].as_str().unwrap().contains("slash"), "{}", answer.text);
}

/// TRK-11, EVT-8, EVT-3, EVT-2, DAT-5: each object counts; first, last and count; the future becomes now.
#[tokio::test]
async fn events_are_counted_one_by_one() {
    let (_server, caller) = server().await;
    let event = |time: &str| json!({"external_id": "a", "name": "watched", "time": time, "properties": {"film": "Ran"}});
    let before = jiff::Timestamp::now().to_string();
    let body = json!({"events": [event(TIME), event(TIME), event("2026-10-01T00:00:00Z"), event("2126-01-01T00:00:00Z")]});
    caller.track(&body).await.unwrap();
    let user = exported(&caller, "a", json!(["custom_events", "custom_attributes"])).await;
    let told = &user["custom_events"][0];
    assert_eq!(
        (&told["name"], &told["count"], &told["first"]),
        (&json!("watched"), &json!(4), &json!("2026-10-01T00:00:00.000Z"))
    );
    assert!(told["last"].as_str().unwrap()[..19] >= before[..19] && told["last"].as_str().unwrap() < "2100");
    assert!(!user.to_string().contains("Ran"), "EVT-3: properties are not on the profile");
}

/// PUR-2, PUR-4, PUR-5, PUR-8: refunds count and take from the revenue; what is missing is named.
#[tokio::test]
async fn purchases_and_refunds_add_up() {
    let (_server, caller) = server().await;
    let purchase = |price: Value| json!({"external_id": "a", "product_id": "tea", "currency": "JPY", "price": price, "time": TIME});
    let mut no_time = purchase(json!(1));
    no_time.as_object_mut().unwrap().remove("time");
    let mut no_currency = purchase(json!(1));
    no_currency["currency"] = json!("yens");
    let body = json!({"purchases": [purchase(json!(500)), purchase(json!(-200.5)), no_time, no_currency, purchase(json!("x"))]});
    let answer = caller.track(&body).await.unwrap();
    assert_eq!(answer.json["purchases_processed"], 2);
    let errors = answer.json["errors"].as_array().unwrap();
    assert_eq!(errors.iter().map(|error| error["index"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(errors[2]["type"], "'price' is not valid");
    let user = exported(&caller, "a", json!(["total_revenue", "purchases"])).await;
    assert_eq!((&user["total_revenue"], &user["purchases"][0]["count"]), (&json!(299.5), &json!(2)));
}

/// TRK-17, CAT-4: what cannot be stored leaves the old value, without an error.
#[tokio::test]
async fn a_value_that_cannot_be_stored_leaves_the_old_one() {
    let (_server, caller) = server().await;
    caller
        .track(
            &json!({"attributes": [{"external_id": "a", "word": "old", "tags": ["x"], "nested": {"a": 1}}]}),
        )
        .await
        .unwrap();
    let array: Vec<_> = (0..600).map(|number| number.to_string()).collect();
    let body = json!({"attributes": [{"external_id": "a", "word": "x".repeat(256), "tags": [["nested"]], "nested": {"$bad.key": null}, "long": array, "fine": 1}]});
    let answer = caller.track(&body).await.unwrap();
    assert_eq!(answer.json, json!({"message": "success", "attributes_processed": 1}));
    let custom = exported(&caller, "a", json!(["custom_attributes"])).await["custom_attributes"].clone();
    assert_eq!(
        (&custom["word"], &custom["tags"], &custom["nested"], &custom["fine"]),
        (&json!("old"), &json!(["x"]), &json!({"a": 1}), &json!(1))
    );
}

/// NST-13: a CSV cell is text, whatever it looks like.
#[tokio::test]
async fn nested_values_do_not_come_by_csv() {
    let (_server, caller) = server().await;
    caller.import("external_id,nested\na,\"{\"\"b\"\": 1}\"\n").await.unwrap();
    let user = exported(&caller, "a", json!(["custom_attributes"])).await;
    assert_eq!(user["custom_attributes"]["nested"], r#"{"b": 1}"#);
}

/// PTI-1: refused, and named; the rest of the request applies.
#[tokio::test]
async fn a_push_token_import_is_refused_by_name() {
    let (_server, caller) = server().await;
    let import = json!({"push_token_import": true, "push_tokens": [{"app_id": "x", "token": "t"}]});
    let answer = caller.track(&json!({"attributes": [import, {"external_id": "a"}]})).await.unwrap();
    assert_eq!(
        (&answer.json["attributes_processed"], &answer.json["errors"][0]["index"]),
        (&json!(1), &json!(0))
    );
    assert!(
        answer.json["errors"][0]["type"].as_str().unwrap().contains("push_token_import"),
        "{}",
        answer.text
    );
}

/// EXP-2, EXP-5, EXP-10, EXP-11: what is asked for and not empty; the LINE ID and group states only where they belong.
#[tokio::test]
async fn an_export_gives_what_is_asked_for_and_no_more() {
    let (_server, caller) = server().await;
    let line_id = testkit::line_id(5);
    caller
        .track(
            &json!({"attributes": [{"external_id": "a", "first_name": "Hanako", "native_line_id": line_id}]}),
        )
        .await
        .unwrap();
    let user = exported(&caller, "a", json!(["first_name", "last_name", "email", "unknown field"])).await;
    assert_eq!(user, json!({"first_name": "Hanako"}));
    let all = caller.post("/users/export/ids", &json!({"external_ids": ["a"]})).await.unwrap();
    assert_eq!(all.status, 201, "EXP-2: fields_to_export may be left out");
    let user = &all.json["users"][0];
    assert_eq!(user["external_id"], "a");
    assert!(
        !all.text.contains(&line_id)
            && user.get("line").is_none()
            && user.get("subscription_groups").is_none()
    );
}

/// EXP-6: a deprecated id leads to its user, who is shown with the id of now.
#[tokio::test]
async fn a_deprecated_id_exports_its_user() {
    let (_server, caller) = server().await;
    caller.track(&json!({"attributes": [{"external_id": "old", "n": 1}]})).await.unwrap();
    let rename = json!({"external_id_renames": [{"current_external_id": "old", "new_external_id": "new"}]});
    caller.post("/users/external_ids/rename", &rename).await.unwrap();
    assert_eq!(exported(&caller, "old", json!(["external_id"])).await, json!({"external_id": "new"}));
}

/// GEN-4: name, id, when it was made and when it was last seen.
#[tokio::test]
async fn a_key_list_tells_when_keys_were_seen() {
    let (server, caller) = server().await;
    caller.track(&json!({"attributes": [{"external_id": "a"}]})).await.unwrap();
    let (code, _, log) = server.command(&["key", "create", "--name", "never used"]).await.unwrap();
    assert_eq!(code, 0, "{log}");
    testkit::eventually("the key's use is noted", 10, async || {
        let (_, listed, _) = server.command(&["key", "list", "--json"]).await.ok()?;
        let listed: Value = serde_json::from_str(&listed).ok()?;
        let keys = listed["keys"].as_array()?.clone();
        let named = |name: &str| keys.iter().find(|key| key["name"] == name).cloned();
        let never = named("never used")?;
        let used = keys.iter().find(|key| key["name"] != "never used")?;
        (never["last_seen_at"].is_null()
            && never["created_at"].is_string()
            && used["last_seen_at"].is_string())
        .then_some(())
    })
    .await
    .unwrap();
}
