//! Permissions, limits and error texts of all identity calls: exact status and body, the field and the index named,
//! never a value.

use super::*;

const CALLS: [(&str, &str); 6] = [
    ("/users/identify", "users.identify"),
    ("/users/merge", "users.merge"),
    ("/users/alias/new", "users.alias.new"),
    ("/users/alias/update", "users.alias.update"),
    ("/users/external_ids/rename", "users.external_ids.rename"),
    ("/users/external_ids/remove", "users.external_ids.remove"),
];

/// A call with its array, the text for too many elements, and a maker of elements.
type Limit = (&'static str, &'static str, &'static str, fn(usize) -> Value);

const SECRET: &str = "very-private";

/// Posts and expects a 400 with exactly this body; no value of the request is told.
async fn refuses(caller: &Caller, path: &str, body: &Value, expected: Value) {
    let answer = caller.post(path, body).await.unwrap();
    assert_eq!((answer.status, &answer.json), (400, &expected), "{path} {body}");
    assert!(!answer.text.contains(SECRET));
}

fn ours(message: &str) -> Value {
    json!({"message": message, "code": "body_invalid"})
}

/// IDF-1, MRG-1, ALN-1, ALU-1, REN-1, REM-1, section 0.3: each call needs its own permission.
#[tokio::test]
async fn each_call_needs_its_own_permission() {
    let (server, _) = server().await;
    for (allowed, permission) in CALLS {
        let arguments = ["key", "create", "--name", "one", "--permission", permission];
        let (code, key, log) = server.command(&arguments).await.unwrap();
        assert_eq!(code, 0, "{log}");
        let caller = server.caller_with(Some(key.trim()));
        testkit::eventually("the new key works", 5, async || {
            let answer = caller.post(allowed, &json!({})).await.ok()?;
            (answer.status == 400).then_some(())
        })
        .await
        .unwrap();
        for (path, _) in CALLS.iter().filter(|(path, _)| *path != allowed) {
            let answer = caller.post(path, &json!({})).await.unwrap();
            assert_eq!((answer.status, answer.json), (403, json!({"message": "Access Denied"})), "{path}");
        }
        for path in ["/users/merges/00000000-0000-4000-8000-000000000000/undo", "/users/track"] {
            assert_eq!(caller.post(path, &json!({})).await.unwrap().status, 403);
        }
        let path = "/users/00000000-0000-7000-8000-000000000000/history";
        assert_eq!(caller.get(path).await.unwrap().status, 403);
    }
}

/// IDF-1, MRG-3, ALN-1, ALU-1, REN-6, REM-3, section 0.1: 51 elements, to the letter; 50 are fine.
#[tokio::test]
async fn more_than_fifty_elements_are_refused_with_the_documented_texts() {
    let (_server, caller) = server().await;
    let aliases = "The max number of external_ids and aliases per request was exceeded";
    let ids = "The max number of ids per request was exceeded";
    let merges = "a single request may not contain more than 50 merge updates";
    let side = |number: usize| json!({"external_id": format!("{SECRET}{number}")});
    let cases: [Limit; 6] = [
        (
            "/users/identify",
            "aliases_to_identify",
            aliases,
            |n| json!({"external_id": format!("{SECRET}{n}"), "user_alias": {"alias_label": "l", "alias_name": "n"}}),
        ),
        (
            "/users/alias/new",
            "user_aliases",
            aliases,
            |n| json!({"external_id": format!("{SECRET}{n}"), "alias_label": "l", "alias_name": "n"}),
        ),
        (
            "/users/alias/update",
            "alias_updates",
            aliases,
            |n| json!({"alias_label": "l", "old_alias_name": format!("{SECRET}{n}"), "new_alias_name": "n"}),
        ),
        (
            "/users/external_ids/rename",
            "external_id_renames",
            ids,
            |n| json!({"current_external_id": format!("{SECRET}{n}"), "new_external_id": "n"}),
        ),
        ("/users/external_ids/remove", "external_ids", ids, |n| json!(format!("{SECRET}{n}"))),
        (
            "/users/merge",
            "merge_updates",
            merges,
            |n| json!({"identifier_to_merge": {"external_id": format!("{SECRET}{n}")}, "identifier_to_keep": {"external_id": "k"}}),
        ),
    ];
    for (path, array, text, element) in cases {
        let many = |count: usize| json!({array: (0..count).map(element).collect::<Vec<_>>()});
        refuses(&caller, path, &many(51), json!({"message": text})).await;
        let answer = caller.post(path, &many(50)).await.unwrap();
        assert!(matches!(answer.status, 201 | 202), "{path}: {}", answer.text);
    }
    // Over all three arrays of identify.
    let element = |number: usize| json!({"external_id": side(number)["external_id"], "email": "a@example.com", "prioritization": ["unidentified"]});
    let (emails, phones): (Vec<_>, Vec<_>) = ((0..30).map(element).collect(), (0..21).map(element).collect());
    let body = json!({"emails_to_identify": emails, "phone_numbers_to_identify": phones});
    refuses(&caller, "/users/identify", &body, json!({"message": aliases})).await;
}

/// IDF-1, ALN-1, ALU-1, REN-6, REM-3: bodies that are wrong as a whole.
#[tokio::test]
async fn bodies_without_elements_are_refused() {
    let (_server, caller) = server().await;
    let none = "'aliases_to_identify', 'emails_to_identify' or 'phone_numbers_to_identify' must hold at least one element";
    for body in [json!({}), json!({"aliases_to_identify": []}), json!({"aliases_to_identify": null})] {
        refuses(&caller, "/users/identify", &body, ours(none)).await;
    }
    let body = json!({"emails_to_identify": {"email": SECRET}});
    refuses(&caller, "/users/identify", &body, ours("'emails_to_identify' must be an array")).await;
    let body = json!({"aliases_to_identify": [{}], "merge_behavior": SECRET});
    refuses(&caller, "/users/identify", &body, ours("'merge_behavior' must be 'merge' or 'none'")).await;
    for (path, array) in [
        ("/users/alias/new", "user_aliases"),
        ("/users/alias/update", "alias_updates"),
        ("/users/external_ids/rename", "external_id_renames"),
        ("/users/external_ids/remove", "external_ids"),
    ] {
        let text = format!("'{array}' must be an array with at least one element");
        refuses(&caller, path, &json!({}), ours(&text)).await;
        refuses(&caller, path, &json!({array: []}), ours(&text)).await;
        refuses(&caller, path, &json!({array: SECRET}), ours(&format!("'{array}' must be an array"))).await;
        refuses(&caller, path, &json!([SECRET]), ours("the body must be a JSON object")).await;
    }
}

/// MRG-3: the four texts, to the letter and with no other key; nothing of such a request is done.
#[tokio::test]
async fn a_malformed_merge_refuses_the_request_with_the_documented_texts() {
    let (_server, caller) = server().await;
    for id in ["a", "b"] {
        put(&caller, json!({"external_id": id})).await;
    }
    let good =
        json!({"identifier_to_merge": {"external_id": "a"}, "identifier_to_keep": {"external_id": "b"}});
    let array = json!({"message": "'merge_updates' must be an array of objects"});
    let keys =
        json!({"message": "'merge_updates' must only have 'identifier_to_merge' and 'identifier_to_keep'"});
    let side = json!({"message": "identifiers must be objects with an 'external_id' property that is a string, 'user_alias' property that is an object, 'email' property that is a string, or 'phone' property that is a string"});
    let with = |keep: Value| json!({"merge_updates": [good, {"identifier_to_merge": {"external_id": "a"}, "identifier_to_keep": keep}]});
    for body in [json!({}), json!([]), json!({"merge_updates": {}}), json!({"merge_updates": [good, SECRET]})]
    {
        refuses(&caller, "/users/merge", &body, array.clone()).await;
    }
    let mut extra = good.clone();
    extra[SECRET] = json!(1);
    for update in [json!({}), json!({"identifier_to_merge": {"external_id": "a"}}), extra] {
        refuses(&caller, "/users/merge", &json!({"merge_updates": [good, update]}), keys.clone()).await;
    }
    for keep in [
        json!(SECRET),
        json!({}),
        json!({"external_id": {"id": SECRET}}),
        json!({"user_alias": SECRET}),
        json!({"email": 1, "prioritization": ["identified"]}),
        json!({"phone": [SECRET], "prioritization": ["identified"]}),
        json!({"braze_id": SECRET}),
        json!({"external_id": SECRET, "email": "very-private@example.com"}),
    ] {
        refuses(&caller, "/users/merge", &with(keep), side.clone()).await;
    }
    // Ours, where no text is known: the field and the index, never the value.
    let missing = "merge_updates[1].identifier_to_keep: 'prioritization' is required with 'email' or 'phone' and must be an array";
    refuses(&caller, "/users/merge", &with(json!({"email": "very-private@example.com"})), ours(missing))
        .await;
    let alias = "merge_updates[1].identifier_to_keep: 'user_alias' must be an object with a non-empty 'alias_label' and 'alias_name'";
    refuses(&caller, "/users/merge", &with(json!({"user_alias": {"alias_label": SECRET}})), ours(alias))
        .await;
    let email =
        "merge_updates[1].identifier_to_keep: The value provided for the 'email' field is not a valid email.";
    let wrong = json!({"email": SECRET, "prioritization": ["identified"]});
    refuses(&caller, "/users/merge", &with(wrong), ours(email)).await;
    assert_eq!(export(&caller, json!({"external_ids": ["a", "b"]})).await.len(), 2);
}

/// Section 2: a malformed element is named by array and index, the others are done; none usable is a 400.
#[tokio::test]
async fn malformed_elements_are_named_by_index_and_the_others_are_done() {
    let (_server, caller) = server().await;
    let good = json!({"external_id": "e", "user_alias": alias("l", "n")});
    put_anonymous(&caller, "l", "n", json!({})).await;
    let long = "x".repeat(988);
    let elements = json!([
        SECRET,
        {"user_alias": alias("l", SECRET)},
        {"external_id": "e"},
        {"external_id": long, "user_alias": alias("l", SECRET)},
        {"external_id": "e", "user_alias": alias("", SECRET)},
        good,
    ]);
    let answer = caller.post("/users/identify", &json!({"aliases_to_identify": elements})).await.unwrap();
    let texts = [
        "each element must be an object",
        "'external_id' must be a non-empty string",
        "'user_alias' must be an object with a non-empty 'alias_label' and 'alias_name'",
        "'external_id' must be at most 987 bytes",
        "'user_alias' must be an object with a non-empty 'alias_label' and 'alias_name'",
    ];
    let error =
        |array: &str, index: usize, text: &str| json!({"type": text, "input_array": array, "index": index});
    let errors: Vec<_> =
        texts.iter().enumerate().map(|(index, text)| error("aliases_to_identify", index, text)).collect();
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json, json!({"aliases_processed": 1, "message": "success", "errors": errors}));
    assert!(!answer.text.contains(SECRET));
    assert_eq!(user(&caller, "e").await["user_aliases"], json!([alias("l", "n")]));

    let none = "no element of the request can be used: 'errors' says why for each";
    let update =
        "'alias_label', 'old_alias_name' and 'new_alias_name' must be non-empty strings of at most 987 bytes";
    let pair = "'user_alias' must be an object with a non-empty 'alias_label' and 'alias_name'";
    for (path, array, element, text) in [
        ("/users/alias/new", "user_aliases", json!({"alias_name": SECRET}), pair),
        (
            "/users/alias/update",
            "alias_updates",
            json!({"alias_label": "l", "old_alias_name": SECRET}),
            update,
        ),
        (
            "/users/identify",
            "phone_numbers_to_identify",
            json!({"external_id": SECRET, "phone": 5, "prioritization": ["identified"]}),
            "'phone' must be a non-empty string of at most 987 bytes",
        ),
    ] {
        let body = json!({"message": none, "code": "body_invalid", "errors": [error(array, 0, text)]});
        refuses(&caller, path, &json!({array: [element]}), body).await;
    }
}

/// PRI-1, PRI-2, PRI-3.
#[tokio::test]
async fn a_wrong_prioritization_is_named_and_never_quoted() {
    let (_server, caller) = server().await;
    let required = "'prioritization' is required with 'email' or 'phone' and must be an array";
    let known = "'prioritization' may only hold 'identified', 'unidentified', 'most_recently_updated', 'least_recently_updated'";
    let both = "'prioritization' must not hold both 'identified' and 'unidentified'";
    let cases = [
        (Value::Null, required),
        (json!(SECRET), required),
        (json!([SECRET]), known),
        (json!(["unidentified", 3]), known),
        (json!(["identified", "unidentified"]), both),
        (json!(["unidentified", "most_recently_updated", "identified"]), both),
    ];
    for (array, name, value) in [
        ("emails_to_identify", "email", "very-private@example.com"),
        ("phone_numbers_to_identify", "phone", "+819012345678"),
    ] {
        let elements: Vec<_> = cases
            .iter()
            .map(|(words, _)| json!({"external_id": SECRET, name: value, "prioritization": words}))
            .collect();
        let answer = caller.post("/users/identify", &json!({array: elements})).await.unwrap();
        assert_eq!(answer.status, 400);
        let texts: Vec<_> =
            answer.json["errors"].as_array().unwrap().iter().map(|error| &error["type"]).collect();
        assert_eq!(texts, cases.iter().map(|(_, text)| *text).collect::<Vec<_>>());
        assert!(!answer.text.contains(SECRET) && !answer.text.contains(value));
    }
}
