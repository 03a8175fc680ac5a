//! LINE: events from all sides, delivered once, twice and late; followers who become customers, are merged, are erased.

use serde_json::{Value, json};
use testkit::{Event, alias, line_id};

use super::Client;
use super::joining::{identified, merged, outcome, undone};
use crate::storm::promise::Promise;
use crate::storm::stage::Stage;
use crate::storm::witness::Witness;

/// Followers of whom everybody has news.
const POOL: u32 = 12;

/// LINE IDs of these followers.
pub(crate) fn pool() -> impl Iterator<Item = String> {
    (0..POOL).map(line_id)
}

fn event(witness: &Witness, kind: &'static str, user: &str) -> Event {
    let at = witness.tick();
    Event { kind, user: user.to_owned(), at, id: format!("event-{at:020}") }
}

/// All of them follow.
pub(super) async fn fill_pool(stage: &Stage, witness: &Witness) {
    for user in pool() {
        let follow = event(witness, "follow", &user);
        stage.deliver(0, &[follow.json()]).await;
        witness.befriended(&user, follow.at, "subscribed");
        stage.follower(0, &user).await;
    }
}

/// News of some followers, the newest first, to both servers at once; and what it delivered last time, again. One of
/// them gives a customer of ours the LINE ID of a follower.
pub(super) async fn chatter(client: &mut Client, turn: usize) {
    let kinds = [("follow", "subscribed"), ("unfollow", "unsubscribed"), ("message", "")];
    let mut events = Vec::new();
    for place in 0..4 {
        let user = line_id(u32::try_from((client.number * 5 + turn + place * 3) % POOL as usize).unwrap());
        let (kind, state) = kinds[(client.number + turn * 2 + place * 5) % 3];
        events.push((event(&client.witness, kind, &user), state));
    }
    events.reverse();
    let bodies: Vec<Value> = events.iter().map(|(event, _)| event.json()).collect();
    let stage = client.stage.clone();
    tokio::join!(
        stage.deliver(turn, &bodies),
        stage.deliver(turn + 1, &bodies),
        stage.deliver(turn, &client.delivered),
    );
    for (event, state) in events.iter().filter(|(_, state)| !state.is_empty()) {
        client.witness.befriended(&event.user, event.at, state);
    }
    client.delivered = bodies;
    if turn.is_multiple_of(3) {
        let (own, user) = (client.own("owner", turn), &events[0].0.user);
        stage.track(turn, &json!({"attributes": [{"external_id": own, "native_line_id": user}]})).await;
        client.witness.owns(user, own);
    }
}

/// A follower of this client's own, numbered by turn.
fn own_line_id(client: &Client, turn: usize, which: usize) -> String {
    line_id(u32::try_from((client.number + 1) * 10_000_000 + turn * 3 + which).unwrap())
}

/// What a look-up of a LINE ID tells: its state, and who holds it.
fn told(user: &str, state: &str, profiles: Value) -> Promise {
    let shows = json!({"channels": [{"state": state}], "profiles": profiles});
    Promise::Told { path: format!("/line/users/{user}"), status: 200, shows }
}

/// Two followers become customers, who then turn out to be one; a third is erased, and stays so when LINE delivers again.
pub(super) async fn befriend(client: &mut Client, turn: usize) {
    let users = [0, 1, 2].map(|which| own_line_id(client, turn, which));
    let stage = client.stage.clone();
    let follows = users.clone().map(|user| event(&client.witness, "follow", &user).json());
    tokio::join!(stage.deliver(turn, &follows), stage.deliver(turn + 1, &follows));
    let ids = [client.own("friend", turn), client.own("second", turn)];
    if turn.is_multiple_of(2) {
        stage.track(turn, &json!({"attributes": [{"external_id": ids[0], "n": turn}]})).await;
    }
    for (id, user) in ids.iter().zip(&users) {
        assert_eq!(stage.follower(turn, user).await.len(), 1);
        let body = identified(id, "line_id", user);
        let message = [event(&client.witness, "message", user).json()];
        let (done, ()) =
            tokio::join!(outcome(client, turn, "/users/identify", &body), stage.deliver(turn + 1, &message),);
        assert!(done["result"] == "merged" || done["result"] == "identified", "{done}");
    }
    let done = outcome(client, turn + 1, "/users/merge", &merged(&ids[1], &ids[0])).await;
    assert_eq!((&done["result"], &done["reason"]), (&json!("merged"), &json!("line_follower_kept_apart")));
    let second = if turn.is_multiple_of(3) {
        assert!(undone(client, turn, done["merge_id"].as_str().unwrap()).await);
        json!([{"external_id": ids[1]}])
    } else {
        json!([{"external_id": null}])
    };
    let unfollow = event(&client.witness, "unfollow", &users[0]).json();
    stage.deliver(turn, &[unfollow, follows[0].clone()]).await;
    client.promise(told(&users[1], "subscribed", second));
    stage.follower(turn, &users[2]).await;
    let gone = json!({"user_aliases": [alias("line_id", &users[2])]});
    let answer = stage.post(turn, "/users/delete", &gone).await;
    assert_eq!(answer.json["deleted"], 1, "{}", answer.text);
    let late = [follows[2].clone(), event(&client.witness, "message", &users[2]).json()];
    tokio::join!(stage.deliver(turn, &late), stage.deliver(turn + 1, &late));
    let path = format!("/line/users/{}", users[2]);
    client.promise(Promise::Told { path, status: 404, shows: json!({}) });
    let customer = json!([{"external_id": ids[0], "native_line_id": users[0]}]);
    // The event may still wait in the inbox.
    testkit::eventually("the unfollow is applied", 60, async || {
        let answer = stage.get(turn, &format!("/line/users/{}", users[0])).await;
        (answer.json["channels"][0]["state"] == "unsubscribed").then_some(())
    })
    .await
    .unwrap();
    client.promise(told(&users[0], "unsubscribed", customer));
}
