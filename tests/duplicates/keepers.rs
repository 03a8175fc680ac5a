//! Who of a group stays (`DUP-2`, `DUP-5`), and what the merge gives.

use super::*;

const MERGE: &str = "/users/duplicates/merge";

/// DUP-2: the most recently updated profile with an external id; without one, the most recently updated.
#[tokio::test]
async fn by_default_the_last_updated_identified_profile_stays() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "ann", "email": "one@example.com", "tier": "gold"})).await;
    put_anonymous(&caller, "w1", json!({"email": "one@example.com", "tier": "silver", "n": 1})).await;
    put_anonymous(&caller, "w2", json!({"email": "one@example.com", "n": 2, "m": 2})).await;
    for (name, number) in [("x1", 1), ("x2", 2), ("x1", 3)] {
        put_anonymous(&caller, name, json!({"email": "two@example.com", "last": number})).await;
    }
    let kept = braze_id(&caller, "x1").await;
    let job = run(&caller, json!({"by": "email"})).await;
    assert_eq!((&job["state"], counts(&job)), (&json!("complete"), [2, 2, 3, 0]));
    assert!(job["started_at"].is_string() && job["finished_at"].is_string() && job["error"].is_null());
    assert_eq!(
        job["rule"],
        json!({"by": "email", "keep": "updated", "order": "newest", "merge_identified": false})
    );
    let ann = user(&caller, "ann").await;
    // Section 5: the keeper's value stays, gaps are filled in the order of the merges.
    assert_eq!(ann["custom_attributes"]["tier"], "gold");
    assert_eq!(ann["custom_attributes"]["m"], 2);
    assert_eq!(holders(&caller, json!({"email_address": "one@example.com"})).await, ["ann"]);
    let two = caller.export(json!({"email_address": "two@example.com"})).await.unwrap();
    assert_eq!((two.len(), &two[0]["braze_id"]), (1, &kept));
    assert_eq!(groups(&caller, "by=email").await, Vec::<Value>::new());
    // A second run finds nothing to do.
    assert_eq!(counts(&run(&caller, json!({"by": "email"})).await), [0, 0, 0, 0]);
}

/// DUP-5: created, updated or last session; newest or oldest; whoever has no session comes last.
#[tokio::test]
async fn the_rule_says_who_of_equals_stays() {
    let (_server, caller) = server().await;
    // Made in the order a, b, c, d; updated in the order d, b, a, c; sessions b < c < a, none of d.
    for name in ["a", "b", "c", "d"] {
        put_anonymous(&caller, name, json!({"email": "one@example.com"})).await;
    }
    for (name, session) in
        [("d", None), ("b", Some("2020-01-01")), ("a", Some("2022-01-01")), ("c", Some("2021-01-01"))]
    {
        let mut object = json!({"seen": name});
        if let Some(session) = session {
            object["date_of_last_session"] = json!(format!("{session}T00:00:00Z"));
        }
        put_anonymous(&caller, name, object).await;
    }
    for (keep, order, expected) in [
        ("created", "newest", "d"),
        ("created", "oldest", "a"),
        ("updated", "newest", "c"),
        ("updated", "oldest", "d"),
        ("last_session", "newest", "a"),
        ("last_session", "oldest", "b"),
    ] {
        let found = groups(&caller, &format!("by=email&keep={keep}&order={order}")).await;
        assert_eq!(found[0]["keep"], braze_id(&caller, expected).await, "{keep} {order}");
        assert_eq!(
            (&found[0]["would_merge"], &found[0]["reason"]),
            (&json!(true), &json!("nobody_identified"))
        );
    }
    let oldest = braze_id(&caller, "a").await;
    run(&caller, json!({"by": "email", "keep": "created", "order": "oldest"})).await;
    let users = caller.export(json!({"email_address": "one@example.com"})).await.unwrap();
    assert_eq!((users.len(), &users[0]["braze_id"]), (1, &oldest));
    assert_eq!(users[0]["custom_attributes"]["seen"], "a");
}

/// By `native_line_id`: what Braze does not offer (DUP-8); the follower's alias and state stay.
#[tokio::test]
async fn followers_and_customers_of_one_line_id_become_one() {
    let world = World::start(BINARY).await.unwrap();
    let caller = &world.caller;
    for number in 0..5 {
        let id = line_id(number);
        world.webhook.event("follow", &id, 1_727_600_000_000, &format!("e{number}")).await.unwrap();
        put(caller, json!({"external_id": format!("c{number}"), "native_line_id": id})).await;
    }
    let job = run(caller, json!({"by": "native_line_id"})).await;
    assert_eq!(counts(&job), [5, 5, 5, 0]);
    for number in 0..5 {
        let id = line_id(number);
        let profiles = world.profiles(&id).await.unwrap();
        assert_eq!((profiles.len(), &profiles[0]["external_id"]), (1, &json!(format!("c{number}"))));
        assert_eq!(profiles[0]["user_aliases"], json!([alias("line_id", &id)]));
        assert_eq!(profiles[0]["line"][0]["state"], "subscribed");
    }
}

/// Each merge is in the history with the rule as its cause, and can be undone; the pair is then never joined by a rule.
#[tokio::test]
async fn a_merge_by_rule_is_explained_and_can_be_undone() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "ann", "email": "one@example.com"})).await;
    put_anonymous(&caller, "w", json!({"email": "one@example.com", "n": 1})).await;
    let before = (user(&caller, "ann").await, braze_id(&caller, "w").await);
    run(&caller, json!({"by": "email"})).await;
    let path = format!("/users/{}/history", before.0["braze_id"].as_str().unwrap());
    let entries = caller.get(&path).await.unwrap().json["entries"].clone();
    let merged = entries.as_array().unwrap().iter().find(|entry| entry["kind"] == "merged").unwrap();
    assert_eq!(
        (&merged["how"], &merged["by"], &merged["cause"]),
        (&json!("duplicates"), &json!("email"), &json!("a rule found the two sharing an email address"))
    );
    assert_eq!(merged["actor"]["name"], "first key");
    let undo = format!("/users/merges/{}/undo", merged["merge_id"].as_str().unwrap());
    assert_eq!(caller.post(&undo, &json!({})).await.unwrap().status, 200);
    assert_eq!((user(&caller, "ann").await, braze_id(&caller, "w").await), before);
    let job = run(&caller, json!({"by": "email"})).await;
    assert_eq!(counts(&job), [1, 0, 0, 1]);
    assert_eq!(parked(&caller).await[0]["reasons"], json!(["never_same"]));
}

/// A dry run answers 200 with the outcomes and a plan, and writes nothing; the plan is stale once a duplicate moved.
#[tokio::test]
async fn a_dry_run_writes_nothing_and_its_plan_holds_until_something_moves() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "ann", "email": "one@example.com"})).await;
    put_anonymous(&caller, "w", json!({"email": "one@example.com"})).await;
    for body in [json!({"by": "email", "dry_run": true}), json!({"by": "email"})] {
        let path =
            if body.get("dry_run").is_some() { MERGE.to_owned() } else { format!("{MERGE}?dry_run=true") };
        let dry = caller.post(&path, &body).await.unwrap();
        assert_eq!((dry.status, dry.json["outcomes"].as_array().unwrap().len()), (200, 1), "{}", dry.text);
        assert_eq!(dry.json["outcomes"][0]["would_merge"], true);
    }
    assert_eq!(groups(&caller, "by=email").await.len(), 1);
    assert_eq!(parked(&caller).await, Vec::<Value>::new());
    let plan = async |rule: &Value| {
        let dry = caller.post(&format!("{MERGE}?dry_run=true"), rule).await.unwrap();
        format!("{MERGE}?plan={}", dry.json["plan"].as_str().unwrap())
    };
    let rule = json!({"by": "email"});
    let first = plan(&rule).await;
    put_anonymous(&caller, "w", json!({"moved": true})).await;
    let stale = caller.post(&first, &rule).await.unwrap();
    assert_eq!((stale.status, &stale.json["code"]), (409, &json!("plan_stale")));
    let other = json!({"by": "email", "order": "oldest"});
    let stale = caller.post(&plan(&rule).await, &other).await.unwrap();
    assert_eq!((stale.status, &stale.json["code"]), (409, &json!("plan_stale")));
    // Who shares nothing with anybody does not matter.
    let fresh = plan(&rule).await;
    put(&caller, json!({"external_id": "stranger"})).await;
    let answer = caller.post(&fresh, &rule).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(counts(&ended(&caller, answer.json["job_id"].as_str().unwrap()).await), [1, 1, 1, 0]);
}
