//! Subscription groups: the four endpoints of Braze, and groups of our own making.

use testkit::World;

use super::*;

async fn group(caller: &Caller, name: &str, channel: &str) -> String {
    let answer =
        caller.post("/subscription/groups", &json!({"name": name, "channel": channel})).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json["subscription_group_id"].as_str().unwrap().to_owned()
}

async fn set(caller: &Caller, group: &str, state: &str, who: Value) -> testkit::Answer {
    let mut body = json!({"subscription_group_id": group, "subscription_state": state});
    body.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
    caller.post("/subscription/status/set", &body).await.unwrap()
}

async fn status(caller: &Caller, query: &str) -> Value {
    let answer = caller.get(&format!("/subscription/status/get?{query}")).await.unwrap();
    assert_eq!((answer.status, &answer.json["message"]), (200, &json!("success")), "{}", answer.text);
    answer.json["status"].clone()
}

async fn people(caller: &Caller) {
    let body = json!({"attributes": [
        {"external_id": "a", "email": "shared@example.com", "phone": "+819012345678"},
        {"external_id": "b", "email": "Shared@Example.com"},
        {"external_id": "c", "email": "c@example.com"},
        {"external_id": "nobody's address"},
    ]});
    caller.track(&body).await.unwrap();
}

/// SST-1, SST-4, SST-5, SSG-1, SSG-4: whoever holds the address has the state; words are capitalised.
#[tokio::test]
async fn a_state_belongs_to_all_who_hold_the_address() {
    let (_server, caller) = server().await;
    people(&caller).await;
    let news = group(&caller, "News", "email").await;
    let answer = set(&caller, &news, "unsubscribed", json!({"email": "shared@example.com"})).await;
    assert_eq!((answer.status, answer.text.as_str()), (201, r#"{"message":"success"}"#));
    let read = format!("subscription_group_id={news}&external_id[]=a&external_id[]=b&external_id[]=c");
    assert_eq!(
        status(&caller, &read).await,
        json!({"a": "Unsubscribed", "b": "Unsubscribed", "c": "Unknown"})
    );
    // By one of them it is set for both; a user without an address has a state of its own.
    let who = json!({"external_id": ["b", "nobody's address"]});
    assert_eq!(set(&caller, &news, "subscribed", who).await.status, 201);
    assert_eq!(status(&caller, &read).await, json!({"a": "Subscribed", "b": "Subscribed", "c": "Unknown"}));
    let own =
        status(&caller, &format!("subscription_group_id={news}&external_id=nobody%27s%20address")).await;
    assert_eq!(own, json!({"nobody's address": "Subscribed"}));
    // A new holder, and one whose address changes, read what the address has.
    caller
        .track(&json!({"attributes": [{"external_id": "c", "email": "shared@example.com"}]}))
        .await
        .unwrap();
    assert_eq!(status(&caller, &read).await["c"], "Subscribed");
}

/// SST-2, SST-3, SSG-2, SSG-3, SST-1 (limits), CLI-9: exact texts where the reference quotes them.
#[tokio::test]
async fn what_cannot_be_set_or_read_is_refused_by_name() {
    let (_server, caller) = server().await;
    people(&caller).await;
    let (news, texts) = (group(&caller, "News", "email").await, group(&caller, "Texts", "sms").await);
    let both = json!({"email": "c@example.com", "phone": "+819012345678"});
    let answer = set(&caller, &news, "subscribed", both).await;
    let text = r#"{"message":"Either an email address or a phone number should be provided, but not both."}"#;
    assert_eq!((answer.status, answer.text.as_str()), (400, text));
    let unknown = "0192f5c0-0000-7000-8000-000000000000";
    let answer = set(&caller, unknown, "subscribed", json!({"external_id": "a"})).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (400, r#"{"message":"Invalid subscription group ID"}"#)
    );
    let many: Vec<_> = (0..51).map(|number| number.to_string()).collect();
    for (state, who) in [
        ("Subscribed", json!({"external_id": "a"})),
        ("subscribed", json!({})),
        ("subscribed", json!({"external_id": many})),
        ("subscribed", json!({"email": "not an address"})),
        ("subscribed", json!({"external_id": "a", "use_double_opt_in_logic": "yes"})),
    ] {
        let answer = set(&caller, &news, state, who.clone()).await;
        assert_eq!((answer.status, &answer.json["code"]), (400, &json!("field_invalid")), "{who}");
    }
    // SST-3: an email group has no phones, an SMS group no emails. An opt-out must not seem to be taken.
    for (group, who) in
        [(&texts, json!({"email": "c@example.com"})), (&news, json!({"phone": "+819012345678"}))]
    {
        let answer = set(&caller, group, "unsubscribed", who).await;
        assert_eq!((answer.status, &answer.json["code"]), (400, &json!("field_invalid")));
        assert!(answer.json["message"].as_str().unwrap().contains("cannot be used with"), "{}", answer.text);
    }
    // What looks like a preview writes nothing.
    let body =
        json!({"subscription_group_id": news, "subscription_state": "unsubscribed", "external_id": "a"});
    for path in [
        "/subscription/status/set?dry_run=true",
        "/subscription/status/set?plan=x",
        "/users/track?dry_run=true",
    ] {
        let answer = caller.post(path, &body).await.unwrap();
        assert_eq!((answer.status, &answer.json["code"]), (400, &json!("field_invalid")), "{path}");
    }
    let mut dry = body;
    dry["dry_run"] = true.into();
    assert_eq!(caller.post("/subscription/status/set", &dry).await.unwrap().status, 400);
    for query in [
        "external_id=a".to_owned(),
        format!("subscription_group_id={unknown}&external_id=a"),
        format!("subscription_group_id={news}"),
        format!("subscription_group_id={news}&email=c@example.com&phone=%2B819012345678"),
    ] {
        let answer = caller.get(&format!("/subscription/status/get?{query}")).await.unwrap();
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
    }
    // SSG-2: with an external id only that is used.
    let read = format!("subscription_group_id={news}&external_id=a&email=c@example.com");
    assert_eq!(status(&caller, &read).await, json!({"a": "Unknown"}));
    let by_phone = format!("subscription_group_id={texts}&phone=%2B819012345678");
    assert_eq!(status(&caller, &by_phone).await, json!({"+819012345678": "Unknown"}));
}

/// SST-7: nobody is made.
#[tokio::test]
async fn a_state_makes_nobody() {
    let (_server, caller) = server().await;
    let news = group(&caller, "News", "email").await;
    for who in [json!({"external_id": "ghost"}), json!({"email": "ghost@example.com"})] {
        assert_eq!(set(&caller, &news, "subscribed", who).await.status, 201);
    }
    assert!(caller.export(json!({"external_ids": ["ghost"]})).await.unwrap().is_empty());
    assert!(caller.export(json!({"email_address": "ghost@example.com"})).await.unwrap().is_empty());
}

/// SV2-1, SV2-2, SV2-3: several groups in one call, or none if one of them cannot be.
#[tokio::test]
async fn the_second_version_sets_several_groups() {
    let (_server, caller) = server().await;
    people(&caller).await;
    let (news, texts) = (group(&caller, "News", "email").await, group(&caller, "Texts", "sms").await);
    let set = |texts: &str| {
        json!({"subscription_groups": [
            {"subscription_group_id": news, "subscription_state": "unsubscribed", "emails": ["shared@example.com", "c@example.com"]},
            {"subscription_group_id": texts, "subscription_state": "subscribed", "phones": ["+819012345678"], "use_double_opt_in_logic": true},
        ]})
    };
    let wrong = caller.post("/v2/subscription/status/set", &set("x")).await.unwrap();
    assert_eq!(wrong.status, 400);
    let read = format!("subscription_group_id={news}&external_id[]=a&external_id[]=c");
    assert_eq!(status(&caller, &read).await, json!({"a": "Unknown", "c": "Unknown"}));
    let answer = caller.post("/v2/subscription/status/set", &set(&texts)).await.unwrap();
    assert_eq!((answer.status, answer.text.as_str()), (201, r#"{"message":"success"}"#));
    assert_eq!(status(&caller, &read).await, json!({"a": "Unsubscribed", "c": "Unsubscribed"}));
    assert_eq!(
        status(&caller, &format!("subscription_group_id={texts}&external_id=a")).await,
        json!({"a": "Subscribed"})
    );
    let both = json!({"subscription_groups": [{
        "subscription_group_id": news, "subscription_state": "subscribed", "emails": ["c@example.com"], "phones": ["+819012345678"],
    }]});
    assert_eq!(caller.post("/v2/subscription/status/set", &both).await.unwrap().status, 400);
}

/// SUS-1, SUS-2, SUS-3, SUS-4, CLI-10: the shape that clients read; every holder of an email is a user of its own.
#[tokio::test]
async fn groups_of_users_are_told_in_the_shape_clients_read() {
    let (_server, caller) = server().await;
    people(&caller).await;
    let news = group(&caller, "News", "email").await;
    group(&caller, "Never touched", "email").await;
    set(&caller, &news, "subscribed", json!({"email": "shared@example.com"})).await;
    let answer = caller.get("/subscription/user/status?external_id=a").await.unwrap();
    assert_eq!(
        answer.json,
        json!({
            "users": [{
                "email": "shared@example.com", "phone": "+819012345678", "external_id": "a",
                "subscription_groups": [{"id": news, "name": "News", "channel": "email", "status": "Subscribed"}],
            }],
            "total_count": 1, "message": "success", "errors": [],
        })
    );
    let answer =
        caller.get("/subscription/user/status?email=shared@example.com&limit=1&offset=1").await.unwrap();
    assert_eq!((&answer.json["total_count"], answer.json["users"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(answer.json["users"][0]["external_id"], "b");
    for bad in ["", "external_id=a&limit=many"] {
        assert_eq!(caller.get(&format!("/subscription/user/status?{bad}")).await.unwrap().status, 400);
    }
}

/// SSG-5, SUB-1, SUB-4: a global opt-out leaves the groups' values alone.
#[tokio::test]
async fn a_global_opt_out_does_not_change_what_a_group_says() {
    let (_server, caller) = server().await;
    people(&caller).await;
    let news = group(&caller, "News", "email").await;
    set(&caller, &news, "subscribed", json!({"external_id": "c"})).await;
    caller
        .track(&json!({"attributes": [{"external_id": "c", "email_subscribe": "unsubscribed"}]}))
        .await
        .unwrap();
    let users = caller.export(json!({"external_ids": ["c"]})).await.unwrap();
    assert_eq!(users[0]["email_subscribe"], "unsubscribed");
    assert_eq!(
        status(&caller, &format!("subscription_group_id={news}&external_id=c")).await,
        json!({"c": "Subscribed"})
    );
}

/// TRK-13, TRK-14: one call makes a user and sets states, for all who share the email.
#[tokio::test]
async fn track_sets_states_for_all_who_share_the_email() {
    let (_server, caller) = server().await;
    people(&caller).await;
    let news = group(&caller, "News", "email").await;
    let groups = json!([{"subscription_group_id": news, "subscription_state": "unsubscribed", "use_double_opt_in_logic": true}]);
    let body = json!({"attributes": [{"external_id": "new", "email": "shared@example.com", "subscription_groups": groups}]});
    caller.track(&body).await.unwrap();
    let read = format!("subscription_group_id={news}&external_id[]=a&external_id[]=b&external_id[]=new");
    assert_eq!(
        status(&caller, &read).await,
        json!({"a": "Unsubscribed", "b": "Unsubscribed", "new": "Unsubscribed"})
    );
}

/// SST-6, LSB-1, LSB-2, SUB-2: the group of a LINE channel is LINE's to change; the request is answered as ever.
#[tokio::test]
async fn line_groups_ignore_what_customers_send() {
    let world = World::start(env!("CARGO_BIN_EXE_enmusubi")).await.unwrap();
    let group = world.connected["subscription_group_id"].as_str().unwrap();
    let user = testkit::line_id(9);
    world.webhook.event("follow", &user, 1_727_600_000_000, "f").await.unwrap();
    let body = json!({"attributes": [{"external_id": "a", "native_line_id": user}]});
    world.caller.track(&body).await.unwrap();
    let body =
        json!({"subscription_group_id": group, "subscription_state": "unsubscribed", "external_id": "a"});
    let answer = world.caller.post("/subscription/status/set?explain=true", &body).await.unwrap();
    assert_eq!((answer.status, &answer.json["outcomes"][0]["reason"]), (201, &json!("line_group_ignored")));
    assert_eq!(world.state(&user).await.unwrap().as_deref(), Some("subscribed"));
    let read = format!("subscription_group_id={group}&external_id=a");
    assert_eq!(status(&world.caller, &read).await, json!({"a": "Subscribed"}));
    let answer = world
        .caller
        .patch(&format!("/subscription/groups/{group}"), &json!({"archived": true}))
        .await
        .unwrap();
    assert_eq!((answer.status, &answer.json["code"]), (409, &json!("group_of_line")));
}

/// SUB-3, SUB-5: ids are UUIDs, names unique; archived groups stay readable.
#[tokio::test]
async fn groups_are_made_listed_renamed_and_archived() {
    let (_server, caller) = server().await;
    people(&caller).await;
    let news = group(&caller, "News", "email").await;
    assert!(news.len() == 36 && news.matches('-').count() == 4);
    let again =
        caller.post("/subscription/groups", &json!({"name": "News", "channel": "sms"})).await.unwrap();
    assert_eq!((again.status, &again.json["code"]), (409, &json!("group_name_taken")));
    for bad in [
        json!({"name": "", "channel": "email"}),
        json!({"name": "x", "channel": "line"}),
        json!({"name": "x"}),
    ] {
        assert_eq!(caller.post("/subscription/groups", &bad).await.unwrap().status, 400, "{bad}");
    }
    set(&caller, &news, "subscribed", json!({"external_id": "c"})).await;
    let changed = caller
        .patch(&format!("/subscription/groups/{news}"), &json!({"name": "Letters", "archived": true}))
        .await
        .unwrap();
    assert_eq!((&changed.json["name"], &changed.json["archived"]), (&json!("Letters"), &json!(true)));
    let listed = caller.get("/subscription/groups").await.unwrap();
    assert_eq!(listed.json["subscription_groups"].as_array().unwrap().len(), 1);
    assert_eq!(
        status(&caller, &format!("subscription_group_id={news}&external_id=c")).await,
        json!({"c": "Subscribed"})
    );
}
