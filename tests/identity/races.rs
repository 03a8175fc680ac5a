//! Identity operations at the same time as others: the result is that of some order, nothing is lost, nothing is 5xx.

use futures_util::future::{join, join_all, join3};

use super::*;

const ROUNDS: usize = 100;

async fn ok(caller: &Caller, path: &str, body: Value) {
    let answer = caller.post(path, &body).await.unwrap();
    assert!(matches!(answer.status, 201 | 202), "{path}: {} {}", answer.status, answer.text);
}

fn update(from: &str, to: &str) -> Value {
    merge_body(&json!({"external_id": from}), &json!({"external_id": to}))
}

/// Two merges that share a profile: one person, or (where one merged the id away first) the right two.
#[tokio::test(flavor = "multi_thread")]
async fn merges_that_share_a_profile_end_as_some_order_would() {
    let (_server, caller) = server().await;
    for round in 0..ROUNDS {
        let [a, b, c] = ["a", "b", "c"].map(|name| format!("{name}{round}"));
        let objects: Vec<_> = [&a, &b, &c].map(|id| json!({"external_id": id, &id[..1]: 1})).into();
        caller.track(&json!({"attributes": objects})).await.unwrap();
        let events =
            [&a, &b, &c].map(|id| json!({"external_id": id, "name": "e", "time": "2099-01-01T00:00:00Z"}));
        caller.track(&json!({"events": events})).await.unwrap();
        // a into b with b into c; a into b with a into c; a into b with b into a.
        let (first, second) = match round % 3 {
            0 => (update(&a, &b), update(&b, &c)),
            1 => (update(&a, &b), update(&a, &c)),
            _ => (update(&a, &b), update(&b, &a)),
        };
        join(ok(&caller, "/users/merge", first), ok(&caller, "/users/merge", second)).await;
        let answer = caller
            .post("/users/export/ids", &json!({"external_ids": [a, b, c], "fields_to_export": FIELDS}))
            .await
            .unwrap();
        let users = answer.json["users"].as_array().unwrap();
        let told = answer.json["merged_ids"].as_array().map_or(0, Vec::len);
        // Kind 0 in either order: c is all three, or b went first and a, whose b is merged away, is alone.
        let possible: &[usize] = if round % 3 == 0 { &[1, 2] } else { &[2] };
        assert!(possible.contains(&users.len()), "round {round}: {}", answer.text);
        assert_eq!(users.len() + told, 3, "round {round}: each id is somebody's");
        let sum = |read: &dyn Fn(&Value) -> u64| users.iter().map(read).sum::<u64>();
        let attributes = sum(&|user| user["custom_attributes"].as_object().map_or(0, |all| all.len() as u64));
        let events = sum(&|user| user["custom_events"][0]["count"].as_u64().unwrap_or(0));
        assert_eq!((attributes, events), (3, 3), "round {round}: {}", answer.text);
    }
}

/// A merge beside writes to both sides: nothing is lost, and the undo gives each side its own.
#[tokio::test(flavor = "multi_thread")]
async fn writes_beside_a_merge_are_not_lost_and_go_home_at_the_undo() {
    let (_server, caller) = server().await;
    for round in 0..ROUNDS {
        let [k, m] = ["k", "m"].map(|name| format!("{name}{round}"));
        let objects = json!([{"external_id": k, "points": 0}, {"external_id": m, "points": 0}]);
        caller.track(&json!({"attributes": objects})).await.unwrap();
        let write = async |id: &String, number: usize| {
            let event = json!({"external_id": id, "name": "e", "time": "2099-01-01T00:00:00Z"});
            let attributes =
                json!({"external_id": id, "points": {"inc": 1}, format!("{}{number}", &id[..1]): number});
            let body = json!({"attributes": [attributes], "events": [event]});
            let answer = caller.track(&body).await.unwrap();
            assert!(answer.json.get("errors").is_none(), "{}", answer.text);
        };
        let outcome = join3(
            join_all((0..3).map(|number| write(&k, number))),
            explained(&caller, "/users/merge", &update(&m, &k)),
            join_all((0..3).map(|number| write(&m, number))),
        )
        .await
        .1
        .remove(0);
        let one = user(&caller, &k).await;
        let names: Vec<_> = one["custom_attributes"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["k0", "k1", "k2", "m0", "m1", "m2", "points"], "round {round}");
        assert_eq!(one["custom_events"][0]["count"], 6, "round {round}");
        undone(&caller, outcome["merge_id"].as_str().unwrap()).await;
        for (id, side) in [(&k, "k"), (&m, "m")] {
            let user = user(&caller, id).await;
            let names = [0, 1, 2].map(|number| (format!("{side}{number}"), json!(number)));
            let mut expected: serde_json::Map<_, _> = names.into_iter().collect();
            expected.insert("points".into(), json!(3));
            assert_eq!(user["custom_attributes"], Value::Object(expected), "round {round}");
            assert_eq!(user["custom_events"][0]["count"], 3, "round {round}");
        }
    }
}

/// A follow beside an identify by the alias it makes: the follower has one profile, identified or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_follow_beside_an_identify_leaves_one_follower() {
    let world = world().await;
    for round in 0..ROUNDS {
        let id = line_id(7000 + u32::try_from(round).unwrap());
        let external_id = format!("e{round}");
        if round % 2 == 0 {
            put(&world.caller, json!({"external_id": external_id})).await;
        }
        let body = identify_alias(&external_id, "line_id", &id);
        let event = format!("race-{round}");
        let (followed, outcomes) = join(
            world.webhook.event("follow", &id, 1_727_600_000_000, &event),
            explained(&world.caller, "/users/identify", &body),
        )
        .await;
        followed.unwrap();
        let profiles = world.profiles(&id).await.unwrap();
        assert_eq!(profiles.len(), 1, "round {round}");
        assert_eq!(profiles[0]["user_aliases"], json!([alias("line_id", &id)]));
        assert_eq!(profiles[0]["line"][0]["state"], "subscribed");
        let identified = match outcomes[0]["result"].as_str().unwrap() {
            "merged" | "identified" => Some(&external_id[..]),
            "nothing" => None,
            other => panic!("{other}"),
        };
        assert_eq!(profiles[0].get("external_id").and_then(Value::as_str), identified, "round {round}");
    }
}

/// Merges and undos beside look-ups: by whatever identifier, a person is found at every moment.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_merged_and_comes_back_is_never_nobody() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "k"})).await;
    put_anonymous(&caller, "web", "m", json!({"email": "m@example.com"})).await;
    let id = user_of_alias(&caller, "web", "m").await.unwrap()["braze_id"].clone();
    let update = merge_body(&json!({"user_alias": alias("web", "m")}), &json!({"external_id": "k"}));
    let done = std::sync::atomic::AtomicBool::new(false);
    let moving = async {
        for _ in 0..ROUNDS / 3 {
            let outcome = explained(&caller, "/users/merge", &update).await.remove(0);
            undone(&caller, outcome["merge_id"].as_str().unwrap()).await;
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let history = format!("/users/{}/history", id.as_str().unwrap());
    let looking = join_all((0..4).map(async |_| {
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            let found = caller.get(&history).await.unwrap();
            assert_eq!(found.status, 200, "{}", found.text);
            for by in [
                json!({"braze_id": id}),
                json!({"user_aliases": [alias("web", "m")]}),
                json!({"email_address": "m@example.com"}),
            ] {
                assert_eq!(export(&caller, by.clone()).await.len(), 1, "{by}");
            }
        }
    }));
    join(moving, looking).await;
}
