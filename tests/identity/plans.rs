//! `?explain=true`, `?dry_run=true` and `?plan=` (design section 6).

use super::*;

async fn two(caller: &Caller) -> Value {
    for (id, tier) in [("k", "gold"), ("m", "silver")] {
        put(caller, json!({"external_id": id, "tier": tier, id: 1})).await;
    }
    merge_body(&json!({"external_id": "m"}), &json!({"external_id": "k"}))
}

async fn plan(caller: &Caller, path: &str, body: &Value) -> String {
    let answer = caller.post(&format!("{path}?dry_run=true"), body).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["plan"].as_str().unwrap().to_owned()
}

async fn stale(caller: &Caller, path: &str, plan: &str, body: &Value) {
    let answer = caller.post(&format!("{path}?plan={plan}"), body).await.unwrap();
    assert_eq!((answer.status, &answer.json["code"]), (409, &json!("plan_stale")), "{}", answer.text);
}

/// A dry run shows outcomes and the profile as it would be, and writes nothing; its plan does exactly that, once.
#[tokio::test]
async fn a_plan_does_what_the_dry_run_said() {
    let (_server, caller) = server().await;
    let body = two(&caller).await;
    let before = (user(&caller, "k").await, user(&caller, "m").await);
    let answer = caller.post("/users/merge?dry_run=true", &body).await.unwrap();
    assert_eq!((answer.status, &answer.json["message"]), (200, &json!("success")));
    let outcome = &answer.json["outcomes"][0];
    assert_eq!((&outcome["result"], &outcome["kept"]), (&json!("merged"), &before.0["braze_id"]));
    assert_eq!(outcome["profile"][0]["custom_attributes"], json!({"k": 1, "m": 1, "tier": "gold"}));
    // What is not made has no id.
    assert_eq!(outcome["merge_id"], Value::Null);
    assert_eq!((user(&caller, "k").await, user(&caller, "m").await), before);
    let plan = answer.json["plan"].as_str().unwrap();
    let done = caller.post(&format!("/users/merge?plan={plan}"), &body).await.unwrap();
    assert_eq!((done.status, done.json), (202, json!({"message": "success"})));
    assert_eq!(user(&caller, "k").await["custom_attributes"], outcome["profile"][0]["custom_attributes"]);
    stale(&caller, "/users/merge", plan, &body).await;
}

/// In the body as in the query; `explain` without a dry run writes.
#[tokio::test]
async fn wishes_may_stand_in_the_body() {
    let (_server, caller) = server().await;
    let mut body = two(&caller).await;
    body["dry_run"] = json!(true);
    let answer = caller.post("/users/merge", &body).await.unwrap();
    assert_eq!((answer.status, answer.json["outcomes"].as_array().unwrap().len()), (200, 1));
    body["dry_run"] = json!(false);
    body["explain"] = json!(true);
    // The plan is of the request without its wishes.
    body["plan"] = answer.json["plan"].clone();
    let answer = caller.post("/users/merge", &body).await.unwrap();
    assert_eq!((answer.status, &answer.json["outcomes"][0]["result"]), (202, &json!("merged")));
    assert!(answer.json.get("plan").is_none());
    assert!(export(&caller, json!({"external_ids": ["m"]})).await.is_empty());
}

/// Whatever the decision rests on makes a plan stale when it moves: attributes, identifiers, LINE, states.
#[tokio::test]
async fn a_plan_is_stale_after_a_write_that_moved_something() {
    let world = world().await;
    let caller = &world.caller;
    let body = two(caller).await;
    let id = line_id(3);
    put(caller, json!({"external_id": "m", "native_line_id": id, "email": "m@example.com"})).await;
    put(caller, json!({"external_id": "same", "email": "m@example.com"})).await;
    let writes = [
        json!({"attributes": [{"external_id": "k", "other": 1}]}),
        json!({"events": [{"external_id": "m", "name": "e", "time": "2099-01-01T00:00:00Z"}]}),
        json!({"attributes": [{"external_id": "same", "email_subscribe": "unsubscribed"}]}),
    ];
    for write in writes {
        let plan = plan(caller, "/users/merge", &body).await;
        caller.track(&write).await.unwrap();
        stale(caller, "/users/merge", &plan, &body).await;
    }
    let before = plan(caller, "/users/merge", &body).await;
    world.webhook.event("follow", &id, 1_727_600_000_000, "e1").await.unwrap();
    stale(caller, "/users/merge", &before, &body).await;
    // What has nothing to do with it does not.
    let plan = plan(caller, "/users/merge", &body).await;
    put(caller, json!({"external_id": "stranger"})).await;
    let answer = caller.post(&format!("/users/merge?plan={plan}"), &body).await.unwrap();
    assert_eq!(answer.status, 202);
}

/// A plan is of one operation with one body.
#[tokio::test]
async fn a_plan_is_for_one_request() {
    let (_server, caller) = server().await;
    let body = two(&caller).await;
    let plan = plan(&caller, "/users/merge", &body).await;
    let other = merge_body(&json!({"external_id": "k"}), &json!({"external_id": "m"}));
    stale(&caller, "/users/merge", &plan, &other).await;
    stale(&caller, "/users/identify", &plan, &identify_alias("k", "web", "w")).await;
    assert_eq!(export(&caller, json!({"external_ids": ["k", "m"]})).await.len(), 2);
}

/// Dry runs of all four calls write nothing.
#[tokio::test]
async fn dry_runs_of_every_call_write_nothing() {
    let (_server, caller) = server().await;
    put_anonymous(&caller, "web", "w", json!({})).await;
    put(&caller, json!({"external_id": "k"})).await;
    let before = user_of_alias(&caller, "web", "w").await;
    let update = json!({"alias_label": "web", "old_alias_name": "w", "new_alias_name": "x"});
    for (path, body, result) in [
        ("/users/identify", identify_alias("k", "web", "w"), "merged"),
        ("/users/identify", identify_alias("new", "web", "w"), "identified"),
        ("/users/alias/new", json!({"user_aliases": [alias("web", "made")]}), "changed"),
        ("/users/alias/update", json!({"alias_updates": [update]}), "changed"),
    ] {
        let answer = caller.post(&format!("{path}?dry_run=true"), &body).await.unwrap();
        assert_eq!((answer.status, &answer.json["outcomes"][0]["result"]), (200, &json!(result)), "{path}");
        assert_eq!(answer.json["plan"].as_str().unwrap().len(), 64);
    }
    assert_eq!(user_of_alias(&caller, "web", "w").await, before);
    assert_eq!(user_of_alias(&caller, "web", "made").await, None);
}

/// Wishes that cannot be read are 400, and nothing is done.
#[tokio::test]
async fn malformed_wishes_are_refused() {
    let (_server, caller) = server().await;
    let body = two(&caller).await;
    let with = |name: &str, value: Value| {
        let mut body = body.clone();
        body[name] = value;
        body
    };
    let plan = "'plan' must be a token that a dry run answered with";
    let flags = "'explain' and 'dry_run' must be true or false";
    for (path, body, message) in [
        ("/users/merge?dry_run=yes", body.clone(), flags),
        ("/users/merge?explain=1", body.clone(), flags),
        ("/users/merge?plan=abc", body.clone(), plan),
        ("/users/merge", with("dry_run", json!("true")), "'dry_run' must be true or false"),
        ("/users/merge", with("explain", json!(1)), "'explain' must be true or false"),
        ("/users/merge", with("plan", json!(5)), plan),
        ("/users/merge", with("plan", json!("é".repeat(32))), plan),
    ] {
        let answer = caller.post(path, &body).await.unwrap();
        let expected = json!({"message": message, "code": "field_invalid"});
        assert_eq!((answer.status, answer.json), (400, expected), "{path}");
    }
    assert_eq!(export(&caller, json!({"external_ids": ["k", "m"]})).await.len(), 2);
}

/// A plan rests on what every door refuses, too: whoever was erased for good since is not brought back by it.
#[tokio::test]
async fn a_plan_is_stale_when_somebody_was_suppressed() {
    let (_server, caller) = server().await;
    put_anonymous(&caller, "web", "w", json!({})).await;
    let body = identify_alias("sup", "web", "w");
    let plan = plan(&caller, "/users/identify", &body).await;
    put(&caller, json!({"external_id": "sup"})).await;
    let gone = json!({"external_ids": ["sup"], "suppress": true});
    assert_eq!(caller.post("/users/delete", &gone).await.unwrap().json["deleted"], 1);
    stale(&caller, "/users/identify", &plan, &body).await;
    assert!(user_of_alias(&caller, "web", "w").await.unwrap().get("external_id").is_none());
}

/// And on the settings: with `line_convergence = merge` the same request would do more. A dry run then tells the join that
/// comes with it; each has a merge id once it is done.
#[tokio::test]
async fn a_plan_is_stale_when_a_setting_moved_and_tells_what_comes_with_it() {
    let world = world().await;
    let caller = &world.caller;
    let id = line_id(3);
    let body = two(caller).await;
    world.webhook.event("follow", &id, 1_727_600_000_000, "e1").await.unwrap();
    put(caller, json!({"external_id": "m", "native_line_id": id})).await;
    let before = plan(caller, "/users/merge", &body).await;
    let settings = json!({"line_convergence": "merge"});
    assert_eq!(caller.patch("/workspace/settings", &settings).await.unwrap().status, 200);
    stale(caller, "/users/merge", &before, &body).await;
    let told = caller.post("/users/merge?dry_run=true", &body).await.unwrap().json;
    let outcomes = told["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), 2, "{told}");
    assert_eq!(
        (&outcomes[1]["result"], &outcomes[1]["reason"]),
        (&json!("merged"), &json!("line_convergence"))
    );
    assert_eq!((&outcomes[1]["index"], &outcomes[1]["kept"]), (&json!(0), &outcomes[0]["kept"]));
    assert!(outcomes.iter().all(|outcome| outcome["merge_id"].is_null()), "{told}");
    assert_eq!(outcomes[1]["profile"][0]["native_line_id"], json!(id));
    let path = format!("/users/merge?explain=true&plan={}", told["plan"].as_str().unwrap());
    let done = caller.post(&path, &body).await.unwrap();
    assert_eq!((done.status, done.json["outcomes"].as_array().unwrap().len()), (202, 2), "{}", done.text);
    let ids = [0, 1].map(|at| &done.json["outcomes"][at]["merge_id"]);
    assert!(ids[0].is_string() && ids[1].is_string() && ids[0] != ids[1], "{}", done.text);
    assert_eq!(world.profiles(&id).await.unwrap().len(), 1);
    // Each by itself can be undone.
    let merge_id = done.json["outcomes"][1]["merge_id"].as_str().unwrap();
    let undone = caller.post(&format!("/users/merges/{merge_id}/undo"), &json!({})).await.unwrap();
    assert_eq!(undone.status, 200, "{}", undone.text);
}
