//! What was written between a merge and its undo lands on the side whose identifier carried it.

use super::*;

struct Pair {
    _server: Server,
    caller: Caller,
    kept: Value,
    removed: Value,
    merge: String,
}

/// `m` (alias web:wm, email, phone) merged into `k` (alias app:ak).
async fn merged() -> Pair {
    let (server, caller) = server().await;
    put(&caller, json!({"external_id": "k", "points": 1, "tier": "gold"})).await;
    let object = json!({
        "external_id": "m", "points": 10, "tier": "silver", "email": "m@example.com", "phone": "+819012345678",
    });
    put(&caller, object).await;
    let aliases = [("k", "app", "ak"), ("m", "web", "wm")]
        .map(|(id, label, name)| json!({"external_id": id, "alias_label": label, "alias_name": name}));
    caller.post("/users/alias/new", &json!({"user_aliases": aliases})).await.unwrap();
    let (kept, removed) = (user(&caller, "k").await, user(&caller, "m").await);
    let merge = merge_users(&caller, "m", "k").await;
    Pair { _server: server, caller, kept, removed, merge }
}

impl Pair {
    /// Every way to name each side, with a word for it.
    fn names(&self) -> [(&'static str, &'static str, Value); 8] {
        [
            ("m", "external_id", json!({"external_id": "m"})),
            ("m", "alias", json!({"user_alias": alias("web", "wm")})),
            ("m", "braze_id", json!({"braze_id": self.removed["braze_id"]})),
            ("m", "email", json!({"email": "m@example.com"})),
            ("m", "phone", json!({"phone": "+819012345678"})),
            ("k", "external_id", json!({"external_id": "k"})),
            ("k", "alias", json!({"user_alias": alias("app", "ak")})),
            ("k", "braze_id", json!({"braze_id": self.kept["braze_id"]})),
        ]
    }
}

fn with(name: &Value, more: Value) -> Value {
    let mut object = name.clone();
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

/// Attributes by every identifier of either side; operators count once, on their side.
#[tokio::test]
async fn attributes_land_on_the_side_that_was_named() {
    let pair = merged().await;
    let caller = &pair.caller;
    for (side, word, name) in pair.names() {
        put(caller, with(&name, json!({format!("{side}_{word}"): true, "points": {"inc": 1}}))).await;
    }
    caller.import("external_id,m_csv\nm,x\n").await.unwrap();
    assert_eq!(user(caller, "k").await["custom_attributes"]["points"], 1 + 8);
    undone(caller, &pair.merge).await;
    let expected =
        json!({"points": 4, "tier": "gold", "k_external_id": true, "k_alias": true, "k_braze_id": true});
    assert_eq!(user(caller, "k").await["custom_attributes"], expected);
    let expected = json!({
        "points": 15, "tier": "silver", "m_external_id": true, "m_alias": true, "m_braze_id": true, "m_email": true,
        "m_phone": true, "m_csv": "x",
    });
    assert_eq!(user(caller, "m").await["custom_attributes"], expected);
}

/// Events and purchases by every identifier, and the summaries of both sides afterwards.
#[tokio::test]
async fn events_and_purchases_land_on_the_side_that_was_named() {
    let pair = merged().await;
    let caller = &pair.caller;
    for (_, _, name) in pair.names() {
        occur(caller, "events", with(&name, json!({"name": "seen"}))).await;
        occur(caller, "purchases", with(&name, json!({"product_id": "p", "price": 100}))).await;
    }
    let one = user(caller, "k").await;
    assert_eq!((&one["custom_events"][0]["count"], &one["total_revenue"]), (&json!(8), &json!(800)));
    undone(caller, &pair.merge).await;
    for (id, count) in [("k", 3), ("m", 5)] {
        let user = user(caller, id).await;
        assert_eq!(user["custom_events"][0]["count"], count, "{id}");
        assert_eq!(user["purchases"][0]["count"], count, "{id}");
        assert_eq!(user["total_revenue"], count * 100, "{id}");
    }
}

/// Standard fields, values cleared, an email changed: each on its side, and look-ups with it.
#[tokio::test]
async fn cleared_and_changed_values_land_on_their_side() {
    let pair = merged().await;
    let caller = &pair.caller;
    put(caller, json!({"external_id": "m", "first_name": "Mia", "tier": null, "phone": null})).await;
    put(caller, json!({"external_id": "k", "first_name": "Kai", "email": "k@example.com"})).await;
    undone(caller, &pair.merge).await;
    let (kept, removed) = (user(caller, "k").await, user(caller, "m").await);
    assert_eq!((&kept["first_name"], &kept["email"]), (&json!("Kai"), &json!("k@example.com")));
    assert_eq!((kept.get("phone"), &kept["custom_attributes"]["tier"]), (None, &json!("gold")));
    assert_eq!((&removed["first_name"], &removed["email"]), (&json!("Mia"), &json!("m@example.com")));
    assert_eq!((removed.get("phone"), &removed["custom_attributes"]), (None, &json!({"points": 10})));
    for (email, id) in [("k@example.com", "k"), ("m@example.com", "m")] {
        let users = export(caller, json!({"email_address": email})).await;
        assert_eq!((users.len(), &users[0]["external_id"]), (1, &json!(id)));
    }
    assert!(export(caller, json!({"phone": "+819012345678"})).await.is_empty());
}

/// Aliases added and renamed, on their side; what they carried later, too.
#[tokio::test]
async fn aliases_added_and_renamed_stay_with_their_side() {
    let pair = merged().await;
    let caller = &pair.caller;
    let new = json!({"external_id": "k", "alias_label": "shop", "alias_name": "sk"});
    caller.post("/users/alias/new", &json!({"user_aliases": [new]})).await.unwrap();
    let updates = json!([
        {"alias_label": "web", "old_alias_name": "wm", "new_alias_name": "wm2"},
        {"alias_label": "app", "old_alias_name": "ak", "new_alias_name": "ak2"},
    ]);
    caller.post("/users/alias/update", &json!({"alias_updates": updates})).await.unwrap();
    for (label, name) in [("shop", "sk"), ("web", "wm2"), ("app", "ak2")] {
        put(caller, json!({"user_alias": alias(label, name), label: true})).await;
        occur(caller, "events", json!({"user_alias": alias(label, name), "name": label})).await;
    }
    undone(caller, &pair.merge).await;
    let (kept, removed) = (user(caller, "k").await, user(caller, "m").await);
    assert_eq!(kept["user_aliases"], json!([alias("app", "ak2"), alias("shop", "sk")]));
    assert_eq!(removed["user_aliases"], json!([alias("web", "wm2")]));
    assert_eq!(kept["custom_attributes"], json!({"app": true, "points": 1, "shop": true, "tier": "gold"}));
    assert_eq!(removed["custom_attributes"], json!({"points": 10, "tier": "silver", "web": true}));
    let names = |user: &Value| {
        let events = user["custom_events"].as_array().unwrap().clone();
        events.into_iter().map(|event| event["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (names(&kept), names(&removed)),
        (vec!["app".to_owned(), "shop".into()], vec!["web".to_owned()])
    );
    assert_eq!(user_of_alias(caller, "web", "wm").await, None);
}

/// A rename of the survivor stays a rename; what its new id carried is its own.
#[tokio::test]
async fn a_renamed_survivor_stays_renamed() {
    let pair = merged().await;
    let caller = &pair.caller;
    let rename = json!({"current_external_id": "k", "new_external_id": "k2"});
    caller.post("/users/external_ids/rename", &json!({"external_id_renames": [rename]})).await.unwrap();
    put(caller, json!({"external_id": "k2", "after": 1})).await;
    put(caller, json!({"external_id": "k", "old": 1})).await;
    undone(caller, &pair.merge).await;
    for id in ["k", "k2"] {
        let user = user(caller, id).await;
        assert_eq!((&user["external_id"], &user["braze_id"]), (&json!("k2"), &pair.kept["braze_id"]));
        assert_eq!(user["custom_attributes"], json!({"after": 1, "old": 1, "points": 1, "tier": "gold"}));
    }
    assert_eq!(user(caller, "m").await, pair.removed);
}

/// An external id given to the survivor after the merge is not lost: it stays with the side whose alias it was given
/// by, and with what it carried.
#[tokio::test]
async fn an_external_id_given_after_the_merge_is_not_lost() {
    for (by, holder, other) in [("a", "a", "b"), ("b", "b", "a")] {
        let (_server, caller) = server().await;
        put_anonymous(&caller, "one", "a", json!({})).await;
        put_anonymous(&caller, "two", "b", json!({})).await;
        let sides = [json!({"user_alias": alias("one", "a")}), json!({"user_alias": alias("two", "b")})];
        let outcome = merge(&caller, sides[0].clone(), sides[1].clone()).await;
        let label = |name: &str| if name == "a" { "one" } else { "two" };
        assert_eq!(identify(&caller, &identify_alias("ann", label(by), by)).await.0, "identified");
        put(&caller, json!({"external_id": "ann", "tier": "gold"})).await;
        occur(&caller, "events", json!({"external_id": "ann", "name": "seen"})).await;
        undone(&caller, outcome["merge_id"].as_str().unwrap()).await;
        let ann = user(&caller, "ann").await;
        assert_eq!(ann["user_aliases"], json!([alias(label(holder), holder)]));
        assert_eq!(
            (&ann["custom_attributes"], &ann["custom_events"][0]["count"]),
            (&json!({"tier": "gold"}), &json!(1))
        );
        let other = user_of_alias(&caller, label(other), other).await.unwrap();
        assert_eq!((other.get("external_id"), &other["custom_events"]), (None, &json!([])));
    }
}

/// A customer merged into a follower, who then is identified as that customer: undo gives the id back to the customer.
#[tokio::test]
async fn a_follower_identified_by_the_merged_id_gives_it_back() {
    let (_server, caller) = server().await;
    put(&caller, json!({"external_id": "ann", "tier": "gold"})).await;
    put_anonymous(&caller, "web", "w", json!({})).await;
    let before = (user(&caller, "ann").await, user_of_alias(&caller, "web", "w").await);
    let outcome =
        merge(&caller, json!({"external_id": "ann"}), json!({"user_alias": alias("web", "w")})).await;
    assert_eq!(identify(&caller, &identify_alias("ann", "web", "w")).await.0, "identified");
    assert_eq!(user(&caller, "ann").await["braze_id"], outcome["kept"]);
    undone(&caller, outcome["merge_id"].as_str().unwrap()).await;
    assert_eq!((user(&caller, "ann").await, user_of_alias(&caller, "web", "w").await), before);
}

/// Nested: what was written to the whole goes to its side at each undo.
#[tokio::test]
async fn writes_go_home_through_nested_undos() {
    let pair = merged().await;
    let caller = &pair.caller;
    put(caller, json!({"external_id": "m", "first": 1})).await;
    put(caller, json!({"external_id": "top"})).await;
    let outer = merge_users(caller, "k", "top").await;
    for id in ["top", "k", "m"] {
        put(caller, json!({"external_id": id, "last": id})).await;
        occur(caller, "events", json!({"external_id": id, "name": id})).await;
    }
    undone(caller, &outer).await;
    let (top, inner) = (user(caller, "top").await, user(caller, "k").await);
    assert_eq!(top["custom_attributes"], json!({"last": "top"}));
    assert_eq!(inner["custom_attributes"]["last"], "m");
    assert_eq!(inner["custom_events"].as_array().unwrap().len(), 2);
    undone(caller, &pair.merge).await;
    let (kept, removed) = (user(caller, "k").await, user(caller, "m").await);
    assert_eq!(kept["custom_attributes"], json!({"last": "k", "points": 1, "tier": "gold"}));
    assert_eq!(
        removed["custom_attributes"],
        json!({"first": 1, "last": "m", "points": 10, "tier": "silver"})
    );
    for (user, id) in [(&kept, "k"), (&removed, "m"), (&top, "top")] {
        assert_eq!(user["custom_events"].as_array().unwrap().len(), 1, "{id}");
        assert_eq!(user["custom_events"][0]["name"], id);
    }
}
