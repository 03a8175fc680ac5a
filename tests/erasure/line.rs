//! LINE and the erased: late news is dropped, new contact is a stranger, a sync makes nobody.

use line_simulator::verbs::FollowersSpec;

use super::*;

async fn erase(world: &World, id: &str) {
    delete(&world.caller, &json!({"user_aliases": [line_alias(id)]}), 1).await;
    assert_eq!(world.state(id).await.unwrap(), None, "nobody, and no friendship");
}

/// How many events the inbox dropped because they are about somebody erased.
async fn dropped(world: &World) -> u64 {
    let (_, told, _) = world.server.command(&["doctor", "--json"]).await.unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    told["counts"]["line_events_dropped"].as_u64().unwrap()
}

/// An event from before the erasure is dropped and counted, redelivered or not; a later unfollow makes nobody.
#[tokio::test]
async fn events_from_before_the_erasure_are_dropped_and_counted() {
    let world = world().await;
    let id = line_id(1);
    world.webhook.event("follow", &id, LONG_AGO, "e1").await.unwrap();
    erase(&world, &id).await;
    assert_eq!(dropped(&world).await, 0);
    for (number, kind) in ["follow", "message", "postback", "unfollow"].into_iter().enumerate() {
        world.webhook.event(kind, &id, LONG_AGO + 5, &format!("late{number}")).await.unwrap();
    }
    // The very event that made the profile, once more.
    world.webhook.event("follow", &id, LONG_AGO, "e1").await.unwrap();
    world.webhook.event("unfollow", &id, soon(), "gone").await.unwrap();
    assert_eq!(world.state(&id).await.unwrap(), None);
    assert_eq!(found(&world.caller, json!({"native_line_ids": [id]})).await, 0);
    assert_eq!(dropped(&world).await, 5);
}

/// A later follow, message or postback is new contact: a fresh profile, subscribed only by a follow.
#[tokio::test]
async fn later_contact_makes_a_fresh_profile() {
    let world = world().await;
    for (number, (kind, state)) in
        [("follow", "subscribed"), ("message", "unsubscribed"), ("postback", "unsubscribed")]
            .into_iter()
            .enumerate()
    {
        let id = line_id(10 + u32::try_from(number).unwrap());
        world.webhook.event("follow", &id, LONG_AGO, &format!("f{number}")).await.unwrap();
        let before = world.profiles(&id).await.unwrap()[0]["braze_id"].clone();
        erase(&world, &id).await;
        world.webhook.event(kind, &id, soon(), &format!("n{number}")).await.unwrap();
        let profiles = world.profiles(&id).await.unwrap();
        assert_eq!(profiles.len(), 1, "{kind}");
        assert_ne!(profiles[0]["braze_id"], before);
        assert_eq!(profiles[0]["user_aliases"], json!([line_alias(&id)]));
        assert_eq!(profiles[0]["line"][0]["state"], state, "{kind}");
        // From here on they are as everybody: an unfollow counts, an event from before does not.
        world.webhook.event("follow", &id, LONG_AGO + 9, &format!("o{number}")).await.unwrap();
        assert_eq!(world.state(&id).await.unwrap().as_deref(), Some(state));
        world.webhook.event("unfollow", &id, soon() + 500, &format!("u{number}")).await.unwrap();
        assert_eq!(world.state(&id).await.unwrap().as_deref(), Some("unsubscribed"));
        assert_eq!(world.profiles(&id).await.unwrap().len(), 1);
    }
}

/// SYNC-3 and the ledger: a list does not say when somebody followed, so it is no new contact.
#[tokio::test]
async fn a_sync_skips_the_erased_and_reports_them() {
    let world = world().await;
    let spec = FollowersSpec { count: 5, ..FollowersSpec::default() };
    let all = world.line.add_followers(&world.channel.channel_id, spec).await.unwrap();
    let run = world.sync().await.unwrap();
    assert_eq!((&run["created"], &run["skipped_erased"]), (&json!(5), &json!(0)));
    for id in &all[..2] {
        erase(&world, id).await;
    }
    let run = world.sync().await.unwrap();
    let counts = ["seen", "created", "subscribed", "skipped_erased"].map(|name| run[name].as_u64().unwrap());
    assert_eq!(counts, [5, 0, 0, 2], "{run}");
    assert_eq!(world.state(&all[0]).await.unwrap(), None);
    // Known again by another door, they are no longer skipped.
    put(&world.caller, json!({"external_id": "ann", "native_line_id": all[0]})).await;
    let run = world.sync().await.unwrap();
    assert_eq!(
        (&run["skipped_erased"], &run["created"], &run["subscribed"]),
        (&json!(1), &json!(0), &json!(1))
    );
    assert_eq!(world.state(&all[0]).await.unwrap().as_deref(), Some("subscribed"));
}

/// A LINE ID that another profile holds stays whole: friendship, look-up, events.
#[tokio::test]
async fn a_line_id_of_two_stays_with_the_other() {
    let world = world().await;
    let id = line_id(1);
    world.webhook.event("follow", &id, LONG_AGO, "e1").await.unwrap();
    put(&world.caller, json!({"external_id": "ann", "native_line_id": id})).await;
    delete(&world.caller, &json!({"user_aliases": [line_alias(&id)]}), 1).await;
    assert_eq!(world.state(&id).await.unwrap().as_deref(), Some("subscribed"));
    assert_eq!(world.profiles(&id).await.unwrap().len(), 1);
    // An event from before is news about the one who is still there.
    world.webhook.event("unfollow", &id, LONG_AGO + 1, "e2").await.unwrap();
    assert_eq!(world.state(&id).await.unwrap().as_deref(), Some("unsubscribed"));
    assert_eq!(dropped(&world).await, 0);
}

/// MLN: deletion is the only way a follower loses every profile, and it does: no kept-apart follower is made.
#[tokio::test]
async fn the_last_holder_of_a_followed_line_id_may_be_erased() {
    let world = world().await;
    let id = line_id(1);
    put(&world.caller, json!({"external_id": "ann", "native_line_id": id})).await;
    world.webhook.event("follow", &id, LONG_AGO, "e1").await.unwrap();
    delete(&world.caller, &json!({"external_ids": ["ann"]}), 1).await;
    assert_eq!(world.state(&id).await.unwrap(), None);
}
