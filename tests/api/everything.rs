//! `GET /users/{braze_id}/everything`: all that is stored about one person.

use std::collections::BTreeSet;

use testkit::{Event, World};

use super::*;

fn lines(answer: &testkit::Answer) -> Vec<Value> {
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every table that holds something of the person is told, with what came of a merged predecessor.
#[tokio::test]
async fn everything_tells_every_table_and_nobody_else() {
    let world = World::start(env!("CARGO_BIN_EXE_enmusubi")).await.unwrap();
    let caller = &world.caller;
    let line_id = testkit::line_id(77);
    let follow = Event { kind: "follow", user: line_id.clone(), at: 1_727_600_000_000, id: "ev-1".into() };
    world.webhook.send(&[follow.json()]).await.unwrap();
    let time = "2026-11-01T00:00:00Z";
    let body = json!({
        "attributes": [
            {"external_id": "a", "native_line_id": line_id, "email": "a@example.com", "phone": "+819012345678", "points": 1},
            {"external_id": "a", "email_subscribe": "unsubscribed"},
            {"external_id": "m", "colour": "of the merged one", "email": "m@example.com"},
            {"external_id": "z", "colour": "somebody else's"},
        ],
        "events": [
            {"external_id": "a", "name": "watched", "time": time, "properties": {"film": "Ran"}},
            {"external_id": "m", "name": "listened", "time": time},
        ],
        "purchases": [{"external_id": "a", "product_id": "tea", "currency": "JPY", "price": 5, "time": time}],
    });
    caller.track(&body).await.unwrap();
    let merge = json!({"merge_updates": [{"identifier_to_merge": {"external_id": "m"}, "identifier_to_keep": {"external_id": "a"}}]});
    caller.post("/users/merge", &merge).await.unwrap();
    caller.track(&json!({"attributes": [{"external_id": "m", "points": 2}]})).await.unwrap();
    caller.import("external_id,dob\na,not a date\nz,not a date\n").await.unwrap();
    let user = caller.export(json!({"external_ids": ["a"]})).await.unwrap().remove(0);
    let id = user["braze_id"].as_str().unwrap();
    let answer = caller.get(&format!("/users/{id}/everything")).await.unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/x-ndjson")));
    let lines = lines(&answer);
    let kinds: BTreeSet<_> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    let wanted = [
        "consent",
        "event",
        "history",
        "import_report_line",
        "line_event",
        "line_friendship",
        "logged_write",
        "merge",
        "profile",
        "purchase",
        "stored_profile",
        "subscription_state",
        "summary",
    ];
    assert_eq!(kinds, BTreeSet::from(wanted));
    for told in ["of the merged one", "listened", "Ran", "a@example.com", &line_id, "ev-1", "not a date"] {
        assert!(answer.text.contains(told), "{told} is missing");
    }
    assert!(!answer.text.contains("somebody else's") && !answer.text.contains("\"z\""), "{}", answer.text);
    let events: Vec<_> = lines.iter().filter(|line| line["kind"] == "event").collect();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["properties"], json!({"film": "Ran"}));
}

/// What grows is told page by page: more events than a page holds, each once, in order.
#[tokio::test]
async fn long_lists_are_whole() {
    let (_server, caller) = server().await;
    for chunk in 0..16 {
        let events: Vec<_> = (0..75)
            .map(|number| json!({"external_id": "a", "name": "n", "time": "2026-11-01T00:00:00Z", "properties": {"number": chunk * 75 + number}}))
            .collect();
        caller.track(&json!({"events": events})).await.unwrap();
    }
    let user = caller.export(json!({"external_ids": ["a"]})).await.unwrap().remove(0);
    let answer =
        caller.get(&format!("/users/{}/everything", user["braze_id"].as_str().unwrap())).await.unwrap();
    let lines = lines(&answer);
    let numbers: Vec<_> = lines
        .iter()
        .filter(|line| line["kind"] == "event")
        .map(|line| line["properties"]["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..1200).collect::<Vec<_>>());
}

#[tokio::test]
async fn nobody_is_404() {
    let (_server, caller) = server().await;
    for id in ["x", "0192f5c0-0000-7000-8000-000000000000"] {
        let answer = caller.get(&format!("/users/{id}/everything")).await.unwrap();
        assert_eq!((answer.status, &answer.json["code"]), (404, &json!("user_unknown")));
    }
}
