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
