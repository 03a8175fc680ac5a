//! Error bodies that the reference quotes, to the byte: exactly Braze's text, under exactly Braze's keys.

use axum::http::Method;
use profile_model::RateLimits;
use serde_json::{Value, json};

use super::{Api, JSON, KEY};
use crate::quota::Pool;

fn post(path: &'static str) -> (Method, &'static str) {
    (Method::POST, path)
}

async fn body(api: &Api, path: &'static str, body: &str) -> (u16, String) {
    let answer = api.send(post(path), Some(KEY), [JSON], body.to_owned()).await;
    (answer.status.as_u16(), answer.text)
}

fn many(count: usize, of: &Value) -> Value {
    vec![of.clone(); count].into()
}

/// Section 0.1, CLI-3, MRG-3, SST-2, CLI-9, TRK-2, BLK-1, IDF-1, ALN-1, DEL-1, EXP-1.
#[tokio::test]
async fn fatal_errors_are_braze_s_to_the_byte() {
    let api = Api::start().await;
    let group = json!({"name": "News", "channel": "email"}).to_string();
    let group = api.send(post("/subscription/groups"), Some(KEY), [JSON], group).await.json();
    let group = &group["subscription_group_id"];
    let alias = json!({"alias_label": "l", "alias_name": "n"});
    let identify = json!({"external_id": "e", "user_alias": alias});
    let state = "subscribed";
    let merges = |updates: Value| json!({"merge_updates": updates}).to_string();
    let both = json!({"subscription_group_id": group, "subscription_state": state, "email": "a@example.com", "phone": "+819012345678"});
    let both_v2 = json!({"subscription_groups": [{"subscription_group_id": group, "subscription_state": state, "emails": ["a@example.com"], "phones": ["+819012345678"]}]});
    let unknown = json!({"subscription_group_id": "none", "subscription_state": state, "external_id": "a"});
    let syntax = r#"{"message":"Error while parsing request body. Please check your syntax."}"#;
    let input = r#"{"message":"Max Input Length Exceeded"}"#;
    let aliases = r#"{"message":"The max number of external_ids and aliases per request was exceeded"}"#;
    let ids = r#"{"message":"The max number of ids per request was exceeded"}"#;
    let nothing =
        r#"{"message":"Valid data must be provided in the 'attributes', 'events', or 'purchases' fields."}"#;
    let either =
        r#"{"message":"Either an email address or a phone number should be provided, but not both."}"#;
    let no_group = r#"{"message":"Invalid subscription group ID"}"#;
    let objects = r#"{"message":"'merge_updates' must be an array of objects"}"#;
    let fifty = r#"{"message":"a single request may not contain more than 50 merge updates"}"#;
    let only =
        r#"{"message":"'merge_updates' must only have 'identifier_to_merge' and 'identifier_to_keep'"}"#;
    let identifiers = r#"{"message":"identifiers must be objects with an 'external_id' property that is a string, 'user_alias' property that is an object, 'email' property that is a string, or 'phone' property that is a string"}"#;
    let update =
        json!({"identifier_to_merge": {"external_id": "a"}, "identifier_to_keep": {"external_id": "b"}});
    let mut more = update.clone();
    more["why"] = json!("because");
    let odd = json!({"identifier_to_merge": {"braze_id": "a"}, "identifier_to_keep": {"external_id": "b"}});
    for (path, sent, expected) in [
        ("/users/track", "{'a':1}".to_owned(), syntax),
        ("/users/merge", "[1,]".to_owned(), syntax),
        ("/users/track", json!({"attributes": many(76, &json!({}))}).to_string(), input),
        (
            "/users/track",
            json!({"events": many(40, &json!({})), "purchases": many(36, &json!({}))}).to_string(),
            input,
        ),
        ("/users/track/bulk", json!({"attributes": many(10_001, &json!({}))}).to_string(), input),
        ("/users/track", "{}".to_owned(), nothing),
        ("/users/track", json!({"attributes": [], "events": [], "purchases": []}).to_string(), nothing),
        ("/users/track/bulk", "{}".to_owned(), nothing),
        ("/users/export/ids", json!({"external_ids": many(51, &json!("a"))}).to_string(), aliases),
        ("/users/export/ids", json!({"user_aliases": many(51, &alias)}).to_string(), aliases),
        ("/users/export/ids", json!({"native_line_ids": many(51, &json!("a"))}).to_string(), ids),
        ("/users/identify", json!({"aliases_to_identify": many(51, &identify)}).to_string(), aliases),
        ("/users/alias/new", json!({"user_aliases": many(51, &alias)}).to_string(), aliases),
        ("/users/delete", json!({"external_ids": many(51, &json!("a"))}).to_string(), ids),
        ("/users/merge", merges(json!("a")), objects),
        ("/users/merge", merges(json!(["a"])), objects),
        ("/users/merge", "{}".to_owned(), objects),
        ("/users/merge", merges(many(51, &update)), fifty),
        ("/users/merge", merges(json!([more])), only),
        ("/users/merge", merges(json!([odd])), identifiers),
        ("/subscription/status/set", both.to_string(), either),
        ("/v2/subscription/status/set", both_v2.to_string(), either),
        ("/subscription/status/set", unknown.to_string(), no_group),
    ] {
        let shown: String = sent.chars().take(120).collect();
        assert_eq!(body(&api, path, &sent).await, (400, expected.to_owned()), "{path} {shown}");
    }
}

/// Section 0.1, CLI-3: keys, permissions, rates.
#[tokio::test]
async fn refusals_of_the_edge_are_braze_s_to_the_byte() {
    let api = Api::start().await;
    let track = post("/users/track");
    let answer = api.send(track.clone(), Some("wrong"), [JSON], "{}").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (401, r#"{"message":"Invalid API key"}"#));
    let reader = api.key("users.export.ids", None).await;
    let answer = api.send(track.clone(), Some(&reader), [JSON], "{}").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (403, r#"{"message":"Access Denied"}"#));
    let limited = profile_model::Settings { rate_limits: RateLimits::Braze, ..Default::default() };
    let workspace = api.store.set_settings("default", limited).await.unwrap().id;
    while api.state.edge.quotas.take(RateLimits::Braze, workspace, Pool::Track, None).is_ok() {}
    let answer = api.send(track, Some(KEY), [JSON], "{}").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (429, r#"{"message":"Rate Limited"}"#));
}

/// TRK-9, TRK-10, TRK-16, PUR-8: texts of single objects, under `type`, `input_array` and `index`.
#[tokio::test]
async fn errors_of_objects_are_braze_s_to_the_byte() {
    let api = Api::start().await;
    let time = "2026-01-15T09:00:00Z";
    let purchase =
        json!({"external_id": "a", "product_id": "p", "currency": "USD", "price": 1, "time": time});
    let with = |object: &Value, name: &str, value: Value| {
        let mut changed = object.clone();
        changed[name] = value;
        changed
    };
    let user = json!({"external_id": "a"});
    for (array, object, text) in [
        (
            "attributes",
            json!({"n": 1}),
            "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required",
        ),
        (
            "attributes",
            with(&user, "email", json!("no address")),
            "The value provided for the 'email' field is not a valid email.",
        ),
        (
            "attributes",
            with(&user, "email_subscribe", json!("Subscribed")),
            "'email_subscribe' must be 'subscribed', 'unsubscribed', or 'opted_in'",
        ),
        ("purchases", with(&purchase, "price", json!("much")), "'price' is not valid"),
        ("purchases", with(&purchase, "quantity", json!(101)), "'quantity' is not valid"),
    ] {
        let sent = json!({array: [object]}).to_string();
        let nothing = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.";
        let expected = format!(
            r#"{{"errors":[{{"index":0,"input_array":"{array}","type":"{text}"}}],"message":"{nothing}"}}"#
        );
        assert_eq!(body(&api, "/users/track", &sent).await, (400, expected));
    }
}

/// REN-4, REN-5.
#[tokio::test]
async fn a_taken_external_id_is_refused_with_braze_s_text() {
    let api = Api::start().await;
    let users = json!({"attributes": [{"external_id": "a"}, {"external_id": "b"}]}).to_string();
    assert_eq!(body(&api, "/users/track", &users).await.0, 201);
    let rename =
        json!({"external_id_renames": [{"current_external_id": "a", "new_external_id": "b"}]}).to_string();
    let expected = r#"{"external_ids":[],"message":"success","rename_errors":[[0,"new_external_id is already in use"]]}"#;
    assert_eq!(body(&api, "/users/external_ids/rename", &rename).await, (201, expected.to_owned()));
}
