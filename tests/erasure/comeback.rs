//! Who comes back: track and CSV create again, an opt-out of email stands.

use super::*;

/// DEL-3, DEL-4, DEL-6: gone at once for every look-up; the answer counts ids that led to somebody.
#[tokio::test]
async fn the_erased_are_gone_at_once() {
    let (_server, caller) = server().await;
    let body = json!({
        "external_id": "ann", "email": "ann@example.com", "phone": "+819012345678", "native_line_id": line_id(1),
    });
    put(&caller, body).await;
    let new = json!({"external_id": "ann", "alias_label": "web", "alias_name": "w"});
    caller.post("/users/alias/new", &json!({"user_aliases": [new]})).await.unwrap();
    let braze_id = user(&caller, "ann").await["braze_id"].clone();
    delete(&caller, &json!({"external_ids": ["ann", "nobody"]}), 1).await;
    for body in [
        json!({"external_ids": ["ann"]}),
        json!({"user_aliases": [alias("web", "w")]}),
        json!({"braze_id": braze_id}),
        json!({"email_address": "ann@example.com"}),
        json!({"phone": "+819012345678"}),
        json!({"native_line_ids": [line_id(1)]}),
    ] {
        assert_eq!(found(&caller, body.clone()).await, 0, "{body}");
    }
    let gone = caller.get(&format!("/users/{}/history", braze_id.as_str().unwrap())).await.unwrap();
    assert_eq!((gone.status, &gone.json["code"]), (404, &json!("user_unknown")));
    delete(&caller, &json!({"external_ids": ["ann"]}), 0).await;
}

/// Track and CSV create again, as a stranger; the report of an import says that it happened.
#[tokio::test]
async fn track_and_csv_create_again_and_the_report_says_so() {
    let (_server, caller) = server().await;
    for id in ["ann", "ben"] {
        put(&caller, json!({"external_id": id, "tier": "gold"})).await;
    }
    let before = user(&caller, "ann").await;
    delete(&caller, &json!({"external_ids": ["ann", "ben"]}), 2).await;
    put(&caller, json!({"external_id": "ann", "level": 1})).await;
    let after = user(&caller, "ann").await;
    assert_eq!(after["custom_attributes"], json!({"level": 1}));
    assert_ne!(after["braze_id"], before["braze_id"]);
    let import = caller.import("external_id,level\nben,2\ncyd,3\nben,4\n").await.unwrap();
    assert_eq!((&import["rows_created"], &import["rows_warned"]), (&json!(2), &json!(1)));
    let lines = report(&caller, &import).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("2,warning,,erased_before"), "{lines:?}");
    assert_eq!(user(&caller, "ben").await["custom_attributes"], json!({"level": 4}));
}

async fn email_state(caller: &Caller, external_id: &str) -> Value {
    user(caller, external_id).await["email_subscribe"].clone()
}

/// An opt-out of email outlives its owner: neither track nor a CSV that says `subscribed` of everybody ends it. A double
/// opt-in does, for good.
#[tokio::test]
async fn an_opt_out_of_email_outlives_its_owner() {
    let (_server, caller) = server().await;
    let email = "Ann@Example.com";
    put(&caller, json!({"external_id": "ann", "email": email, "email_subscribe": "unsubscribed"})).await;
    put(&caller, json!({"external_id": "ben", "email": "ben@example.com"})).await;
    delete(&caller, &json!({"external_ids": ["ann", "ben"]}), 2).await;
    put(&caller, json!({"external_id": "one", "email": "ann@example.com"})).await;
    assert_eq!(email_state(&caller, "one").await, "unsubscribed");
    let csv = "external_id,email,email_subscribe\ntwo,ANN@example.com,subscribed\nthree,ben@example.com,\n";
    caller.import(csv).await.unwrap();
    assert_eq!(email_state(&caller, "two").await, "unsubscribed");
    assert_eq!(email_state(&caller, "three").await, "subscribed");
    put(&caller, json!({"external_id": "one", "email_subscribe": "opted_in"})).await;
    assert_eq!(email_state(&caller, "two").await, "opted_in");
    // Once more gone and back: the choice that was made since is not undone.
    delete(&caller, &json!({"external_ids": ["one", "two"]}), 2).await;
    put(&caller, json!({"external_id": "four", "email": email})).await;
    assert_eq!(email_state(&caller, "four").await, "subscribed");
}

/// The opt-out is of the address, whoever names it: an object or a row that finds the profile by its external id and says
/// `subscribed` does not end it, `opted_in` does (docs/erasure.md, `TRK-13`).
#[tokio::test]
async fn an_opt_out_stands_where_the_email_is_not_in_the_object() {
    let (_server, caller) = server().await;
    let object = json!({"external_id": "ann", "email": "ann@example.com"});
    let mut out = object.clone();
    out["email_subscribe"] = json!("unsubscribed");
    put(&caller, out).await;
    delete(&caller, &json!({"external_ids": ["ann"]}), 1).await;
    put(&caller, object).await;
    assert_eq!(email_state(&caller, "ann").await, "unsubscribed");
    put(&caller, json!({"external_id": "ann", "email_subscribe": "subscribed"})).await;
    assert_eq!(email_state(&caller, "ann").await, "unsubscribed");
    caller.import("external_id,email_subscribe\nann,subscribed\n").await.unwrap();
    assert_eq!(email_state(&caller, "ann").await, "unsubscribed");
    // First the wish, then the address.
    put(&caller, json!({"external_id": "ben", "email_subscribe": "subscribed"})).await;
    put(&caller, json!({"external_id": "ben", "email": "Ann@example.com"})).await;
    assert_eq!(email_state(&caller, "ben").await, "unsubscribed");
    put(&caller, json!({"external_id": "ann", "email_subscribe": "opted_in"})).await;
    assert_eq!(email_state(&caller, "ben").await, "opted_in");
    put(&caller, json!({"external_id": "ann", "email_subscribe": "unsubscribed"})).await;
    put(&caller, json!({"external_id": "ann", "email_subscribe": "subscribed"})).await;
    assert_eq!(email_state(&caller, "ben").await, "subscribed");
}

/// An address that somebody else holds is theirs: its state stays, and so does its record.
#[tokio::test]
async fn an_address_of_two_keeps_its_state_for_the_other() {
    let (_server, caller) = server().await;
    for id in ["ann", "ben"] {
        put(&caller, json!({"external_id": id, "email": "both@example.com"})).await;
    }
    put(&caller, json!({"external_id": "ann", "email_subscribe": "opted_in"})).await;
    delete(&caller, &json!({"external_ids": ["ann"]}), 1).await;
    assert_eq!(email_state(&caller, "ben").await, "opted_in");
}

/// An upload that still waits when its person is erased creates again, as any later one does; its file goes with its
/// import.
#[tokio::test]
async fn an_upload_goes_with_its_import() {
    let (server, caller) = server().await;
    let import = caller.import("external_id\nann\n").await.unwrap();
    assert_eq!(import["status"], "Complete");
    let uploads = server.folder().join("data/uploads");
    testkit::eventually("the file is gone", 10, async || {
        (std::fs::read_dir(&uploads).ok()?.count() == 0).then_some(())
    })
    .await
    .unwrap();
}
