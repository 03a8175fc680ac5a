//! Aliases and external ids: what two want at once, one of them gets.

use serde_json::{Value, json};
use testkit::Answer;

use super::{Client, round};
use crate::storm::promise::Promise;

fn new_alias(external_id: &str, label: &str, name: &str) -> Value {
    json!({"user_aliases": [{"external_id": external_id, "alias_label": label, "alias_name": name}]})
}

/// Whether an explained request changed something; if not, because somebody else has the alias.
fn got(answer: &Answer) -> bool {
    let outcome = &answer.json["outcomes"][0];
    assert!(outcome["reason"].is_null() || outcome["reason"] == "alias_taken", "{}", answer.text);
    outcome["reason"].is_null()
}

/// Gives an alias and renames it; two customers are given the same alias at once; everybody wants the one of the round.
pub(super) async fn name(client: &mut Client, turn: usize) {
    let (one, other) = (client.own("named", turn), client.own("rival", turn));
    let stage = &client.stage;
    stage.track(turn, &json!({"attributes": [{"external_id": one}, {"external_id": other}]})).await;
    stage.post(turn, "/users/alias/new", &new_alias(&one, "crm", &one)).await;
    let after = format!("{one}-after");
    let update = json!({"alias_label": "crm", "old_alias_name": one, "new_alias_name": after});
    stage.post(turn + 1, "/users/alias/update", &json!({"alias_updates": [update]})).await;
    let path = "/users/alias/new?explain=true";
    let bodies = [&one, &other].map(|id| new_alias(id, "race", &one));
    let (first, second) =
        tokio::join!(stage.post(turn, path, &bodies[0]), stage.post(turn + 1, path, &bodies[1]));
    let won = [got(&first), got(&second)];
    assert_ne!(won[0], won[1], "{} {}", first.text, second.text);
    let winner = if won[0] { &one } else { &other }.clone();
    let prize = format!("round-{}", round(turn));
    let answer = stage.post(turn, path, &new_alias(&one, "round", &prize)).await;
    client.witness.won(&prize, got(&answer).then(|| one.clone()));
    client.promise(Promise::alias("crm", &after, json!({"external_id": one})));
    client.promise(Promise::no_alias("crm", &one));
    client.promise(Promise::alias("race", &one, json!({"external_id": winner})));
}

/// Two customers are renamed to the same id at once: one is; its old id is removed.
pub(super) async fn rename(client: &mut Client, turn: usize) {
    let ids = [client.own("before", turn), client.own("beside", turn)];
    let prize = client.own("renamed", turn);
    let stage = &client.stage;
    let objects = [0, 1].map(|side| json!({"external_id": ids[side], "side": side}));
    stage.track(turn, &json!({"attributes": objects})).await;
    let bodies = ids
        .each_ref()
        .map(|id| json!({"external_id_renames": [{"current_external_id": id, "new_external_id": prize}]}));
    let (first, second) = tokio::join!(
        stage.post(turn, "/users/external_ids/rename", &bodies[0]),
        stage.post(turn + 1, "/users/external_ids/rename", &bodies[1]),
    );
    let won = [&first, &second].map(|answer| answer.json["external_ids"] == json!([prize]));
    assert_ne!(won[0], won[1], "{} {}", first.text, second.text);
    let (winner, loser, refused) = if won[0] { (0, 1, second) } else { (1, 0, first) };
    assert_eq!(
        refused.json["rename_errors"],
        json!([[0, "new_external_id is already in use"]]),
        "{}",
        refused.text
    );
    let gone = json!({"external_ids": [ids[winner]]});
    let answer = stage.post(turn + 1, "/users/external_ids/remove", &gone).await;
    assert_eq!(answer.json["removed_ids"], json!([ids[winner]]), "{}", answer.text);
    let side = |side: usize| json!({"custom_attributes": {"side": side}});
    client.promise(Promise::user(&prize, side(winner)));
    client.promise(Promise::user(&ids[loser], side(loser)));
    client.promise(Promise::no_user(&ids[winner]));
}
