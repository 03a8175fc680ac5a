//! LINE convergence (`line_convergence = merge`): a follower and the one customer with the same LINE ID are one at once,
//! whatever comes first.

use futures_util::future::join3;

use super::*;

const AT: i64 = 1_727_600_000_000;

/// A world whose workspace converges.
async fn world() -> World {
    let world = World::start(BINARY).await.unwrap();
    let mut number = 900_000;
    set(&world.server, "line_convergence=merge", async || {
        number += 1;
        let id = line_id(number);
        world.webhook.event("follow", &id, AT, &format!("probe{number}")).await.unwrap();
        put(&world.caller, json!({"external_id": format!("probe{number}"), "native_line_id": id})).await;
        (world.profiles(&id).await.unwrap().len() == 1).then_some(())
    })
    .await;
    world
}

/// What a story ends in: the holders of the LINE ID without times and ids.
async fn end(world: &World, id: &str) -> Vec<Value> {
    let mut profiles = world.profiles(id).await.unwrap();
    for profile in &mut profiles {
        for field in ["braze_id", "created_at", "updated_at", "random_bucket", "external_id", "last_name"] {
            profile.as_object_mut().unwrap().remove(field);
        }
        for line in profile["line"].as_array_mut().unwrap() {
            line.as_object_mut().unwrap().remove("changed_at");
        }
    }
    profiles
}

/// One step of the story of customer `number`: a follow, an API write, a CSV row.
async fn step(world: &World, number: u32, step: char) {
    let (id, external_id) = (line_id(number), format!("c{number}"));
    match step {
        'F' => world.webhook.event("follow", &id, AT, &format!("f{number}")).await.unwrap(),
        'W' => {
            put(
                &world.caller,
                json!({"external_id": external_id, "native_line_id": id, "first_name": "Hanako", "n": 1}),
            )
            .await;
        }
        _ => {
            let csv = format!("external_id,native_line_id,tier\n{external_id},{id},gold\n");
            let import = world.caller.import(csv).await.unwrap();
            assert_eq!(import["status"], "Complete");
        }
    }
}

/// Issue 3, item 8: every order, with redelivery, ends in the same state; the survivor carries the alias.
#[tokio::test]
async fn follow_write_and_row_end_in_the_same_state_in_every_order() {
    let world = world().await;
    let orders = [
        "FWC", "FCW", "WFC", "WCF", "CFW", "CWF", "FFWC", "WFFC", "FWFCF", "CFWF", "WCFF", "WWFCC", "CFFWFC",
        "FWCFWC",
    ];
    let mut ends = Vec::new();
    for (number, order) in orders.iter().enumerate() {
        let number = 100 + u32::try_from(number).unwrap();
        for one in order.chars() {
            step(&world, number, one).await;
        }
        let id = line_id(number);
        let mut told = end(&world, &id).await;
        assert_eq!(told.len(), 1, "{order}: {told:?}");
        assert_eq!(told[0]["user_aliases"], json!([alias("line_id", &id)]), "{order}");
        assert_eq!(told[0]["line"][0]["state"], "subscribed", "{order}");
        let user = user(&world.caller, &format!("c{number}")).await;
        assert_eq!((&user["native_line_id"], &user["first_name"]), (&json!(id), &json!("Hanako")), "{order}");
        let text = told.remove(0).to_string().replace(&id, "U");
        ends.push((text, *order));
    }
    for (text, order) in &ends {
        assert_eq!(text, &ends[0].0, "{order}");
    }
}

/// All three at once, 100 times.
#[tokio::test(flavor = "multi_thread")]
async fn follow_write_and_row_at_once_end_in_the_same_state() {
    let world = world().await;
    let mut ends = Vec::new();
    for round in 0..100 {
        let number = 1_000 + round;
        join3(step(&world, number, 'F'), step(&world, number, 'W'), step(&world, number, 'C')).await;
        let id = line_id(number);
        let told = end(&world, &id).await;
        assert_eq!(told.len(), 1, "round {round}: {told:?}");
        ends.push(told[0].to_string().replace(&id, "U"));
        assert_eq!(ends[0], ends[ends.len() - 1], "round {round}");
    }
}

/// A customer who is identified by the alias of the follower, or by a merge, ends the same.
#[tokio::test]
async fn identity_calls_converge_too() {
    let world = world().await;
    let caller = &world.caller;
    // Two anonymous holders; the one that is identified takes in the other.
    let id = line_id(1);
    put_anonymous(caller, "w", json!({"native_line_id": id})).await;
    world.webhook.event("follow", &id, AT, "e1").await.unwrap();
    let body = json!({"aliases_to_identify": [{"external_id": "ann", "user_alias": alias("web", "w")}]});
    caller.post("/users/identify", &body).await.unwrap();
    let profiles = world.profiles(&id).await.unwrap();
    assert_eq!((profiles.len(), &profiles[0]["external_id"]), (1, &json!("ann")));
}

/// A profile with the alias that never had a LINE ID is adopted by the follow; nobody is made.
#[tokio::test]
async fn a_profile_with_the_alias_alone_is_adopted() {
    let world = world().await;
    let id = line_id(1);
    put(&world.caller, json!({"external_id": "ann"})).await;
    let new = json!({"external_id": "ann", "alias_label": "line_id", "alias_name": id});
    world.caller.post("/users/alias/new", &json!({"user_aliases": [new]})).await.unwrap();
    world.webhook.event("follow", &id, AT, "e1").await.unwrap();
    let profiles = world.profiles(&id).await.unwrap();
    assert_eq!((profiles.len(), &profiles[0]["external_id"]), (1, &json!("ann")));
    assert_eq!(profiles[0]["line"][0]["state"], "subscribed");
}

/// Two or more customers with the LINE ID: nobody is joined, the group is parked once.
#[tokio::test]
async fn two_customers_with_one_line_id_are_parked() {
    let world = world().await;
    let caller = &world.caller;
    let id = line_id(1);
    for external_id in ["ann", "ben"] {
        put(caller, json!({"external_id": external_id, "native_line_id": id})).await;
    }
    world.webhook.event("follow", &id, AT, "e1").await.unwrap();
    world.webhook.event("message", &id, AT + 1, "e2").await.unwrap();
    assert_eq!(holders(caller, json!({"native_line_ids": [id]})).await, ["ann", "ben"]);
    let groups = parked(caller).await;
    assert_eq!(groups.len(), 1);
    assert_eq!((&groups[0]["by"], &groups[0]["value"]), (&json!("native_line_id"), &json!(id)));
    assert_eq!(groups[0]["reasons"], json!(["both_identified"]));
}

/// Only a bare follower is joined: another alias, an email or a phone that contradicts keeps two apart.
#[tokio::test]
async fn only_a_bare_follower_is_joined() {
    let world = world().await;
    let caller = &world.caller;
    let follower = async |number: u32, object: Value| {
        let id = line_id(number);
        world.webhook.event("follow", &id, AT, &format!("e{number}")).await.unwrap();
        let mut object = object;
        object["user_alias"] = alias("line_id", &id);
        put(caller, object).await;
        id
    };
    let cases = [
        (1, json!({"email": "other@example.com"}), json!({"email": "ann@example.com"}), 2),
        (2, json!({"phone": "+819012345670"}), json!({"phone": "+819012345671"}), 2),
        (3, json!({"email": "Ann@example.com"}), json!({"email": "ann@example.com"}), 1),
        (4, json!({"email": "ann4@example.com", "n": 1}), json!({}), 1),
    ];
    for (number, of_follower, mut of_customer, expected) in cases {
        let id = follower(number, of_follower.clone()).await;
        of_customer["external_id"] = json!(format!("c{number}"));
        of_customer["native_line_id"] = json!(id);
        put(caller, of_customer).await;
        assert_eq!(world.profiles(&id).await.unwrap().len(), expected, "{of_follower}");
    }
    // An alias of another label.
    let id = line_id(5);
    put_anonymous(caller, "w", json!({"native_line_id": id})).await;
    put(caller, json!({"external_id": "c5", "native_line_id": id})).await;
    assert_eq!(world.profiles(&id).await.unwrap().len(), 2);
}

/// The before-image is taken after the write that made them meet: an undo parts them without undoing that write. The
/// pair is never joined again by itself.
#[tokio::test]
async fn an_undo_of_a_convergence_keeps_the_write_that_made_it() {
    let world = world().await;
    let caller = &world.caller;
    let id = line_id(1);
    put(caller, json!({"external_id": "ann", "tier": "silver"})).await;
    world.webhook.event("follow", &id, AT, "e1").await.unwrap();
    let follower = world.profiles(&id).await.unwrap()[0]["braze_id"].clone();
    put(caller, json!({"external_id": "ann", "native_line_id": id, "tier": "gold"})).await;
    assert_eq!(world.profiles(&id).await.unwrap().len(), 1);
    let ann = user(caller, "ann").await["braze_id"].clone();
    let history = caller.get(&format!("/users/{}/history", ann.as_str().unwrap())).await.unwrap().json;
    let entries = history["entries"].as_array().unwrap();
    let merged = entries.iter().find(|entry| entry["kind"] == "merged").unwrap();
    assert_eq!((&merged["how"], &merged["other_braze_id"]), (&json!("convergence"), &follower));
    let undo = format!("/users/merges/{}/undo", merged["merge_id"].as_str().unwrap());
    assert_eq!(caller.post(&undo, &json!({})).await.unwrap().status, 200);
    let parted = user(caller, "ann").await;
    assert_eq!(
        (&parted["native_line_id"], &parted["custom_attributes"]),
        (&json!(id), &json!({"tier": "gold"}))
    );
    assert_eq!(world.profiles(&id).await.unwrap().len(), 2);
    // News of both leaves them apart, and waits for a person.
    world.webhook.event("message", &id, AT + 1, "e2").await.unwrap();
    put(caller, json!({"external_id": "ann", "tier": "platinum"})).await;
    assert_eq!(world.profiles(&id).await.unwrap().len(), 2);
    assert_eq!(parked(caller).await[0]["reasons"], json!(["never_same"]));
}

/// The default is Braze's: duplicates stay until asked.
#[tokio::test]
async fn by_default_duplicates_stay() {
    let world = World::start(BINARY).await.unwrap();
    step(&world, 1, 'F').await;
    step(&world, 1, 'W').await;
    assert_eq!(world.profiles(&line_id(1)).await.unwrap().len(), 2);
    assert_eq!(parked(&world.caller).await, Vec::<Value>::new());
}

/// The steps of a customer who was named by the follower's alias before anybody followed.
async fn named_step(world: &World, number: u32, step: char) {
    let (id, external_id) = (line_id(number), format!("c{number}"));
    match step {
        'F' => world.webhook.event("follow", &id, AT, &format!("f{number}")).await.unwrap(),
        'N' => put(&world.caller, json!({"external_id": external_id, "native_line_id": id})).await,
        _ => {
            let object = json!({
                "user_alias": alias("line_id", &id), "_update_existing_only": false, "fav": 1,
            });
            put(&world.caller, object).await;
        }
    }
}

/// Issue 3, item 8: a profile that was made for alias (`line_id`, U) alone is the follower, whichever of the three comes
/// first: nobody is left without any identifier.
#[tokio::test]
async fn a_profile_made_for_the_alias_converges_in_every_order() {
    let world = world().await;
    let mut ends = Vec::new();
    for (number, order) in ["ANF", "AFN", "NAF", "NFA", "FAN", "FNA"].into_iter().enumerate() {
        let number = 200 + u32::try_from(number).unwrap();
        for one in order.chars() {
            named_step(&world, number, one).await;
        }
        let id = line_id(number);
        let told = end(&world, &id).await;
        assert_eq!(told.len(), 1, "{order}: {told:?}");
        assert_eq!(told[0]["custom_attributes"], json!({"fav": 1}), "{order}");
        ends.push(told[0].to_string().replace(&id, "U"));
        assert_eq!(ends[0], ends[ends.len() - 1], "{order}");
    }
}

/// A label holds one name per profile. The follower keeps alias (`line_id`, U) and stays apart, parked with the reason; a
/// release is a person's decision.
#[tokio::test]
async fn a_follower_whose_label_is_taken_keeps_its_name() {
    let world = world().await;
    let caller = &world.caller;
    let id = line_id(1);
    world.webhook.event("follow", &id, AT, "e1").await.unwrap();
    put(caller, json!({"external_id": "ann"})).await;
    let new = json!({"external_id": "ann", "alias_label": "line_id", "alias_name": "odd"});
    caller.post("/users/alias/new", &json!({"user_aliases": [new]})).await.unwrap();
    put(caller, json!({"external_id": "ann", "native_line_id": id})).await;
    let named = caller.export(json!({"user_aliases": [alias("line_id", &id)]})).await.unwrap();
    assert_eq!((named.len(), named[0].get("external_id")), (1, None));
    assert_eq!(world.profiles(&id).await.unwrap().len(), 2);
    assert_eq!(parked(caller).await[0]["reasons"], json!(["alias_label_taken"]));
    // A rule over duplicates says the same.
    let group = &groups(caller, "by=native_line_id").await[0];
    assert_eq!(group["guards"], json!(["alias_label_taken"]));
    let group = parked(caller).await.remove(0);
    let path = format!("/users/duplicates/parked/{}/release", group["id"].as_str().unwrap());
    assert_eq!(caller.post(&path, &json!({})).await.unwrap().status, 200);
    assert_eq!(world.profiles(&id).await.unwrap().len(), 1);
}

/// What many strangers have instead of a LINE ID joins nobody.
#[tokio::test]
async fn junk_in_place_of_a_line_id_joins_nobody() {
    let world = world().await;
    let caller = &world.caller;
    let lenient = json!({"line_id_check": "lenient"});
    assert_eq!(caller.patch("/workspace/settings", &lenient).await.unwrap().status, 200);
    put(caller, json!({"email": "a@q.example.org", "native_line_id": "undefined"})).await;
    put(caller, json!({"external_id": "cyd", "native_line_id": "undefined"})).await;
    let found = caller.export(json!({"email_address": "a@q.example.org"})).await.unwrap();
    assert_eq!((found.len(), found[0].get("external_id")), (1, None));
    put(caller, json!({"email": "b@q.example.org", "native_line_id": "staging-1"})).await;
    put(caller, json!({"external_id": "dan", "native_line_id": "staging-1"})).await;
    let found = caller.export(json!({"email_address": "b@q.example.org"})).await.unwrap();
    assert_eq!((found.len(), &found[0]["external_id"]), (1, &json!("dan")));
}

/// "At once" is also when a second customer gives the LINE ID up, or is erased; the outcome of the erasure tells the join.
#[tokio::test]
async fn who_is_left_with_a_follower_becomes_one_with_it() {
    let world = World::start(BINARY).await.unwrap();
    let caller = &world.caller;
    for number in [1, 2] {
        let id = line_id(number);
        world.webhook.event("follow", &id, AT, &format!("e{number}")).await.unwrap();
        for name in ["a", "b"] {
            put(caller, json!({"external_id": format!("{name}{number}"), "native_line_id": id})).await;
        }
    }
    let settings = json!({"line_convergence": "merge"});
    assert_eq!(caller.patch("/workspace/settings", &settings).await.unwrap().status, 200);
    put(caller, json!({"external_id": "a1", "native_line_id": null})).await;
    let profiles = world.profiles(&line_id(1)).await.unwrap();
    assert_eq!((profiles.len(), &profiles[0]["external_id"]), (1, &json!("b1")));
    assert_eq!(profiles[0]["user_aliases"], json!([alias("line_id", &line_id(1))]));
    let body = json!({"external_ids": ["a2"]});
    let told = caller.post("/users/delete?dry_run=true", &body).await.unwrap();
    let outcomes = told.json["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), 2, "{}", told.text);
    assert_eq!(
        (&outcomes[1]["result"], &outcomes[1]["reason"]),
        (&json!("merged"), &json!("line_convergence"))
    );
    let path = format!("/users/delete?plan={}", told.json["plan"].as_str().unwrap());
    assert_eq!(caller.post(&path, &body).await.unwrap().json["deleted"], 1);
    let profiles = world.profiles(&line_id(2)).await.unwrap();
    assert_eq!((profiles.len(), &profiles[0]["external_id"]), (1, &json!("b2")));
}

/// A profile made for the alias of a LINE ID that a customer has already: the call made one profile and says so once; that
/// it became part of the customer at once is told beside it.
#[tokio::test]
async fn an_alias_that_converges_is_counted_once() {
    let world = World::start(BINARY).await.unwrap();
    let caller = &world.caller;
    let id = line_id(1);
    put(caller, json!({"external_id": "ann", "native_line_id": id})).await;
    let settings = json!({"line_convergence": "merge"});
    assert_eq!(caller.patch("/workspace/settings", &settings).await.unwrap().status, 200);
    let body = json!({"user_aliases": [alias("line_id", &id)]});
    let answer = caller.post("/users/alias/new?explain=true", &body).await.unwrap();
    assert_eq!(answer.json["aliases_processed"], 1, "{}", answer.text);
    let results: Vec<_> =
        answer.json["outcomes"].as_array().unwrap().iter().map(|one| &one["result"]).collect();
    assert_eq!(results, ["changed", "merged"]);
    assert_eq!(user(caller, "ann").await["user_aliases"], json!([alias("line_id", &id)]));
}
