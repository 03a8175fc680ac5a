//! `"suppress": true`: every door refuses the erased until an operator lifts it.

use super::*;

/// Erases a follower who is a customer, with `suppress`; the LINE ID.
async fn suppressed(world: &World) -> String {
    let id = line_id(1);
    let caller = &world.caller;
    put(
        caller,
        json!({
            "external_id": "ann", "email": "ann@example.com", "phone": "+819012345678", "native_line_id": id,
        }),
    )
    .await;
    let new = json!({"external_id": "ann", "alias_label": "web", "alias_name": "w"});
    caller.post("/users/alias/new", &json!({"user_aliases": [new]})).await.unwrap();
    delete(caller, &json!({"external_ids": ["ann"], "suppress": true}), 1).await;
    id
}

async fn suppressions(caller: &Caller) -> Vec<Value> {
    let answer = caller.get("/suppressions").await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["suppressions"].as_array().unwrap().clone()
}

/// What an object names or writes is refused alike; the rest of the request applies.
#[tokio::test]
async fn track_and_csv_refuse_every_identifier_of_the_erased() {
    let world = world().await;
    let id = suppressed(&world).await;
    let caller = &world.caller;
    let refused = [
        json!({"external_id": "ann"}),
        json!({"user_alias": alias("web", "w"), "_update_existing_only": false}),
        json!({"email": "Ann@example.com"}),
        json!({"phone": "+81 90 1234 5678"}),
        json!({"external_id": "other", "email": "ann@example.com"}),
        json!({"external_id": "other", "phone": "+819012345678"}),
        json!({"external_id": "other", "native_line_id": id}),
    ];
    for object in refused {
        let answer = caller.post("/users/track", &json!({"attributes": [object]})).await.unwrap();
        let error = &answer.json["errors"][0]["type"];
        assert!(error.as_str().is_some_and(|text| text.contains("suppressed")), "{object}: {}", answer.text);
    }
    let event = json!({"external_id": "ann", "name": "seen", "time": "2099-01-01T00:00:00Z"});
    let body = json!({"events": [event], "attributes": [{"external_id": "ben"}]});
    let answer = caller.track(&body).await.unwrap();
    assert_eq!(answer.json["errors"].as_array().unwrap().len(), 1);
    let csv = format!(
        "external_id,email,native_line_id\nann,,\ncyd,ann@example.com,\ndan,,{id}\neve,eve@example.com,\n"
    );
    let import = caller.import(csv).await.unwrap();
    assert_eq!(
        (&import["status"], &import["rows_created"], &import["rows_skipped"]),
        (&json!("Partial success"), &json!(1), &json!(3))
    );
    for line in report(caller, &import).await {
        assert!(line.contains(",error,") && line.contains("suppressed"), "{line}");
    }
    assert_eq!(found(caller, json!({"external_ids": ["ann", "other", "ben", "cyd", "dan", "eve"]})).await, 2);
    assert_eq!(found(caller, json!({"native_line_ids": [id]})).await, 0);
}

/// Follow, message, postback and a listed follower: kept without effect, and without what they say.
#[tokio::test]
async fn line_events_and_syncs_refuse_the_erased() {
    let world = world().await;
    let id = suppressed(&world).await;
    for kind in ["follow", "message", "postback", "unfollow"] {
        world.webhook.event(kind, &id, soon(), kind).await.unwrap();
    }
    assert_eq!(world.state(&id).await.unwrap(), None);
    let spec = line_simulator::verbs::FollowersSpec { count: 1, ..Default::default() };
    let follower = world.line.add_followers(&world.channel.channel_id, spec).await.unwrap().remove(0);
    world.sync().await.unwrap();
    delete(&world.caller, &json!({"user_aliases": [line_alias(&follower)], "suppress": true}), 1).await;
    let run = world.sync().await.unwrap();
    assert_eq!((&run["created"], &run["skipped_erased"]), (&json!(0), &json!(1)));
    // Lifted, a later follow is new contact.
    for suppression in suppressions(&world.caller).await {
        let path = format!("/suppressions/{}", suppression["id"].as_str().unwrap());
        assert_eq!(world.caller.delete(&path).await.unwrap().status, 200);
    }
    world.webhook.event("follow", &id, soon(), "new").await.unwrap();
    assert_eq!(world.state(&id).await.unwrap().as_deref(), Some("subscribed"));
}

/// Identify, alias/new, alias/update and rename give nobody an identifier of the erased.
#[tokio::test]
async fn identity_calls_refuse_the_erased() {
    let world = world().await;
    suppressed(&world).await;
    let caller = &world.caller;
    put(caller, json!({"external_id": "ben"})).await;
    put(caller, json!({"user_alias": alias("app", "a"), "_update_existing_only": false})).await;
    let identify = json!({"aliases_to_identify": [{"external_id": "ann", "user_alias": alias("app", "a")}]});
    let update = json!({"alias_label": "app", "old_alias_name": "a", "new_alias_name": "b"});
    let web = json!({"alias_label": "web", "old_alias_name": "x", "new_alias_name": "w"});
    for (path, body, reason) in [
        ("/users/identify", identify, json!("suppressed")),
        ("/users/alias/new", json!({"user_aliases": [alias("web", "w")]}), json!("suppressed")),
        (
            "/users/alias/new",
            json!({"user_aliases": [{"external_id": "ben", "alias_label": "web", "alias_name": "w"}]}),
            json!("suppressed"),
        ),
        ("/users/alias/update", json!({"alias_updates": [update]}), Value::Null),
        ("/users/alias/new", json!({"user_aliases": [alias("web", "x")]}), Value::Null),
        ("/users/alias/update", json!({"alias_updates": [web]}), json!("suppressed")),
    ] {
        let outcome = outcome(caller, path, &body).await;
        assert_eq!(outcome["reason"], reason, "{path} {body}");
    }
    let renames = json!([{"current_external_id": "ben", "new_external_id": "ann"}]);
    let answer =
        caller.post("/users/external_ids/rename", &json!({"external_id_renames": renames})).await.unwrap();
    assert!(answer.text.contains("suppressed"), "{}", answer.text);
    assert_eq!(found(caller, json!({"external_ids": ["ann"]})).await, 0);
    assert_eq!(found(caller, json!({"external_ids": ["ben"]})).await, 1);
}

/// `GET` and `DELETE /suppressions`: kinds, never values; paged; lifted once.
#[tokio::test]
async fn suppressions_are_listed_by_kind_and_lifted() {
    let (_server, caller) = server().await;
    assert_eq!(suppressions(&caller).await, Vec::<Value>::new());
    let mut of_ben = Value::Null;
    for id in ["ann", "ben", "cyd"] {
        put(&caller, json!({"external_id": id, "email": format!("{id}@example.com")})).await;
        let before = suppressions(&caller).await;
        delete(&caller, &json!({"external_ids": [id], "suppress": true}), 1).await;
        if id == "ben" {
            let new = suppressions(&caller).await.into_iter().find(|one| !before.contains(one));
            of_ben = new.unwrap()["id"].clone();
        }
    }
    put(&caller, json!({"external_id": "dan"})).await;
    delete(&caller, &json!({"external_ids": ["dan"]}), 1).await;
    let all = suppressions(&caller).await;
    assert_eq!(all.len(), 3);
    for one in &all {
        assert_eq!(one["kinds"], json!(["external_id", "email"]));
        assert!(one["erased_at"].as_str().unwrap().ends_with('Z'));
        assert!(!one.to_string().contains("example.com"));
    }
    let first = caller.get("/suppressions?limit=2").await.unwrap().json;
    let next = first["next_cursor"].as_str().unwrap();
    let second = caller.get(&format!("/suppressions?limit=2&cursor={next}")).await.unwrap().json;
    let paged: Vec<_> = [&first, &second]
        .into_iter()
        .flat_map(|page| page["suppressions"].as_array().unwrap().clone())
        .collect();
    assert_eq!(paged, all);
    // Each is lifted by itself: whom it refused is welcome, the others are not.
    let path = format!("/suppressions/{}", of_ben.as_str().unwrap());
    let lifted = caller.delete(&path).await.unwrap();
    assert_eq!((lifted.status, &lifted.json["id"]), (200, &of_ben));
    for path in [path.as_str(), "/suppressions/nothing", "/suppressions/00000000-0000-4000-8000-000000000000"]
    {
        let again = caller.delete(path).await.unwrap();
        assert_eq!((again.status, &again.json["code"]), (404, &json!("suppression_unknown")), "{path}");
    }
    assert_eq!(suppressions(&caller).await.len(), 2);
    put(&caller, json!({"external_id": "ben"})).await;
    let answer = caller.post("/users/track", &json!({"attributes": [{"external_id": "ann"}]})).await.unwrap();
    assert!(answer.text.contains("suppressed"), "{}", answer.text);
}

/// The permission is one of its own.
#[tokio::test]
async fn suppressions_need_their_permission() {
    let (server, _) = server().await;
    let made = ["key", "create", "--name", "k", "--permission", "users.delete", "--json"];
    let (_, made, _) = server.command(&made).await.unwrap();
    let made: Value = serde_json::from_str(&made).unwrap();
    let caller = server.caller_with(made["key"].as_str());
    testkit::eventually("the key is known", 5, async || {
        (caller.get("/suppressions").await.ok()?.status == 403).then_some(())
    })
    .await
    .unwrap();
}

/// An undo is a door, too: it brings no identifier back that is refused, until that is lifted.
#[tokio::test]
async fn an_undo_brings_no_suppressed_identifier_back() {
    let (_server, caller) = server().await;
    for id in ["k", "m"] {
        put(&caller, json!({"external_id": id})).await;
    }
    let merged = merge(&caller, "m", "k").await;
    caller.post("/users/external_ids/remove", &json!({"external_ids": ["m"]})).await.unwrap();
    put(&caller, json!({"external_id": "m"})).await;
    delete(&caller, &json!({"external_ids": ["m"], "suppress": true}), 1).await;
    let answer = undo(&caller, &merged).await;
    assert_eq!((answer.status, &answer.json["code"]), (409, &json!("suppressed")), "{}", answer.text);
    assert!(answer.json["message"].as_str().unwrap().contains("DELETE /suppressions/{id}"));
    assert_eq!(found(&caller, json!({"external_ids": ["m"]})).await, 0);
    for one in suppressions(&caller).await {
        let path = format!("/suppressions/{}", one["id"].as_str().unwrap());
        assert_eq!(caller.delete(&path).await.unwrap().status, 200);
    }
    assert_eq!(undo(&caller, &merged).await.status, 200);
    assert_eq!(found(&caller, json!({"external_ids": ["m"]})).await, 1);
}
