//! Erasure beside writes: the result is that of some order, and nobody who was erased comes back by himself.

use futures_util::future::{join, join_all};

use super::*;

const ROUNDS: usize = 100;

/// What is there afterwards was written after the erasure: the old profile is gone whole, never half.
#[tokio::test(flavor = "multi_thread")]
async fn track_beside_an_erasure_is_before_it_or_makes_a_stranger() {
    let (_server, caller) = server().await;
    for round in 0..ROUNDS {
        let id = format!("r{round}");
        put(&caller, json!({"external_id": id, "old": round, "email": format!("{id}@example.com")})).await;
        let before = user(&caller, &id).await["braze_id"].clone();
        let write = async |number: usize| {
            let event = json!({"external_id": id, "name": "e", "time": "2099-01-01T00:00:00Z"});
            let body =
                json!({"attributes": [{"external_id": id, format!("n{number}"): 1}], "events": [event]});
            let answer = caller.track(&body).await.unwrap();
            assert!(answer.json.get("errors").is_none(), "{}", answer.text);
        };
        let body = json!({"external_ids": [id]});
        join(join_all((0..4).map(write)), delete(&caller, &body, 1)).await;
        assert_eq!(found(&caller, json!({"braze_id": before})).await, 0, "round {round}");
        assert_eq!(found(&caller, json!({"email_address": format!("{id}@example.com")})).await, 0);
        let users = caller.export(json!({"external_ids": [id]})).await.unwrap();
        if let Some(user) = users.first() {
            let names = user["custom_attributes"].as_object().unwrap();
            assert!(names.keys().all(|name| name.starts_with('n')), "round {round}: {user}");
            // Attributes and event of one request are in one transaction.
            assert_eq!(user["custom_events"][0]["count"], names.len(), "round {round}: {user}");
        }
    }
}

/// A follow beside an erasure: from before it is dropped, from after it makes one fresh follower.
#[tokio::test(flavor = "multi_thread")]
async fn a_follow_beside_an_erasure_leaves_nobody_or_one_stranger() {
    let world = world().await;
    for round in 0..ROUNDS {
        let id = line_id(u32::try_from(100 + round).unwrap());
        world.webhook.event("follow", &id, LONG_AGO, &format!("a{round}")).await.unwrap();
        let before = world.profiles(&id).await.unwrap()[0]["braze_id"].clone();
        let later = round % 2 == 1;
        let at = if later { soon() + 60_000 } else { LONG_AGO + 5 };
        let event = format!("b{round}");
        let body = json!({"user_aliases": [line_alias(&id)]});
        let (followed, _) =
            join(world.webhook.event("follow", &id, at, &event), delete(&world.caller, &body, 1)).await;
        followed.unwrap();
        let profiles = world.profiles(&id).await.unwrap();
        assert!(profiles.iter().all(|profile| profile["braze_id"] != before), "round {round}");
        assert!(profiles.len() <= usize::from(later), "round {round}");
    }
}
