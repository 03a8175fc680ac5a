//! The Braze-compatible surface over HTTP: authentication, limits, envelopes, track and export.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use serde_json::{Value, json};
use testkit::{Caller, Server, ServerOptions};

#[path = "api/catalogue.rs"]
mod catalogue;
#[path = "api/documents.rs"]
mod documents;
#[path = "api/edge.rs"]
mod edge;
#[path = "api/everything.rs"]
mod everything;
#[path = "api/examples.rs"]
mod examples;
#[path = "api/once.rs"]
mod once;
#[path = "api/rules.rs"]
mod rules;
#[path = "api/subscription.rs"]
mod subscription;
#[path = "api/synchronous.rs"]
mod synchronous;

async fn server() -> (Server, Caller) {
    let server = Server::start(env!("CARGO_BIN_EXE_enmusubi"), ServerOptions::default()).await.unwrap();
    let caller = server.caller();
    (server, caller)
}

/// CLI-3, GEN-3, section 0.3.
#[tokio::test]
async fn keys_are_checked_before_anything_else() {
    let (server, _) = server().await;
    let body = json!({"attributes": [{"external_id": "a"}]});
    for key in [None, Some("wrong")] {
        let answer = server.caller_with(key).post("/users/track", &body).await.unwrap();
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json, json!({"message": "Invalid API key"}));
        // Before size, content type and JSON.
        let answer = server.caller_with(key).send("/users/track", &[], vec![b'x'; 9 << 20]).await;
        assert!(answer.map_or(true, |answer| answer.status == 401));
    }
    let arguments = ["key", "create", "--name", "reader", "--permission", "users.export.ids"];
    let (code, key, log) = server.command(&arguments).await.unwrap();
    assert_eq!(code, 0, "{log}");
    let reader = server.caller_with(Some(key.trim()));
    // A key made by another process works within a second.
    let answer = testkit::eventually("the new key works", 5, async || {
        let answer = reader.post("/users/export/ids", &json!({"external_ids": ["x"]})).await.ok()?;
        (answer.status != 401).then_some(answer)
    })
    .await
    .unwrap();
    assert_eq!(answer.status, 201);
    let answer = reader.post("/users/track", &body).await.unwrap();
    assert_eq!((answer.status, answer.json), (403, json!({"message": "Access Denied"})));
}

/// TRK-6, TRK-7, TRK-8, TRK-9, CLI-4: exact bodies; a read after a 201 sees the write.
#[tokio::test]
async fn track_answers_as_documented() {
    let (_server, caller) = server().await;
    let body = json!({
        "attributes": [{"external_id": "a", "color": "blue"}],
        "events": [{"external_id": "a", "name": "watched", "time": "2024-01-01T00:00:00Z"}],
        "purchases": [{"external_id": "a", "product_id": "p", "currency": "USD", "price": -1.5, "quantity": 2, "time": "2024-01-01T00:00:00Z"}],
    });
    let answer = caller.track(&body).await.unwrap();
    let counted = json!({"message": "success", "attributes_processed": 1, "events_processed": 1, "purchases_processed": 1});
    assert_eq!(answer.json, counted);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 36));
    assert_eq!(answer.header("x-ratelimit-limit"), Some("1000000"));
    let users = caller.export(json!({"external_ids": ["a"]})).await.unwrap();
    assert_eq!(users[0]["custom_attributes"], json!({"color": "blue"}));
    assert!(users[0]["custom_events"].as_array().is_some_and(Vec::is_empty), "EXP-8: older than 90 days");

    let answer =
        caller.track(&json!({"attributes": [{"external_id": "b"}, {"color": "red"}]})).await.unwrap();
    let expected = json!({
        "message": "success",
        "attributes_processed": 1,
        "errors": [{"type": "'external_id', 'braze_id', 'user_alias', 'email' or 'phone' is required", "input_array": "attributes", "index": 1}],
    });
    assert_eq!(answer.json, expected);
}

/// TRK-2, TRK-10, ID-2.
#[tokio::test]
async fn unacceptable_track_bodies_are_400_and_change_nothing() {
    let (_server, caller) = server().await;
    let nothing = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.";
    for body in [json!({}), json!({"attributes": [], "events": []})] {
        let answer = caller.post("/users/track", &body).await.unwrap();
        assert_eq!((answer.status, answer.json), (400, json!({"message": nothing})));
    }
    let alias = json!({"alias_label": "l", "alias_name": "n"});
    let body = json!({"attributes": [{"external_id": "a", "user_alias": alias}]});
    let answer = caller.post("/users/track", &body).await.unwrap();
    let two = "only one of 'external_id', 'user_alias' or 'braze_id' may be provided";
    let errors = json!([{"type": two, "input_array": "attributes", "index": 0}]);
    assert_eq!((answer.status, answer.json), (400, json!({"message": nothing, "errors": errors})));

    let many: Vec<_> = (0..76).map(|number| json!({"external_id": format!("m{number}")})).collect();
    let answer = caller.post("/users/track", &json!({"attributes": many})).await.unwrap();
    assert_eq!((answer.status, answer.json), (400, json!({"message": "Max Input Length Exceeded"})));
    let users = caller.export(json!({"external_ids": ["a", "m0", "m75"]})).await.unwrap();
    assert!(users.is_empty());

    for body in [json!([]), json!("x"), json!({"attributes": {"external_id": "a"}})] {
        assert_eq!(caller.post("/users/track", &body).await.unwrap().status, 400);
    }
}

/// GEN-2, section 0.1, design section 6: size, content type, JSON.
#[tokio::test]
async fn bodies_are_checked_for_size_type_and_syntax() {
    let (_server, caller) = server().await;
    let json_type = [("content-type", "application/json")];
    for body in [&b"{\"attributes\":[{\"external_id\":\"a\",}]}"[..], b"{'a':1}", b"", b"{\"a\":\"\xff\"}"] {
        let answer = caller.send("/users/track", &json_type, body.to_vec()).await.unwrap();
        let message = "Error while parsing request body. Please check your syntax.";
        assert_eq!((answer.status, answer.json), (400, json!({"message": message})));
    }
    for headers in [&[][..], &[("content-type", "text/plain")]] {
        let answer = caller.send("/users/track", headers, b"{}".to_vec()).await.unwrap();
        assert_eq!((answer.status, &answer.json["code"]), (415, &json!("content_type_unsupported")));
    }
    // The server may answer before it has read it all; then the connection can break while we send.
    if let Ok(answer) = caller.send("/users/track", &json_type, vec![b' '; 10 << 20]).await {
        assert_eq!((answer.status, &answer.json["code"]), (413, &json!("body_too_large")));
    }
    let answer = caller.get("/users/track").await.unwrap();
    assert_eq!((answer.status, &answer.json["code"]), (405, &json!("method_not_allowed")));
    let answer = caller.post("/users/track/", &json!({})).await.unwrap();
    assert_eq!((answer.status, &answer.json["code"]), (404, &json!("route_unknown")));
}

/// EXP-3, EXP-4, EXP-12, CLI-8.
#[tokio::test]
async fn exports_answer_as_documented() {
    let (_server, caller) = server().await;
    let line = testkit::line_id(5);
    let objects = [
        json!({"external_id": "a", "email": "Same@Example.com", "native_line_id": line}),
        json!({"external_id": "b", "email": "same@example.com"}),
    ];
    caller.track(&json!({"attributes": objects})).await.unwrap();
    let answer = caller.post("/users/export/ids", &json!({"external_ids": ["a", "nobody"]})).await.unwrap();
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json["message"], "success");
    assert_eq!(answer.json["invalid_user_ids"], json!(["nobody"]));
    let user = &answer.json["users"][0];
    assert_eq!(user["email"], "Same@Example.com");
    assert_eq!(
        (&user["total_revenue"], &user["custom_events"], &user["devices"]),
        (&json!(0), &json!([]), &json!([]))
    );
    assert!(user.get("native_line_id").is_none() && user.get("line").is_none());
    let both = caller.post("/users/export/ids", &json!({"email_address": "SAME@example.com"})).await.unwrap();
    assert_eq!(both.json["users"].as_array().unwrap().len(), 2);
    for (body, code) in [
        (json!({"fields_to_export": ["email"]}), "identifier_missing"),
        (json!({"email_address": "a@example.com", "phone": "+819012345678"}), "several_addresses"),
        (json!({"external_ids": "a"}), "field_invalid"),
        (json!({"external_ids": [true]}), "field_invalid"),
        (json!({"user_aliases": [{"alias_label": "l"}]}), "field_invalid"),
        (json!(["a"]), "body_invalid"),
    ] {
        let answer = caller.post("/users/export/ids", &body).await.unwrap();
        assert_eq!((answer.status, answer.json["code"].as_str()), (400, Some(code)), "{body}");
        assert!(!answer.text.contains("a@example.com") && !answer.text.contains("819012345678"));
    }
    let too_many: Vec<_> = (0..51).map(|number| number.to_string()).collect();
    let answer = caller.post("/users/export/ids", &json!({"external_ids": too_many})).await.unwrap();
    let message = "The max number of external_ids and aliases per request was exceeded";
    assert_eq!((answer.status, answer.json), (400, json!({"message": message})));
}

/// ID-6, ID-8: an unknown external id with a known email makes a second profile; email prefers the identified one.
#[tokio::test]
async fn email_names_the_identified_profile_first() {
    let (_server, caller) = server().await;
    caller.track(&json!({"attributes": [{"email": "x@example.com", "n": 1}]})).await.unwrap();
    caller.track(&json!({"attributes": [{"external_id": "a", "email": "x@example.com"}]})).await.unwrap();
    caller.track(&json!({"attributes": [{"email": "x@example.com", "n": 2}]})).await.unwrap();
    let users = caller.export(json!({"email_address": "x@example.com"})).await.unwrap();
    assert_eq!(users.len(), 2);
    for user in users {
        let expected = if user.get("external_id").is_some() { 2 } else { 1 };
        assert_eq!(user["custom_attributes"]["n"], expected);
    }
}

/// The number of SQL statements is the same for 1 object and for 75 (read from the request log); in a workspace that is
/// spread it depends on the number of buckets alone.
#[tokio::test]
async fn statements_do_not_grow_with_objects() {
    let (server, caller) = server().await;
    let body = |from: usize, count: usize| -> Value {
        let objects = (from..from + count).map(|number| {
            json!({"external_id": format!("c{number}"), "email": format!("c{number}@example.com"), "v": from})
        });
        json!({"attributes": objects.collect::<Vec<_>>()})
    };
    // The first use of a name is stored, once.
    for (from, count) in [(0, 1), (1, 1), (2, 75)] {
        caller.track(&body(from, count)).await.unwrap();
    }
    let lines = testkit::eventually("the requests are logged", 5, async || {
        let log = server.log();
        let lines: Vec<Value> = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line.to_string().contains("/users/track"))
            .collect();
        (lines.len() == 3).then_some(lines)
    })
    .await
    .unwrap();
    let statements = |line: &Value| {
        line.get("statements").or_else(|| line["fields"].get("statements")).and_then(Value::as_u64).unwrap()
    };
    let (one, many) = (statements(&lines[1]), statements(&lines[2]));
    assert!(one > 0);
    match std::env::var(testkit::BUCKETS_VARIABLE) {
        Ok(buckets) if testkit::is_on_postgres() => {
            assert!(many <= one * 2 * buckets.parse::<u64>().unwrap(), "{many} statements");
        }
        _ => assert_eq!(one, many),
    }
}

/// No personal data in logs at any level.
#[tokio::test]
async fn logs_hold_no_personal_data() {
    let options = ServerOptions {
        environment: vec![("ENMUSUBI_LOG".into(), "trace".into())],
        ..ServerOptions::default()
    };
    let server = Server::start(env!("CARGO_BIN_EXE_enmusubi"), options).await.unwrap();
    let caller = server.caller();
    let line = format!("U{:032x}", 0xabc_def);
    let object = json!({"external_id": "secret-person", "email": "very.private@example.com", "phone": "+819012345678", "native_line_id": line, "illness": "flu-like"});
    caller.track(&json!({"attributes": [object]})).await.unwrap();
    caller.line_user(&line).await.unwrap();
    let log = server.log();
    assert!(!log.is_empty());
    for secret in ["very.private", "819012345678", line.as_str(), "flu-like", "test-key"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
