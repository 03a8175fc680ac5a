//! `kill -9` in a storm of identity requests: what was acknowledged is there, and every pair is two profiles or one.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::*;

const PAIRS: usize = 2400;

fn pair(number: usize) -> (Value, Value) {
    let anonymous = json!({
        "user_alias": alias("web", &format!("w{number}")), "_update_existing_only": false, "m": number,
        "email": format!("w{number}@example.com"),
    });
    (json!({"external_id": format!("k{number}"), "k": number}), anonymous)
}

/// Joins the two of a pair; whether it was acknowledged.
async fn join(caller: &Caller, number: usize) -> bool {
    let (external_id, name) = (format!("k{number}"), format!("w{number}"));
    let answer = if number.is_multiple_of(2) {
        caller.post("/users/identify", &identify_alias(&external_id, "web", &name)).await
    } else {
        let body =
            merge_body(&json!({"user_alias": alias("web", &name)}), &json!({"external_id": external_id}));
        caller.post("/users/merge", &body).await
    };
    answer.is_ok_and(|answer| matches!(answer.status, 201 | 202))
}

/// Every acknowledged join survives, none is half there: by external id, alias and email, with events and history.
#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_joins_survive_kill_9() {
    let (mut server, caller) = server().await;
    for from in (0..PAIRS).step_by(24) {
        let objects: Vec<_> =
            (from..from + 24).map(pair).flat_map(|(known, anonymous)| [known, anonymous]).collect();
        caller.track(&json!({"attributes": objects})).await.unwrap();
        let events: Vec<_> = (from..from + 24)
            .map(|number| json!({"user_alias": alias("web", &format!("w{number}")), "name": "e", "time": "2099-01-01T00:00:00Z"}))
            .collect();
        caller.track(&json!({"events": events})).await.unwrap();
    }
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (caller, acknowledged) = (caller.clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                for number in (task..PAIRS).step_by(8) {
                    if !join(&caller, number).await {
                        return;
                    }
                    acknowledged.lock().await.insert(number);
                }
            })
        })
        .collect();
    testkit::eventually("enough is acknowledged", 60, async || {
        (acknowledged.lock().await.len() >= 300).then_some(())
    })
    .await
    .unwrap();
    server.kill9().await.unwrap();
    for task in tasks {
        task.await.unwrap();
    }
    let acknowledged = acknowledged.lock().await.clone();
    assert!(acknowledged.len() < PAIRS, "the storm was over before the kill");
    server.restart().await.unwrap();
    let caller = server.caller();
    let last = acknowledged.iter().max().unwrap();
    let mut joined = 0;
    for number in 0..(last + 16).min(PAIRS) {
        let known = user(&caller, &format!("k{number}")).await;
        let other = user_of_alias(&caller, "web", &format!("w{number}")).await.unwrap();
        let email = export(&caller, json!({"email_address": format!("w{number}@example.com")})).await;
        assert_eq!(email, std::slice::from_ref(&other), "pair {number}");
        let is_one = known["braze_id"] == other["braze_id"];
        assert!(is_one || !acknowledged.contains(&number), "pair {number} was acknowledged and is two");
        let (attributes, events) = (&known["custom_attributes"], &other["custom_events"][0]["count"]);
        let expected = if is_one { json!({"k": number, "m": number}) } else { json!({"k": number}) };
        assert_eq!((attributes, events), (&expected, &json!(1)), "pair {number}");
        let path = format!("/users/{}/history", known["braze_id"].as_str().unwrap());
        let history = caller.get(&path).await.unwrap().json["entries"].as_array().unwrap().clone();
        let merges: Vec<_> = history.iter().filter(|entry| entry["kind"] == "merged").collect();
        assert_eq!(merges.len(), usize::from(is_one), "pair {number}");
        // Whole: it can be taken apart.
        if is_one && joined % 20 == 0 {
            undone(&caller, merges[0]["merge_id"].as_str().unwrap()).await;
            let apart = user_of_alias(&caller, "web", &format!("w{number}")).await.unwrap();
            assert_eq!(apart["custom_attributes"], json!({"m": number}));
        }
        joined += usize::from(is_one);
    }
    assert!(joined >= acknowledged.len());
}
