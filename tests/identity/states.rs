//! Email states on a merge (`MF-4`): they follow the address, and nobody who opted out is subscribed by a merge.

use super::*;

async fn state(caller: &Caller, external_id: &str) -> Value {
    user(caller, external_id).await["email_subscribe"].clone()
}

/// MF-4: an address that is taken over brings its state.
#[tokio::test]
async fn an_address_brings_its_state() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "k", "email_subscribe": "opted_in"})).await;
    put(&caller, json!({"external_id": "m", "email": "m@example.com", "email_subscribe": "unsubscribed"}))
        .await;
    let merge = merge_users(&caller, "m", "k").await;
    assert_eq!(state(&caller, "k").await, "unsubscribed");
    undone(&caller, &merge).await;
    assert_eq!(
        (state(&caller, "k").await, state(&caller, "m").await),
        (json!("opted_in"), json!("unsubscribed"))
    );
}

/// MF-4: an opt-out given without an address holds for the address from now on, for all who share it; undo gives the
/// state back.
#[tokio::test]
async fn an_opt_out_without_an_address_holds_for_the_survivors() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "k", "email": "k@example.com", "email_subscribe": "opted_in"})).await;
    put(&caller, json!({"external_id": "same", "email": "k@example.com"})).await;
    put(&caller, json!({"external_id": "m", "email_subscribe": "unsubscribed"})).await;
    let merge = merge_users(&caller, "m", "k").await;
    for external_id in ["k", "same"] {
        assert_eq!(state(&caller, external_id).await, "unsubscribed");
    }
    undone(&caller, &merge).await;
    for (external_id, expected) in [("k", "opted_in"), ("same", "opted_in"), ("m", "unsubscribed")] {
        assert_eq!(state(&caller, external_id).await, expected, "{external_id}");
    }
}

/// MF-4: an opt-in given without an address fills a gap and never overrules an opt-out.
#[tokio::test]
async fn an_opt_in_fills_a_gap_and_overrules_nothing() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "k", "email": "k@example.com"})).await;
    put(&caller, json!({"external_id": "out", "email": "o@example.com", "email_subscribe": "unsubscribed"}))
        .await;
    for (from, to, expected) in [("a", "k", "opted_in"), ("b", "out", "unsubscribed")] {
        put(&caller, json!({"external_id": from, "email_subscribe": "opted_in"})).await;
        merge_users(&caller, from, to).await;
        assert_eq!(state(&caller, to).await, expected);
    }
}

/// MF-4: a state that somebody set after the merge stays at an undo.
#[tokio::test]
async fn a_state_set_after_the_merge_stays_at_an_undo() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "k", "email": "k@example.com"})).await;
    put(&caller, json!({"external_id": "m", "email_subscribe": "unsubscribed"})).await;
    let merge = merge_users(&caller, "m", "k").await;
    put(&caller, json!({"external_id": "k", "email_subscribe": "opted_in"})).await;
    undone(&caller, &merge).await;
    assert_eq!(
        (state(&caller, "k").await, state(&caller, "m").await),
        (json!("opted_in"), json!("unsubscribed"))
    );
}

/// MF-4: two without an address: an opt-out of either stays one, on the profile itself.
#[tokio::test]
async fn an_opt_out_of_either_stays_where_nobody_has_an_address() {
    let (_server, caller) = server().await;
    for (from, to) in [("m1", "k1"), ("k2", "m2")] {
        put(&caller, json!({"external_id": from, "email_subscribe": "unsubscribed"})).await;
        put(&caller, json!({"external_id": to, "email_subscribe": "opted_in"})).await;
    }
    for (from, to) in [("m1", "k1"), ("m2", "k2")] {
        merge_users(&caller, from, to).await;
        assert_eq!(state(&caller, to).await, "unsubscribed");
    }
}

/// A group for email; its id.
async fn email_group(caller: &Caller) -> String {
    let body = json!({"name": "news", "channel": "email"});
    let answer = caller.post("/subscription/groups", &body).await.unwrap();
    answer.json["subscription_group_id"].as_str().unwrap().to_owned()
}

async fn group_state(caller: &Caller, group: &str, external_id: &str) -> Value {
    let path = format!("/subscription/status/get?subscription_group_id={group}&external_id={external_id}");
    caller.get(&path).await.unwrap().json["status"][external_id].clone()
}

/// SST, SV2, issue 3, 4: an opt-out between merge and undo stays with whom the request named, by either version.
#[tokio::test]
async fn a_group_that_was_left_since_the_merge_stays_left() {
    let (_server, caller) = server().await;
    let group = email_group(&caller).await;
    let one = json!({"subscription_group_id": group, "subscription_state": "unsubscribed"});
    for (named, other, second) in [("b", "a", false), ("c", "d", true)] {
        for id in [named, other] {
            put(&caller, json!({"external_id": id})).await;
        }
        let merge = merge_users(&caller, other, named).await;
        let mut set = one.clone();
        let path = if second {
            set["external_ids"] = json!([named]);
            set = json!({"subscription_groups": [set]});
            "/v2/subscription/status/set"
        } else {
            set["external_id"] = json!([named]);
            "/subscription/status/set"
        };
        let answer = caller.post(path, &set).await.unwrap();
        assert!(matches!(answer.status, 201 | 202), "{}", answer.text);
        undone(&caller, &merge).await;
        assert_eq!(group_state(&caller, &group, named).await, "Unsubscribed");
        assert_eq!(group_state(&caller, &group, other).await, "Unknown");
    }
}

/// Issue 3, 4: an opt-out said again since the merge, beside a removed address, or from before the merge with an
/// address given since: after an undo nobody is subscribed who was not.
#[tokio::test]
async fn opt_outs_since_a_merge_outlive_its_undo() {
    let (_server, caller) = server().await;
    let out = |id: &str| json!({"external_id": id, "email_subscribe": "unsubscribed"});
    put(&caller, out("i")).await;
    put(&caller, json!({"external_id": "j", "email": "j@example.com", "email_subscribe": "opted_in"})).await;
    put(&caller, json!({"external_id": "a", "email": "a@example.com"})).await;
    put(&caller, json!({"external_id": "b"})).await;
    put(&caller, out("c")).await;
    put(&caller, json!({"external_id": "d", "email": "d@example.com"})).await;
    put(&caller, json!({"external_id": "e"})).await;
    put(&caller, json!({"external_id": "f", "email_subscribe": "opted_in"})).await;
    let mut merges = Vec::new();
    for (from, to) in [("i", "j"), ("a", "b"), ("c", "d"), ("e", "f")] {
        merges.push(merge_users(&caller, from, to).await);
    }
    put(&caller, out("j")).await;
    put(&caller, json!({"external_id": "a", "email": null, "email_subscribe": "unsubscribed"})).await;
    put(&caller, json!({"external_id": "c", "email": "d@example.com"})).await;
    put(&caller, json!({"external_id": "e", "email": "e@example.com"})).await;
    for merge in merges {
        undone(&caller, &merge).await;
    }
    let expected = [
        ("i", "unsubscribed"),
        ("j", "unsubscribed"),
        ("a", "unsubscribed"),
        ("b", "subscribed"),
        ("c", "unsubscribed"),
        ("d", "unsubscribed"),
        ("e", "subscribed"),
        ("f", "opted_in"),
    ];
    for (external_id, expected) in expected {
        assert_eq!(state(&caller, external_id).await, expected, "{external_id}");
    }
}

/// IDF-13: `none` fills nothing, and an opt-out is not lost by that; what is lost is told.
#[tokio::test]
async fn identify_without_filling_keeps_the_opt_out() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "e"})).await;
    let object = json!({"email_subscribe": "unsubscribed", "push_subscribe": "opted_in"});
    put_anonymous(&caller, "web", "m", object).await;
    let mut body = identify_alias("e", "web", "m");
    body["merge_behavior"] = json!("none");
    let outcomes = explained(&caller, "/users/identify", &body).await;
    assert_eq!(outcomes[0]["dropped"], json!([{"field": "push_subscribe", "value": "opted_in"}]));
    assert_eq!(state(&caller, "e").await, "unsubscribed");
}
