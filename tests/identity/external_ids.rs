//! `/users/external_ids/rename` and `/users/external_ids/remove` (`REN-*`, `REM-*`, `ID-17`).

use super::*;

async fn rename(caller: &Caller, pairs: &[(&str, &str)]) -> Answer {
    let pairs = pairs.iter().map(|(from, to)| json!({"current_external_id": from, "new_external_id": to}));
    let body = json!({"external_id_renames": pairs.collect::<Vec<_>>()});
    caller.post("/users/external_ids/rename", &body).await.unwrap()
}

async fn remove(caller: &Caller, ids: &[&str]) -> Answer {
    caller.post("/users/external_ids/remove", &json!({"external_ids": ids})).await.unwrap()
}

/// REN-1, REN-3, REN-4, REN-7, REN-8, ID-17: the new id is primary, the old one still leads there, by every door.
#[tokio::test]
async fn a_renamed_user_is_found_by_both_ids() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "old", "n": 1})).await;
    let before = user(&caller, "old").await;
    let answer = rename(&caller, &[("old", "new")]).await;
    let expected = json!({"message": "success", "external_ids": ["new"], "rename_errors": []});
    assert_eq!((answer.status, answer.json), (201, expected));
    let mut renamed = before.clone();
    renamed["external_id"] = json!("new");
    assert_eq!(user(&caller, "new").await, renamed);
    assert_eq!(user(&caller, "old").await, renamed);
    // Repeatable; deprecated ids pile up.
    rename(&caller, &[("new", "newest")]).await;
    for (number, id) in ["old", "new", "newest"].into_iter().enumerate() {
        put(&caller, json!({"external_id": id, id: true})).await;
        occur(&caller, "events", json!({"external_id": id, "name": "seen"})).await;
        let csv = format!("external_id,row\n{id},{number}\n");
        let import = caller.import(csv).await.unwrap();
        assert_eq!((&import["rows_updated"], &import["rows_created"]), (&json!(1), &json!(0)), "{import}");
        let shown = user(&caller, id).await;
        assert_eq!((&shown["external_id"], &shown["braze_id"]), (&json!("newest"), &before["braze_id"]));
        assert_eq!(shown["custom_events"][0]["count"], number + 1);
        assert_eq!(shown["custom_attributes"]["row"], number);
    }
    // Merge and identify by a deprecated id, too.
    put(&caller, json!({"external_id": "m"})).await;
    merge_users(&caller, "m", "old").await;
    put_anonymous(&caller, "web", "w", json!({})).await;
    assert_eq!(identify(&caller, &identify_alias("new", "web", "w")).await.0, "merged");
    assert_eq!(user(&caller, "newest").await["user_aliases"], json!([alias("web", "w")]));
}

/// REN-2, REN-4, REN-5, REN-8: errors name the index, each rename is independent.
#[tokio::test]
async fn renames_that_cannot_be_are_told_by_index() {
    let (_server, caller) = server().await;
    for id in ["a", "b", "c"] {
        put(&caller, json!({"external_id": id})).await;
    }
    rename(&caller, &[("b", "b2")]).await;
    let answer = rename(
        &caller,
        &[("a", "c"), ("a", "b"), ("b", "b3"), ("nobody", "x"), ("a", "a"), ("", "y"), ("a", "a2")],
    )
    .await;
    let expected = json!({
        "message": "success",
        "external_ids": ["a2"],
        "rename_errors": [
            [0, "new_external_id is already in use"],
            [1, "new_external_id is already in use"],
            [2, "current_external_id is deprecated; only a primary external_id can be renamed"],
            [3, "current_external_id was not found"],
            [4, "current_external_id and new_external_id must be different"],
            [5, "'current_external_id' must be a non-empty string"],
        ],
    });
    assert_eq!((answer.status, answer.json), (201, expected));
    assert_eq!(user(&caller, "a").await["external_id"], "a2");
    assert_eq!(user(&caller, "b").await["external_id"], "b2");
}

/// REM-1, REM-2, REM-3: only deprecated ids go; then they are free.
#[tokio::test]
async fn deprecated_ids_can_be_removed_and_primary_ones_not() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "a"})).await;
    rename(&caller, &[("a", "b")]).await;
    let answer = remove(&caller, &["b", "nobody", "a", "a", ""]).await;
    let expected = json!({
        "message": "success",
        "removed_ids": ["a"],
        "removal_errors": [
            [0, "external_id is not deprecated; a primary external_id cannot be removed"],
            [1, "external_id was not found"],
            [3, "external_id was not found"],
            [4, "'external_id' must be a non-empty string"],
        ],
    });
    assert_eq!((answer.status, answer.json), (201, expected));
    let answer = caller.post("/users/export/ids", &json!({"external_ids": ["a"]})).await.unwrap();
    assert_eq!((&answer.json["users"], &answer.json["invalid_user_ids"]), (&json!([]), &json!(["a"])));
    put(&caller, json!({"external_id": "a"})).await;
    assert_ne!(user(&caller, "a").await["braze_id"], user(&caller, "b").await["braze_id"]);
}

/// REN-3: a user may go back to an id of its own only after that was removed.
#[tokio::test]
async fn an_own_deprecated_id_is_in_use_until_it_is_removed() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "a"})).await;
    rename(&caller, &[("a", "b")]).await;
    let answer = rename(&caller, &[("b", "a")]).await;
    assert_eq!(answer.json["rename_errors"], json!([[0, "new_external_id is already in use"]]));
    remove(&caller, &["a"]).await;
    assert_eq!(rename(&caller, &[("b", "a")]).await.json["external_ids"], json!(["a"]));
    assert_eq!(user(&caller, "b").await["external_id"], "a");
}

/// Design section 6: `dry_run` everywhere: nothing is written, and the plan applies exactly that.
#[tokio::test]
async fn a_dry_run_renames_and_removes_nothing() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "a"})).await;
    let renames = json!({"external_id_renames": [
        {"current_external_id": "a", "new_external_id": "b"}, {"current_external_id": "x", "new_external_id": "y"},
    ]});
    let answer = caller.post("/users/external_ids/rename?dry_run=true", &renames).await.unwrap();
    assert_eq!((answer.status, &answer.json["external_ids"]), (200, &json!(["b"])));
    let outcomes = &answer.json["outcomes"];
    assert_eq!(outcomes[0]["result"], "changed");
    assert_eq!(
        (&outcomes[1]["result"], &outcomes[1]["reason"]),
        (&json!("nothing"), &json!("current_external_id was not found"))
    );
    assert!(export(&caller, json!({"external_ids": ["b"]})).await.is_empty());
    let plan = answer.json["plan"].as_str().unwrap();
    let planned = format!("/users/external_ids/rename?plan={plan}");
    assert_eq!(caller.post(&planned, &renames).await.unwrap().json["external_ids"], json!(["b"]));
    let again = caller.post(&planned, &renames).await.unwrap();
    assert_eq!((again.status, &again.json["code"]), (409, &json!("plan_stale")));
    let mut removal = json!({"external_ids": ["a"], "dry_run": true});
    let answer = caller.post("/users/external_ids/remove", &removal).await.unwrap();
    assert_eq!((answer.status, &answer.json["removed_ids"]), (200, &json!(["a"])));
    assert_eq!(user(&caller, "a").await["external_id"], "b");
    removal["dry_run"] = json!(false);
    assert_eq!(caller.post("/users/external_ids/remove", &removal).await.unwrap().status, 201);
    assert!(export(&caller, json!({"external_ids": ["a"]})).await.is_empty());
}
