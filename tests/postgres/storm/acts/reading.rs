//! Look-ups, lists, exports and histories while all the others write.

use serde_json::json;

use super::{Client, FAMILY, line::pool};

pub(super) async fn look_around(client: &mut Client, turn: usize) {
    let stage = &client.stage;
    for path in [
        "/users/duplicates?by=email&limit=20",
        "/users/duplicates/parked",
        "/subscription/groups",
        "/suppressions",
        "/line/channels",
        "/custom_attributes",
        "/events",
        "/purchases/product_list",
        "/metrics",
        "/readyz",
    ] {
        stage.get(turn, path).await;
    }
    stage.get(turn, &format!("/subscription/user/status?email={FAMILY}&limit=5")).await;
    for user in pool() {
        let found = stage.get(turn + 1, &format!("/line/users/{user}")).await;
        assert!(!found.json["profiles"].as_array().unwrap().is_empty(), "{}", found.text);
    }
    for user in stage.export(turn, &json!({"email_address": FAMILY})).await {
        let id = user["braze_id"].as_str().unwrap();
        stage.get(turn, &format!("/users/{id}/history")).await;
        stage.get(turn + 1, &format!("/users/{id}/everything")).await;
    }
}
