//! The eight rows of the `native_line_id` scenario table (L1, L2, L5, L6, L8, L9), and what must hold around them, over
//! HTTP against the built binary.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use serde_json::{Value, json};
use testkit::{World, line_id};

const FIRST: i64 = 1_727_600_000_000;

async fn world() -> World {
    World::start(env!("CARGO_BIN_EXE_enmusubi")).await.unwrap()
}

/// The anonymous profile of LIN-12: `native_line_id`, alias (`line_id`, ID), no external id.
fn assert_follower(profile: &Value, id: &str) {
    assert_eq!(profile["native_line_id"], id);
    assert_eq!(profile["user_aliases"], json!([{"alias_label": "line_id", "alias_name": id}]));
    assert!(profile.get("external_id").is_none());
}

/// The state by LINE ID and by each profile (LSB-4).
async fn assert_state(world: &World, id: &str, state: &str, holders: usize) {
    assert_eq!(world.state(id).await.unwrap().as_deref(), Some(state));
    let users = world.caller.export(json!({"native_line_ids": [id]})).await.unwrap();
    assert_eq!(users.len(), holders);
    for user in users {
        assert_eq!(user["line"][0]["state"], state);
        assert_eq!(user["line"][0]["channel_id"], world.channel.channel_id.as_str());
    }
}

/// L1.
#[tokio::test]
async fn follow_unknown() {
    let world = world().await;
    let person = world.line.create_person(Default::default()).await.unwrap().person;
    let report = world.line.follow(&world.channel.channel_id, &person).await.unwrap();
    assert_eq!(report.deliveries[0].status, Some(200));
    let profiles = world.profiles(&report.line_user_id).await.unwrap();
    assert_eq!(profiles.len(), 1);
    assert_follower(&profiles[0], &report.line_user_id);
    assert_state(&world, &report.line_user_id, "subscribed", 1).await;
}

/// L2, L3, L13: all who hold the ID move together.
#[tokio::test]
async fn follow_known() {
    let world = world().await;
    let id = line_id(1);
    let objects = [
        json!({"external_id": "a", "native_line_id": id}),
        json!({"external_id": "b", "native_line_id": id}),
    ];
    world.caller.track(&json!({"attributes": objects})).await.unwrap();
    // LSB-3: the default.
    assert_state(&world, &id, "unsubscribed", 2).await;
    world.webhook.event("follow", &id, FIRST, "e1").await.unwrap();
    assert_state(&world, &id, "subscribed", 2).await;
    world.webhook.event("unfollow", &id, FIRST + 10, "e2").await.unwrap();
    assert_state(&world, &id, "unsubscribed", 2).await;
    // An older event delivered late changes nothing.
    world.webhook.event("follow", &id, FIRST + 5, "e3").await.unwrap();
    assert_state(&world, &id, "unsubscribed", 2).await;
}

/// The identifiers of a track object or CSV row, each with whether it may create (section 1.4, CSV 7.2).
fn identifiers(number: u32) -> Vec<(&'static str, Value, bool)> {
    vec![
        ("external_id", json!({"external_id": format!("x{number}")}), true),
        ("alias", json!({"user_alias": {"alias_label": "web", "alias_name": format!("w{number}")}}), false),
        ("email", json!({"email": format!("p{number}@example.com")}), true),
        ("phone", json!({"phone": format!("+81901234{number:04}")}), true),
    ]
}

fn csv(object: &Value, id: &str) -> String {
    let (header, cells) = match object {
        object if object.get("external_id").is_some() => ("external_id", text(&object["external_id"])),
        object if object.get("email").is_some() => ("email", text(&object["email"])),
        object if object.get("phone").is_some() => ("phone", text(&object["phone"])),
        object if object.get("braze_id").is_some() => ("braze_id", text(&object["braze_id"])),
        object => {
            let alias = &object["user_alias"];
            let cells = format!("{},{}", text(&alias["alias_label"]), text(&alias["alias_name"]));
            ("user_alias_label,user_alias_name", cells)
        }
    };
    format!("{header},native_line_id\n{cells},{id}\n")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn with_line(object: &Value, id: &str) -> Value {
    let mut object = object.clone();
    object["native_line_id"] = json!(id);
    json!({"attributes": [object]})
}

/// L8: a new ID by track, target absent (created by the normal rules) and present.
#[tokio::test]
async fn track_new_id() {
    let world = world().await;
    for (number, (name, object, creates)) in (0u32..).zip(identifiers(1)) {
        let id = line_id(100 + number);
        let answer = world.caller.track(&with_line(&object, &id)).await.unwrap();
        assert_eq!(answer.json["attributes_processed"], 1, "{name}");
        if !creates {
            // OPEN-28: alias is update-only; nothing is made.
            assert_eq!(world.state(&id).await.unwrap(), None, "{name}");
            let mut make = object.clone();
            make["_update_existing_only"] = json!(false);
            world.caller.track(&json!({"attributes": [make]})).await.unwrap();
            world.caller.track(&with_line(&object, &id)).await.unwrap();
        }
        assert_state(&world, &id, "unsubscribed", 1).await;
        let profile = world.profiles(&id).await.unwrap().remove(0);
        // L8 with a target that is present, named by braze_id.
        let other = line_id(200 + number);
        let by_id = json!({"braze_id": profile["braze_id"]});
        world.caller.track(&with_line(&by_id, &other)).await.unwrap();
        assert_state(&world, &other, "unsubscribed", 1).await;
        assert_eq!(world.state(&id).await.unwrap(), None, "{name}: the old ID has left");
    }
    // OPEN-28: an unknown braze_id never creates.
    let nobody = json!({"braze_id": "01890000-0000-7000-8000-000000000000"});
    world.caller.track(&with_line(&nobody, &line_id(300))).await.unwrap();
    assert_eq!(world.state(&line_id(300)).await.unwrap(), None);
}

/// L9, LSB-5: an ID that a follower holds is inherited at once, whoever the target is.
#[tokio::test]
async fn track_shared_id() {
    let world = world().await;
    for (number, (name, object, creates)) in (0u32..).zip(identifiers(2)) {
        let id = line_id(400 + number);
        world.webhook.event("follow", &id, FIRST, &format!("f{number}")).await.unwrap();
        if !creates {
            let mut make = object.clone();
            make["_update_existing_only"] = json!(false);
            world.caller.track(&json!({"attributes": [make]})).await.unwrap();
        }
        world.caller.track(&with_line(&object, &id)).await.unwrap();
        assert_state(&world, &id, "subscribed", 2).await;
        world.webhook.event("unfollow", &id, FIRST + 1, &format!("u{number}")).await.unwrap();
        assert_state(&world, &id, "unsubscribed", 2).await;
        println!("{name}: ok");
    }
}

/// L8 by CSV.
#[tokio::test]
async fn csv_new_id() {
    let world = world().await;
    for (number, (name, object, _)) in (0u32..).zip(identifiers(3)) {
        let id = line_id(500 + number);
        // Target absent: CSV creates by alias too (section 7.2).
        let import = world.caller.import(csv(&object, &id)).await.unwrap();
        assert_eq!((&import["status"], &import["rows_created"]), (&json!("Complete"), &json!(1)), "{name}");
        assert_state(&world, &id, "unsubscribed", 1).await;
        // Target present.
        let other = line_id(600 + number);
        let import = world.caller.import(csv(&object, &other)).await.unwrap();
        assert_eq!(import["rows_updated"], 1, "{name}");
        assert_state(&world, &other, "unsubscribed", 1).await;
    }
    let nobody = json!({"braze_id": "01890000-0000-7000-8000-000000000000"});
    let import = world.caller.import(csv(&nobody, &line_id(700))).await.unwrap();
    assert_eq!((&import["status"], &import["rows_skipped"]), (&json!("Failed"), &json!(1)));
    assert_eq!(world.state(&line_id(700)).await.unwrap(), None);
}

/// L9 by CSV, CSV-17.
#[tokio::test]
async fn csv_shared_id() {
    let world = world().await;
    for (number, (name, object, _)) in (0u32..).zip(identifiers(4)) {
        let id = line_id(800 + number);
        world.webhook.event("follow", &id, FIRST, &format!("f{number}")).await.unwrap();
        let import = world.caller.import(csv(&object, &id)).await.unwrap();
        assert_eq!(import["rows_created"], 1, "{name}");
        assert_state(&world, &id, "subscribed", 2).await;
        let by_id = json!({"braze_id": world.caller.export(object).await.unwrap_or_default().first().map(|user| user["braze_id"].clone())});
        if by_id["braze_id"].is_string() {
            let import = world.caller.import(csv(&by_id, &id)).await.unwrap();
            assert_eq!(import["rows_updated"], 1, "{name}");
        }
        assert_state(&world, &id, "subscribed", 2).await;
    }
}

/// L5, SYNC-3.
#[tokio::test]
async fn sync_unknown() {
    let world = world().await;
    let ids = world
        .line
        .add_followers(
            &world.channel.channel_id,
            line_simulator::verbs::FollowersSpec { count: 3, ..Default::default() },
        )
        .await
        .unwrap();
    let run = world.sync().await.unwrap();
    assert_eq!((&run["state"], &run["created"]), (&json!("complete"), &json!(3)));
    for id in &ids {
        let profiles = world.profiles(id).await.unwrap();
        assert_eq!(profiles.len(), 1);
        assert_follower(&profiles[0], id);
        assert_state(&world, id, "subscribed", 1).await;
    }
    let again = world.sync().await.unwrap();
    assert_eq!((&again["created"], &again["subscribed"], &again["seen"]), (&json!(0), &json!(0), &json!(3)));
}

/// L6, L7.
#[tokio::test]
async fn sync_known() {
    let world = world().await;
    let ids = world
        .line
        .add_followers(
            &world.channel.channel_id,
            line_simulator::verbs::FollowersSpec { count: 1, ..Default::default() },
        )
        .await
        .unwrap();
    let (known, absent) = (&ids[0], line_id(900));
    let objects = [
        json!({"external_id": "k", "native_line_id": known}),
        json!({"external_id": "n", "native_line_id": absent}),
    ];
    world.caller.track(&json!({"attributes": objects})).await.unwrap();
    let run = world.sync().await.unwrap();
    assert_eq!(
        (&run["state"], &run["created"], &run["subscribed"]),
        (&json!("complete"), &json!(0), &json!(1))
    );
    assert_state(&world, known, "subscribed", 1).await;
    assert_state(&world, &absent, "unsubscribed", 1).await;
}

/// L4, and a message from a stranger: the person exists, never as subscribed.
#[tokio::test]
async fn unfollow_or_message_of_an_unknown_id_makes_an_unsubscribed_profile() {
    let world = world().await;
    for (number, kind) in [(1, "unfollow"), (2, "message"), (3, "postback")] {
        let id = line_id(1000 + number);
        world.webhook.event(kind, &id, FIRST, &format!("e{number}")).await.unwrap();
        let profiles = world.profiles(&id).await.unwrap();
        assert_eq!(profiles.len(), 1, "{kind}");
        assert_follower(&profiles[0], &id);
        assert_state(&world, &id, "unsubscribed", 1).await;
    }
}

/// LSB-2: a state sent by customers for a LINE group is ignored, by track and CSV.
#[tokio::test]
async fn customer_sent_line_states_are_ignored() {
    let world = world().await;
    let (id, group) = (line_id(1100), world.connected["subscription_group_id"].as_str().unwrap());
    let groups = json!([{"subscription_group_id": group, "subscription_state": "subscribed"}]);
    let object = json!({"external_id": "a", "native_line_id": id, "subscription_groups": groups});
    let answer = world.caller.track(&json!({"attributes": [object]})).await.unwrap();
    assert!(answer.json.get("errors").is_none());
    assert_state(&world, &id, "unsubscribed", 1).await;
    let csv = format!("external_id,subscription_group_id,subscription_state\na,{group},subscribed\n");
    assert_eq!(world.caller.import(csv).await.unwrap()["status"], "Complete");
    assert_state(&world, &id, "unsubscribed", 1).await;
}

/// MLN: a followed ID that its last holder gives up keeps an anonymous profile.
#[tokio::test]
async fn a_follower_never_loses_its_last_profile() {
    let world = world().await;
    let (old, new) = (line_id(1200), line_id(1201));
    world.caller.track(&json!({"attributes": [{"external_id": "a", "native_line_id": old}]})).await.unwrap();
    world.webhook.event("follow", &old, FIRST, "e1").await.unwrap();
    world.caller.track(&json!({"attributes": [{"external_id": "a", "native_line_id": new}]})).await.unwrap();
    let profiles = world.profiles(&old).await.unwrap();
    assert_eq!(profiles.len(), 1);
    assert_follower(&profiles[0], &old);
    assert_state(&world, &old, "subscribed", 1).await;
    assert_state(&world, &new, "unsubscribed", 1).await;
}
