//! Subscription states, and the addresses that they belong to.

use serde_json::{Value, json};

use super::{Client, FAMILY};
use crate::storm::promise::Promise;

/// States of an own customer by both versions of the call, who then changes address; and of the address that all share.
pub(super) async fn opt(client: &mut Client, turn: usize) {
    let own = client.own("reader", turn + 1_000_000);
    let (before, after) = (format!("{own}@example.com"), format!("{own}@example.org"));
    let phone = client.own_phone(turn);
    let stage = client.stage.clone();
    let object = json!({"external_id": own, "email": before, "phone": phone, "email_subscribe": "opted_in"});
    stage.track(turn, &json!({"attributes": [object]})).await;
    let out = json!({
        "subscription_group_id": stage.news, "subscription_state": "unsubscribed", "external_id": [own],
    });
    stage.post(turn + 1, "/subscription/status/set", &out).await;
    let (texts, news) = (&stage.texts, &stage.news);
    let both = json!({"subscription_groups": [
        {"subscription_group_id": texts, "subscription_state": "subscribed", "phones": [phone]},
        {"subscription_group_id": news, "subscription_state": shared_state(turn), "emails": [FAMILY]},
    ]});
    stage.post(turn, "/v2/subscription/status/set", &both).await;
    let moved = json!({"external_id": own, "email": after});
    let [id, _] = client.shared(turn);
    let wish = ["opted_in", "unsubscribed", "subscribed"][(client.number + turn) % 3];
    let family = json!({"external_id": id, "email": FAMILY, "email_subscribe": wish});
    stage.track(turn + 1, &json!({"attributes": [moved, family]})).await;
    let mut told = |query: String, shows: Value| {
        let path = format!("/subscription/status/get?{query}");
        client.promise(Promise::Told { path, status: 200, shows: json!({"status": shows}) });
    };
    told(format!("subscription_group_id={texts}&external_id={own}"), json!({&own: "Subscribed"}));
    told(format!("subscription_group_id={news}&email={before}"), json!({&before: "Unsubscribed"}));
    told(format!("subscription_group_id={news}&external_id={own}"), json!({&own: "Unknown"}));
    client.promise(Promise::Nobody { by: json!({"email_address": before}) });
    let by = json!({"email_address": after});
    client.promise(Promise::Person { by, shows: json!({"external_id": own, "phone": phone}) });
}

fn shared_state(turn: usize) -> &'static str {
    if turn.is_multiple_of(2) { "subscribed" } else { "unsubscribed" }
}
