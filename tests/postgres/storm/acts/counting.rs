//! Counting up: no acknowledged count is lost, and none is counted twice.

use serde_json::{Value, json};

use super::{Client, FAMILY, NOW, round};
use crate::storm::promise::Promise;

/// Attributes of a shared customer that count up by one. Each customer has a counter of its own name, so that a merge
/// keeps both, and an undo gives each side its own.
fn counted(id: &str) -> Value {
    json!({"external_id": id, format!("points_{id}"): {"inc": 1}, "email": FAMILY})
}

/// Attributes, an event and a purchase of two customers in one request.
pub(super) async fn count(client: &mut Client, turn: usize) {
    let [one, other] = client.shared(turn);
    let visit = json!({"external_id": one, "name": format!("visit_{one}"), "time": NOW});
    let mut tea = json!({"external_id": other, "product_id": format!("tea_{other}"), "time": NOW});
    tea["currency"] = json!("JPY");
    tea["price"] = json!(500);
    let body = json!({"attributes": [counted(&one), counted(&other)], "events": [visit], "purchases": [tea]});
    client.stage.track(turn, &body).await;
    for id in [&one, &other] {
        client.witness.count(&format!("points_{id}"));
    }
    client.witness.count(&format!("visit_{one}"));
    client.witness.count(&format!("tea_{other}"));
}

/// One request with an `Idempotency-Key`, three times at once: it counts once, and all get its answer.
pub(super) async fn count_once(client: &mut Client, turn: usize) {
    let [id, _] = client.shared(turn);
    let visit = json!({"external_id": id, "name": format!("visit_{id}"), "time": NOW});
    let body = json!({"attributes": [counted(&id)], "events": [visit]});
    let key = client.own("key", turn);
    let send = |server: usize| client.stage.keyed(server, "/users/track", &key, &body);
    let (first, second, third) = tokio::join!(send(turn), send(turn + 1), send(turn));
    assert_eq!((&first.text, &first.text), (&second.text, &third.text));
    for what in ["points", "visit"] {
        client.witness.count(&format!("{what}_{id}"));
    }
}

/// People whom nobody knows yet, by their address alone, from all sides at once: each is one person.
pub(super) async fn meet(client: &mut Client, turn: usize) {
    let email = format!("met-{}@example.com", round(turn));
    let phone = format!("+81905{:07}", round(turn));
    let body = json!({"attributes": [
        {"email": email, "met": {"inc": 1}},
        {"phone": phone, "met": {"inc": 1}},
    ]});
    tokio::join!(client.stage.track(turn, &body), client.stage.track(turn + 1, &body));
    for _ in 0..2 {
        client.witness.count(&format!("met {email}"));
        client.witness.count(&format!("met {phone}"));
    }
}

/// `/users/track/bulk`, then `/users/track/sync`, which tells what it made.
pub(super) async fn count_in_bulk(client: &mut Client, turn: usize) {
    let [id, _] = client.shared(turn);
    let own = client.own("bulk", turn);
    let mut objects: Vec<_> =
        (0..20).map(|number| json!({"external_id": format!("{own}-{number}"), "n": number})).collect();
    objects.push(counted(&id));
    let answer = client.stage.post(turn, "/users/track/bulk", &json!({"attributes": objects})).await;
    assert_eq!(answer.json["attributes_processed"], objects.len(), "{}", answer.text);
    let body = json!({"attributes": [counted(&id)]});
    let answer = client.stage.post(turn + 1, "/users/track/sync", &body).await;
    let name = format!("points_{id}");
    let told = answer.json["users"][0]["custom_attributes"][&name].as_u64().unwrap();
    assert!(told >= 2, "{}", answer.text);
    for _ in 0..2 {
        client.witness.count(&name);
    }
    let shows = json!({"custom_attributes": {"n": 7}});
    client.promise(Promise::user(&format!("{own}-7"), shows));
}
