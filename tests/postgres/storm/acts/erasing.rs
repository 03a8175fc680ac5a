//! Erasure beside writes of others: who was erased never comes back by himself.

use serde_json::{Value, json};
use testkit::alias;

use super::{Client, NOW};
use crate::storm::promise::Promise;
use crate::storm::witness::Prey;

/// The label of the aliases that others give.
pub(crate) const HUNTERS: &str = "hunter";

/// Makes somebody for others to write to, and erases the one it made before; then somebody whom a write may bring back,
/// as a stranger.
pub(super) async fn breed_and_erase(client: &mut Client, turn: usize) {
    let external_id = client.own("prey", turn);
    let email = format!("{external_id}@example.com");
    let stage = client.stage.clone();
    let object = json!({"external_id": external_id, "email": email, "old": true});
    stage.track(turn, &json!({"attributes": [object]})).await;
    let new = json!({"external_id": external_id, "alias_label": "crm", "alias_name": external_id});
    stage.post(turn, "/users/alias/new", &json!({"user_aliases": [new]})).await;
    let users = stage.export(turn + 1, &json!({"external_ids": [external_id]})).await;
    let braze_id = users[0]["braze_id"].as_str().unwrap().to_owned();
    let prey = Prey { external_id, email, braze_id };
    client.witness.expose(prey.clone());
    client.prey.insert(0, prey);
    if let Some(old) = (client.prey.len() > 1).then(|| client.prey.pop()).flatten() {
        let body = match turn % 3 {
            0 => json!({"external_ids": [old.external_id]}),
            1 => json!({"user_aliases": [alias("crm", &old.external_id)]}),
            _ => json!({"braze_ids": [old.braze_id]}),
        };
        erase(client, turn, &body).await;
        client.promise(Promise::no_user(&old.external_id));
        client.promise(Promise::Nobody { by: json!({"email_address": old.email}) });
        client.witness.erased(old);
    }
    replace(client, turn).await;
}

async fn erase(client: &Client, server: usize, body: &Value) {
    let answer = client.stage.post(server, "/users/delete", body).await;
    assert_eq!(answer.json["deleted"], 1, "{body}: {}", answer.text);
}

/// An erasure beside a write that may make its user: what is there afterwards is a stranger, whole.
async fn replace(client: &mut Client, turn: usize) {
    let id = client.own("replaced", turn);
    let stage = &client.stage;
    stage.track(turn, &json!({"attributes": [{"external_id": id, "old": true}]})).await;
    let before = stage.export(turn, &json!({"external_ids": [id]})).await[0]["braze_id"].clone();
    let object = json!({"external_id": id, "new": {"inc": 1}});
    let body = json!({"attributes": [object]});
    let gone = json!({"external_ids": [id]});
    tokio::join!(erase(client, turn, &gone), stage.track(turn + 1, &body), stage.track(turn, &body));
    let users = stage.export(turn + 1, &json!({"external_ids": [id]})).await;
    let now = users.first().map(|user| user["custom_attributes"].clone());
    if let Some(attributes) = &now {
        assert!(attributes["old"].is_null() && attributes["new"].is_u64(), "{users:?}");
    }
    client.promise(Promise::Nobody { by: json!({"braze_id": before}) });
    client.promise(match now {
        Some(attributes) => Promise::user(&id, json!({"custom_attributes": attributes})),
        None => Promise::no_user(&id),
    });
}

/// Writes to those whom others erase, by every identifier, in ways that make nobody.
pub(super) async fn hunt(client: &mut Client, turn: usize) {
    let stage = &client.stage;
    for (place, prey) in client.witness.some_prey(6).into_iter().enumerate() {
        let server = turn + place;
        let known =
            |name: &str, value: Value| json!({name: value, "_update_existing_only": true, "h": {"inc": 1}});
        let mut event = known("external_id", json!(prey.external_id));
        event["name"] = json!("hunted");
        event["time"] = json!(NOW);
        event.as_object_mut().unwrap().remove("h");
        let mut tea = event.clone();
        tea.as_object_mut().unwrap().remove("name");
        tea.as_object_mut().unwrap().extend([
            ("product_id".to_owned(), json!("tea")),
            ("currency".to_owned(), json!("JPY")),
            ("price".to_owned(), json!(1)),
        ]);
        let objects = [
            known("external_id", json!(prey.external_id)),
            known("user_alias", alias("crm", &prey.external_id)),
            known("braze_id", json!(prey.braze_id)),
            known("email", json!(prey.email)),
        ];
        stage.track(server, &json!({"attributes": objects, "events": [event], "purchases": [tea]})).await;
        let name = format!("{}-{}", prey.external_id, client.number);
        let new = json!({"external_id": prey.external_id, "alias_label": HUNTERS, "alias_name": name});
        stage.post(server + 1, "/users/alias/new", &json!({"user_aliases": [new]})).await;
        let state = json!({
            "subscription_group_id": stage.news, "subscription_state": "subscribed",
            "external_id": [prey.external_id],
        });
        stage.post(server, "/subscription/status/set", &state).await;
    }
}
