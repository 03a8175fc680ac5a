//! Parked groups: listed, released, dismissed for good, moot.

use super::*;

async fn park_two(caller: &Caller) -> Value {
    for id in ["ann", "ben"] {
        put(caller, json!({"external_id": id, "email": "one@example.com", id: 1})).await;
    }
    assert_eq!(counts(&run(caller, json!({"by": "email"})).await), [1, 0, 0, 1]);
    let groups = parked(caller).await;
    assert_eq!(groups.len(), 1);
    groups[0].clone()
}

async fn review(caller: &Caller, group: &Value, verb: &str) -> testkit::Answer {
    let path = format!("/users/duplicates/parked/{}/{verb}", group["id"].as_str().unwrap());
    caller.post(&path, &json!({})).await.unwrap()
}

/// A released group is merged in spite of its guards, keeping whom DUP-2 keeps; the merge can be undone.
#[tokio::test]
async fn a_released_group_is_merged() {
    let (_server, caller) = server().await;
    let group = park_two(&caller).await;
    let ben = user(&caller, "ben").await;
    let answer = review(&caller, &group, "release").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!((&answer.json["state"], &answer.json["kept"]), (&json!("released"), &ben["braze_id"]));
    assert_eq!(user(&caller, "ben").await["custom_attributes"], json!({"ann": 1, "ben": 1}));
    assert_eq!(parked(&caller).await, Vec::<Value>::new());
    for verb in ["release", "dismiss"] {
        let again = review(&caller, &group, verb).await;
        assert_eq!((again.status, &again.json["code"]), (404, &json!("parked_unknown")));
    }
    let undo = format!("/users/merges/{}/undo", answer.json["merge_ids"][0].as_str().unwrap());
    assert_eq!(caller.post(&undo, &json!({})).await.unwrap().status, 200);
    assert_eq!(user(&caller, "ben").await, ben);
}

/// A dismissed group is never parked nor merged by a rule again, also with `merge_identified`.
#[tokio::test]
async fn a_dismissed_group_is_left_alone_for_good() {
    let (_server, caller) = server().await;
    let group = park_two(&caller).await;
    let answer = review(&caller, &group, "dismiss").await;
    assert_eq!((answer.status, &answer.json["state"]), (200, &json!("dismissed")), "{}", answer.text);
    assert_eq!(parked(&caller).await, Vec::<Value>::new());
    put_anonymous(&caller, "w", json!({"email": "one@example.com"})).await;
    for identified in [false, true] {
        let job = run(&caller, json!({"by": "email", "merge_identified": identified})).await;
        assert_eq!(counts(&job), [1, 0, 0, 0]);
    }
    let found = groups(&caller, "by=email").await;
    assert_eq!((&found[0]["reason"], &found[0]["would_merge"]), (&json!("dismissed"), &json!(false)));
    assert_eq!(parked(&caller).await, Vec::<Value>::new());
}

/// Parked before, a group keeps its id; one that has nobody left to be joined is gone.
#[tokio::test]
async fn a_parked_group_keeps_its_id_until_it_is_moot() {
    let (_server, caller) = server().await;
    let group = park_two(&caller).await;
    run(&caller, json!({"by": "email"})).await;
    assert_eq!(parked(&caller).await, std::slice::from_ref(&group));
    put(&caller, json!({"external_id": "cyd", "email": "one@example.com"})).await;
    run(&caller, json!({"by": "email"})).await;
    let grown = parked(&caller).await;
    assert_eq!(
        (grown.len(), &grown[0]["id"], grown[0]["members"].as_array().unwrap().len()),
        (1, &group["id"], 3)
    );
    let gone = caller.post("/users/delete", &json!({"external_ids": ["ann"]})).await.unwrap();
    assert_eq!(gone.json["deleted"], 1);
    assert_eq!(parked(&caller).await[0]["members"].as_array().unwrap().len(), 2);
    caller.post("/users/delete", &json!({"external_ids": ["ben"]})).await.unwrap();
    assert_eq!(parked(&caller).await, Vec::<Value>::new());
}

async fn merge(caller: &Caller, from: &str, to: &str) {
    let update =
        json!({"identifier_to_merge": {"external_id": from}, "identifier_to_keep": {"external_id": to}});
    let answer = caller.post("/users/merge", &json!({"merge_updates": [update]})).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text);
}

/// When fewer than two members are left, it goes: at once where a person merges them, with the next run where they have
/// other addresses now. A release of it is no success.
#[tokio::test]
async fn a_group_that_is_one_already_waits_no_more() {
    let (_server, caller) = server().await;
    let group = park_two(&caller).await;
    merge(&caller, "ann", "ben").await;
    assert_eq!(parked(&caller).await, Vec::<Value>::new());
    let answer = review(&caller, &group, "release").await;
    assert_eq!((answer.status, &answer.json["code"]), (404, &json!("parked_unknown")));
    for id in ["cyd", "dan"] {
        put(&caller, json!({"external_id": id, "email": "two@example.com"})).await;
    }
    run(&caller, json!({"by": "email"})).await;
    let group = parked(&caller).await.remove(0);
    put(&caller, json!({"external_id": "cyd", "email": "cyd@example.com"})).await;
    let answer = review(&caller, &group, "release").await;
    assert_eq!((answer.status, &answer.json["code"]), (404, &json!("parked_unknown")), "{}", answer.text);
    put(&caller, json!({"external_id": "cyd", "email": "two@example.com"})).await;
    run(&caller, json!({"by": "email"})).await;
    assert_eq!(parked(&caller).await.len(), 1);
    put(&caller, json!({"external_id": "cyd", "email": "cyd@example.com"})).await;
    assert_eq!(counts(&run(&caller, json!({"by": "email"})).await), [0, 0, 0, 0]);
    assert_eq!(parked(&caller).await, Vec::<Value>::new());
}

/// More than a hundred are not joined at once, and a release does not say that they were.
#[tokio::test]
async fn a_release_of_more_than_a_hundred_is_refused() {
    let (server, caller) = server().await;
    for from in (0..102).step_by(51) {
        let objects: Vec<_> = (from..from + 51)
            .map(|number| json!({"external_id": format!("x{number}"), "email": "family@example.com"}))
            .collect();
        caller.track(&json!({"attributes": objects})).await.unwrap();
    }
    run(&caller, json!({"by": "email"})).await;
    let group = parked(&caller).await.remove(0);
    let answer = review(&caller, &group, "release").await;
    assert_eq!((answer.status, &answer.json["code"]), (409, &json!("group_too_large")), "{}", answer.text);
    assert_eq!(parked(&caller).await, std::slice::from_ref(&group));
    let id = group["id"].as_str().unwrap();
    let (code, _, complaint) = server.command(&["duplicates", "release", id]).await.unwrap();
    assert!(code == 1 && complaint.contains("more than 100 profiles"), "{code} {complaint}");
    assert_eq!(review(&caller, &group, "dismiss").await.status, 200);
}
