//! Erasure and merges: predecessors go with the survivor, merged ids never lead to an erasure, merges end.

use super::*;

async fn two(caller: &Caller) -> [Value; 2] {
    for id in ["new", "old"] {
        put(caller, json!({"external_id": id, id: 1, "email": format!("{id}@example.com")})).await;
    }
    [user(caller, "new").await, user(caller, "old").await]
}

/// MID: an integration that merges and then deletes the old id, as with Braze, never erases the survivor.
#[tokio::test]
async fn merge_then_delete_of_the_old_id_leaves_the_survivor_untouched() {
    let (_server, caller) = server().await;
    let [_, old] = two(&caller).await;
    merge(&caller, "old", "new").await;
    let before = user(&caller, "new").await;
    for body in [json!({"external_ids": ["old"]}), json!({"braze_ids": [old["braze_id"]]})] {
        delete(&caller, &body, 0).await;
        let outcome = outcome(&caller, "/users/delete", &body).await;
        assert_eq!((&outcome["result"], &outcome["reason"]), (&json!("nothing"), &json!("not_found")));
    }
    assert_eq!(user(&caller, "new").await, before);
}

/// DEL-5: a deprecated id, unlike a merged one, names the whole profile.
#[tokio::test]
async fn a_deprecated_id_erases_the_whole_profile() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "old"})).await;
    let renames = json!([{"current_external_id": "old", "new_external_id": "new"}]);
    caller.post("/users/external_ids/rename", &json!({"external_id_renames": renames})).await.unwrap();
    delete(&caller, &json!({"external_ids": ["old"]}), 1).await;
    assert_eq!(found(&caller, json!({"external_ids": ["old", "new"]})).await, 0);
}

/// The dry run lists who goes along, writes nothing, and its plan holds until something moves.
#[tokio::test]
async fn a_dry_run_lists_the_merged_predecessors() {
    let (_server, caller) = server().await;
    let [new, old] = two(&caller).await;
    put(&caller, json!({"external_id": "last"})).await;
    let last = user(&caller, "last").await;
    merge(&caller, "old", "new").await;
    merge(&caller, "new", "last").await;
    let body = json!({"external_ids": ["last"]});
    let before = user(&caller, "last").await;
    let dry = caller.post("/users/delete?dry_run=true", &body).await.unwrap();
    assert_eq!((dry.status, &dry.json["deleted"]), (200, &json!(1)), "{}", dry.text);
    let told = &dry.json["outcomes"][0];
    assert_eq!(told["removed"], last["braze_id"]);
    let mut predecessors: Vec<_> = told["predecessors"].as_array().unwrap().clone();
    predecessors.sort_by_key(Value::to_string);
    let mut expected = vec![new["braze_id"].clone(), old["braze_id"].clone()];
    expected.sort_by_key(Value::to_string);
    assert_eq!(predecessors, expected);
    assert_eq!(user(&caller, "last").await, before);
    let plan = dry.json["plan"].as_str().unwrap();
    let path = format!("/users/delete?plan={plan}");
    put(&caller, json!({"external_id": "old", "moved": true})).await;
    let stale = caller.post(&path, &body).await.unwrap();
    assert_eq!((stale.status, &stale.json["code"]), (409, &json!("plan_stale")));
    let dry = caller.post("/users/delete?dry_run=true", &body).await.unwrap();
    let path = format!("/users/delete?plan={}", dry.json["plan"].as_str().unwrap());
    assert_eq!(caller.post(&path, &body).await.unwrap().json["deleted"], 1);
    for id in ["last", "new", "old"] {
        assert_eq!(found(&caller, json!({"external_ids": [id]})).await, 0);
    }
}

/// With the survivor go its predecessors: their ids lead nowhere, their events are gone, the merge is 409 `erased`.
#[tokio::test]
async fn a_merge_whose_survivor_was_erased_cannot_be_undone() {
    let (_server, caller) = server().await;
    let [_, old] = two(&caller).await;
    let merge_id = merge(&caller, "old", "new").await;
    delete(&caller, &json!({"external_ids": ["new"]}), 1).await;
    let answer = undo(&caller, &merge_id).await;
    assert_eq!((answer.status, &answer.json["code"]), (409, &json!("erased")), "{}", answer.text);
    let answer = caller.post("/users/export/ids", &json!({"external_ids": ["old"]})).await.unwrap();
    assert!(answer.json.get("merged_ids").is_none(), "{}", answer.text);
    assert_eq!(found(&caller, json!({"braze_id": old["braze_id"]})).await, 0);
    assert_eq!(found(&caller, json!({"email_address": "old@example.com"})).await, 0);
    // The old id is free for a stranger.
    put(&caller, json!({"external_id": "old"})).await;
    assert_ne!(user(&caller, "old").await["braze_id"], old["braze_id"]);
}

/// An opt-out of an address that a merge dropped survives the survivor.
#[tokio::test]
async fn opt_outs_of_predecessors_survive_too() {
    let (_server, caller) = server().await;
    two(&caller).await;
    put(&caller, json!({"external_id": "old", "email_subscribe": "unsubscribed"})).await;
    merge(&caller, "old", "new").await;
    delete(&caller, &json!({"external_ids": ["new"]}), 1).await;
    put(&caller, json!({"external_id": "later", "email": "old@example.com"})).await;
    assert_eq!(user(&caller, "later").await["email_subscribe"], "unsubscribed");
}
