//! What others keep of the erased: nothing but that something was there.

use super::*;

/// Journal entries and images of others that name the erased are emptied; such merges become 409 `erased`.
#[tokio::test]
async fn journals_of_others_forget_the_erased() {
    let (_server, caller) = server().await;
    for id in ["ann", "ben"] {
        put(&caller, json!({"external_id": id, id: 1})).await;
    }
    let (ann, ben) = (user(&caller, "ann").await, user(&caller, "ben").await);
    let merge_id = merge(&caller, "ann", "ben").await;
    assert_eq!(undo(&caller, &merge_id).await.status, 200);
    delete(&caller, &json!({"external_ids": ["ann"]}), 1).await;
    assert_eq!(user(&caller, "ben").await, ben);
    let entries = history(&caller, &ben["braze_id"]).await;
    let kinds: Vec<_> = entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["created", "merged", "undone"]);
    for entry in &entries[1..] {
        assert_eq!((&entry["erased"], entry.get("other_braze_id")), (&json!(true), None), "{entry}");
        assert!(entry.get("merge_id").is_none() && !entry.to_string().contains("ann"), "{entry}");
    }
    assert!(!entries.iter().any(|entry| entry.to_string().contains(ann["braze_id"].as_str().unwrap())));
    let answer = undo(&caller, &merge_id).await;
    assert_eq!((answer.status, &answer.json["code"]), (409, &json!("erased")));
}

/// A LINE ID that somebody had before its follower was kept apart: the journal of that other forgets it too.
#[tokio::test]
async fn a_line_id_that_moved_on_is_forgotten_where_it_was_before() {
    let world = world().await;
    let (id, next) = (line_id(1), line_id(2));
    put(&world.caller, json!({"external_id": "ann"})).await;
    put(&world.caller, json!({"external_id": "ann", "native_line_id": id})).await;
    world.webhook.event("follow", &id, LONG_AGO, "e1").await.unwrap();
    put(&world.caller, json!({"external_id": "ann", "native_line_id": next})).await;
    let ann = user(&world.caller, "ann").await["braze_id"].clone();
    let told = async || serde_json::to_string(&history(&world.caller, &ann).await).unwrap();
    assert!(told().await.contains(&id));
    // The follower that was kept apart is erased.
    delete(&world.caller, &json!({"user_aliases": [line_alias(&id)]}), 1).await;
    let after = told().await;
    assert!(!after.contains(&id), "{after}");
    assert_eq!(user(&world.caller, "ann").await["native_line_id"], json!(next));
}

/// DEL-2: an address that leads to several is left alone, unless a priority singles one out.
#[tokio::test]
async fn an_address_of_several_erases_nobody_without_a_priority() {
    let (_server, caller) = server().await;
    for id in ["ann", "ben"] {
        put(&caller, json!({"external_id": id, "email": "both@example.com"})).await;
    }
    delete(&caller, &json!({"email_addresses": ["both@example.com"]}), 0).await;
    let one = json!({"email": "both@example.com", "prioritization": ["identified", "most_recently_updated"]});
    delete(&caller, &json!({"email_addresses": [one]}), 1).await;
    assert_eq!(found(&caller, json!({"email_address": "both@example.com"})).await, 1);
    delete(&caller, &json!({"email_addresses": ["both@example.com"]}), 1).await;
}
