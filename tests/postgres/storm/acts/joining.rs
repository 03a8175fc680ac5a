//! Identify, merge and undo.

use serde_json::{Value, json};
use testkit::alias;

use super::{Client, NOW};
use crate::storm::promise::Promise;

pub(super) fn identified(external_id: &str, label: &str, name: &str) -> Value {
    json!({"aliases_to_identify": [{"external_id": external_id, "user_alias": alias(label, name)}]})
}

pub(super) fn merged(from: &str, to: &str) -> Value {
    let update =
        json!({"identifier_to_merge": {"external_id": from}, "identifier_to_keep": {"external_id": to}});
    json!({"merge_updates": [update]})
}

/// Explained, on one server: the only outcome.
pub(super) async fn outcome(client: &Client, server: usize, path: &str, body: &Value) -> Value {
    let answer = client.stage.post(server, &format!("{path}?explain=true"), body).await;
    assert_eq!(answer.json["outcomes"].as_array().map(Vec::len), Some(1), "{}", answer.text);
    answer.json["outcomes"][0].clone()
}

/// Takes a merge apart; `false`: refused because of a later one.
pub(super) async fn undone(client: &Client, server: usize, merge: &str) -> bool {
    let answer = client.stage.tried(server, &format!("/users/merges/{merge}/undo"), &json!({})).await;
    assert!(answer.status == 200 || answer.json["code"] == "later_merge", "{}", answer.text);
    answer.status == 200
}

/// A visitor without an account turns out to be one with, or not after all; one known by email becomes a customer.
pub(super) async fn identify(client: &mut Client, turn: usize) {
    let (own, reader) = (client.own("known", turn), client.own("reader", turn));
    let email = format!("{reader}@example.com");
    let visitor = json!({"user_alias": alias("web", &own), "_update_existing_only": false, "tier": "new"});
    let body =
        json!({"attributes": [visitor, {"external_id": own, "n": turn}, {"email": email, "read": turn}]});
    client.stage.track(turn, &body).await;
    let done = outcome(client, turn + 1, "/users/identify", &identified(&own, "web", &own)).await;
    assert_eq!(done["result"], "merged", "{done}");
    let by_email = json!({"external_id": reader, "email": email, "prioritization": ["unidentified"]});
    let body = json!({"emails_to_identify": [by_email]});
    let read = outcome(client, turn, "/users/identify", &body).await;
    assert_eq!(read["result"], "identified", "{read}");
    let shows = json!({"email": email, "custom_attributes": {"read": turn}});
    client.promise(Promise::user(&reader, shows));
    if turn.is_multiple_of(3) {
        assert!(undone(client, turn, done["merge_id"].as_str().unwrap()).await);
        let visitor = json!({"external_id": null, "custom_attributes": {"tier": "new", "n": null}});
        client.promise(Promise::alias("web", &own, visitor));
        client.promise(Promise::user(&own, json!({"custom_attributes": {"n": turn, "tier": null}})));
    } else {
        let both = json!({"external_id": own, "custom_attributes": {"tier": "new", "n": turn}});
        client.promise(Promise::alias("web", &own, both));
    }
}

/// A merge beside writes to both sides: nothing is lost, and the undo gives each side its own.
pub(super) async fn merge_own(client: &mut Client, turn: usize) {
    let ids = [client.own("k", turn), client.own("m", turn)];
    let objects = [0, 1].map(|side| json!({"external_id": ids[side], "points": 0}));
    client.stage.track(turn, &json!({"attributes": objects})).await;
    let write = async |side: usize, number: usize| {
        let name = format!("{}{number}", ["k", "m"][side]);
        let object = json!({"external_id": ids[side], "points": {"inc": 1}, name: number});
        let event = json!({"external_id": ids[side], "name": "e", "time": NOW});
        client.stage.track(turn + number, &json!({"attributes": [object], "events": [event]})).await;
    };
    let body = merged(&ids[1], &ids[0]);
    let (done, ..) = tokio::join!(
        outcome(client, turn, "/users/merge", &body),
        write(0, 0),
        write(1, 0),
        write(0, 1),
        write(1, 1),
    );
    assert_eq!(done["result"], "merged", "{done}");
    let side = |name: &str| {
        let attributes = json!({"points": 2, format!("{name}0"): 0, format!("{name}1"): 1});
        json!({"custom_attributes": attributes, "custom_events": [{"count": 2}]})
    };
    if turn.is_multiple_of(2) {
        assert!(undone(client, turn + 1, done["merge_id"].as_str().unwrap()).await);
        client.promise(Promise::user(&ids[0], side("k")));
        client.promise(Promise::user(&ids[1], side("m")));
    } else {
        let all = json!({"k0": 0, "k1": 1, "m0": 0, "m1": 1});
        let shows = json!({"custom_attributes": all, "custom_events": [{"count": 4}]});
        client.promise(Promise::user(&ids[0], shows));
        client.promise(Promise::no_user(&ids[1]));
    }
}

/// Takes the last merge of shared customers apart that it made, then makes another.
pub(super) async fn merge_shared(client: &mut Client, turn: usize) {
    if let Some(merge) = client.merges.pop()
        && !undone(client, turn, &merge).await
    {
        client.merges.push(merge);
    }
    let [from, to] = client.shared(turn);
    let done = outcome(client, turn + 1, "/users/merge", &merged(&from, &to)).await;
    if done["result"] == "merged" {
        client.merges.push(done["merge_id"].as_str().unwrap().to_owned());
    } else {
        // One of them is part of another already, or nobody yet.
        assert_eq!(done["result"], "nothing", "{done}");
    }
}
