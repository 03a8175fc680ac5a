//! Ids of merged profiles (`MID`): where they still lead, and where they are unknown.

use super::*;

/// `m` merged into `k`; both as they were.
async fn merged(caller: &Caller) -> (Value, Value) {
    for id in ["k", "m"] {
        put(caller, json!({"external_id": id})).await;
    }
    let before = (user(caller, "k").await, user(caller, "m").await);
    merge_users(caller, "m", "k").await;
    before
}

/// MID: an export names a merged id as unknown and says who has it now; by `braze_id` it gives the survivor.
#[tokio::test]
async fn exports_tell_merged_ids() {
    let (_server, caller) = server().await;
    let (kept, removed) = merged(&caller).await;
    let survivor = json!({"external_id": "k", "braze_id": kept["braze_id"]});
    let answer = caller.post("/users/export/ids", &json!({"external_ids": ["m", "nobody"]})).await.unwrap();
    let expected = json!({
        "message": "success", "users": [], "invalid_user_ids": ["m", "nobody"],
        "merged_ids": [{"external_id": "m", "survivor": survivor}],
    });
    assert_eq!((answer.status, answer.json), (201, expected));
    let answer = caller.post("/users/export/ids", &json!({"braze_id": removed["braze_id"]})).await.unwrap();
    assert_eq!(answer.json["users"][0]["braze_id"], kept["braze_id"]);
    assert_eq!(answer.json["merged_ids"], json!([{"braze_id": removed["braze_id"], "survivor": survivor}]));
    assert!(answer.json.get("invalid_user_ids").is_none());
    // Chains lead to the last.
    put(&caller, json!({"external_id": "last"})).await;
    merge_users(&caller, "k", "last").await;
    let answer = caller.post("/users/export/ids", &json!({"external_ids": ["m", "k"]})).await.unwrap();
    let survivors: Vec<_> = answer.json["merged_ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| &id["survivor"]["external_id"])
        .collect();
    assert_eq!(survivors, ["last", "last"]);
}

/// MID: attributes, events, purchases and CSV rows that name a merged id apply to the survivor.
#[tokio::test]
async fn track_and_csv_follow_merged_ids() {
    let (_server, caller) = server().await;
    let (kept, removed) = merged(&caller).await;
    put(&caller, json!({"external_id": "m", "by_id": 1})).await;
    put(&caller, json!({"braze_id": removed["braze_id"], "by_braze_id": 1})).await;
    for name in
        [json!({"external_id": "m"}), json!({"braze_id": removed["braze_id"]}), json!({"external_id": "k"})]
    {
        let mut event = name.clone();
        event["name"] = json!("seen");
        occur(&caller, "events", event).await;
        let mut purchase = name;
        purchase["product_id"] = json!("p");
        purchase["price"] = json!(10);
        occur(&caller, "purchases", purchase).await;
    }
    let import = caller.import("external_id,by_csv\nk,0\nm,1\n").await.unwrap();
    let counts = ["rows_updated", "rows_created", "rows_warned"].map(|name| import[name].as_u64().unwrap());
    assert_eq!(counts, [2, 0, 1]);
    let report = format!("/imports/{}/report.csv", import["import_id"].as_str().unwrap());
    let report = caller.get(&report).await.unwrap().text;
    let told: Vec<_> = report.lines().skip(1).collect();
    assert!(told.len() == 1 && told[0].starts_with("3,warning,,via_merged_id"), "{report}");
    let user = user(&caller, "k").await;
    assert_eq!(user["braze_id"], kept["braze_id"]);
    assert_eq!(user["custom_attributes"], json!({"by_braze_id": 1, "by_csv": 1, "by_id": 1}));
    assert_eq!((&user["custom_events"][0]["count"], &user["purchases"][0]["count"]), (&json!(3), &json!(3)));
    assert_eq!(user["total_revenue"], 30);
    assert!(export(&caller, json!({"external_ids": ["m"]})).await.is_empty());
}

/// MID: merge, rename-from and alias/new do not know a merged id; so nothing done to the old id reaches the survivor.
#[tokio::test]
async fn identity_calls_do_not_know_merged_ids() {
    let (_server, caller) = server().await;
    merged(&caller).await;
    put(&caller, json!({"external_id": "x"})).await;
    let before = (user(&caller, "k").await, user(&caller, "x").await);
    for (from, to) in [("m", "x"), ("x", "m")] {
        let body = merge_body(&json!({"external_id": from}), &json!({"external_id": to}));
        assert_eq!(explained(&caller, "/users/merge", &body).await[0]["reason"], "not_found");
    }
    let body = json!({"user_aliases": [{"external_id": "m", "alias_label": "web", "alias_name": "w"}]});
    assert_eq!(explained(&caller, "/users/alias/new", &body).await[0]["reason"], "not_found");
    let body = json!({"external_id_renames": [{"current_external_id": "m", "new_external_id": "m2"}]});
    let answer = caller.post("/users/external_ids/rename", &body).await.unwrap();
    assert_eq!(answer.json["rename_errors"], json!([[0, "current_external_id was not found"]]));
    assert_eq!((user(&caller, "k").await, user(&caller, "x").await), before);
}

/// MID: identify, rename-to and remove release it; then it is an id like any other.
#[tokio::test]
async fn merged_ids_are_released_on_demand() {
    let (_server, caller) = server().await;
    for id in ["k", "m1", "m2", "m3", "x"] {
        put(&caller, json!({"external_id": id})).await;
    }
    for id in ["m1", "m2", "m3"] {
        merge_users(&caller, id, "k").await;
    }
    let survivor = user(&caller, "k").await["braze_id"].clone();
    put_anonymous(&caller, "web", "w", json!({})).await;
    assert_eq!(identify(&caller, &identify_alias("m1", "web", "w")).await.0, "identified");
    assert_eq!(user(&caller, "m1").await["user_aliases"], json!([alias("web", "w")]));
    let body = json!({"external_id_renames": [{"current_external_id": "x", "new_external_id": "m2"}]});
    let answer = caller.post("/users/external_ids/rename", &body).await.unwrap();
    assert_eq!(answer.json["external_ids"], json!(["m2"]));
    let answer = caller.post("/users/external_ids/remove", &json!({"external_ids": ["m3"]})).await.unwrap();
    assert_eq!(answer.json["removed_ids"], json!(["m3"]));
    put(&caller, json!({"external_id": "m3"})).await;
    for id in ["m1", "m2", "m3"] {
        assert_ne!(user(&caller, id).await["braze_id"], survivor, "{id}");
    }
    let path = format!("/users/{}/history", survivor.as_str().unwrap());
    let entries = caller.get(&path).await.unwrap().json["entries"].as_array().unwrap().clone();
    let released: Vec<_> = entries
        .iter()
        .filter(|entry| entry["kind"] == "merged_id_released")
        .map(|entry| &entry["external_id"])
        .collect();
    assert_eq!(released, ["m1", "m2", "m3"]);
}

/// MID, `merged_ids = forget`: a merged id is unknown to track, and a new user takes it.
#[tokio::test]
async fn forgotten_merged_ids_make_new_users() {
    let (server, caller) = server().await;
    let (kept, removed) = merged(&caller).await;
    set(&server, "merged_ids=forget", async || {
        let probe = json!({"attributes": [{"external_id": "m", "_update_existing_only": true, "probe": 1}]});
        caller.track(&json!({"attributes": [{"external_id": "k", "probe": null}]})).await.ok()?;
        caller.track(&probe).await.ok()?;
        user(&caller, "k").await.get("custom_attributes").is_none().then_some(())
    })
    .await;
    put(&caller, json!({"external_id": "m", "tier": "new"})).await;
    let made = user(&caller, "m").await;
    assert_ne!(made["braze_id"], kept["braze_id"]);
    assert_ne!(made["braze_id"], removed["braze_id"]);
    assert_eq!(user(&caller, "k").await.get("custom_attributes"), None);
}
