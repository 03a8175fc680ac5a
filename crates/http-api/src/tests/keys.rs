//! Keys (issue of keys: `GEN-1`, `GEN-3`, `CLI-3`, section 0.3): whose, for what, from where.

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{Method, header};
use serde_json::json;

use super::{Answer, Api, JSON, KEY};
use crate::{ApiState, Edge, router};

const TRACK: (Method, &str) = (Method::POST, "/users/track");

/// Tracks with this `Authorization`, from `peer`, through proxies that say `forwarded`.
async fn from(api: &Api, proxies: &str, (peer, forwarded): (&str, Option<&str>), key: &str) -> u16 {
    let edge = Edge::new(proxies.parse().unwrap());
    let router = router(ApiState { edge, ..api.state.clone() });
    let body = json!({"attributes": [{"external_id": "a"}]}).to_string();
    let mut request = Request::post(TRACK.1)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .extension(ConnectInfo(std::net::SocketAddr::new(peer.parse().unwrap(), 4711)));
    if let Some(forwarded) = forwarded {
        request = request.header("x-forwarded-for", forwarded);
    }
    Answer::of(&router, request.body(Body::from(body)).unwrap()).await.status.as_u16()
}

/// CLI-3, GEN-1: whatever is not a key that we know is answered alike, byte for byte.
#[tokio::test]
async fn missing_malformed_wrong_and_revoked_keys_are_answered_alike() {
    let api = Api::start().await;
    let revoked = api.store.create_key("default", "k", Vec::new(), Vec::new()).await.unwrap();
    api.store.revoke_key(&revoked.stored.id.to_string()).await.unwrap();
    let values = [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some(KEY.to_owned()),
        Some(format!("Basic {KEY}")),
        Some(format!("Bearer \"{KEY}\"")),
        Some(format!("Bearer {KEY}x")),
        Some(format!("Bearer {} ", KEY.to_uppercase())),
        Some(format!("Bearer {KEY} {KEY}")),
        Some(format!("Bearer {}", revoked.secret)),
        Some(format!("Bearer {}", revoked.stored.id)),
    ];
    for value in values {
        let headers = [JSON, (header::AUTHORIZATION, value.as_deref().unwrap_or_default())];
        let answer = api.send(TRACK, None, headers, "{}").await;
        let text = r#"{"message":"Invalid API key"}"#;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (401, text), "{value:?}");
    }
    let odd = Request::post(TRACK.1).header(header::AUTHORIZATION, &b"Bearer \xff"[..]);
    assert_eq!(Answer::of(&api.router, odd.body(Body::empty()).unwrap()).await.status, 401);
}

/// GEN-3: a key opens its own workspace and nothing of another.
#[tokio::test]
async fn a_key_of_another_workspace_sees_nothing_of_this_one() {
    let api = Api::start().await;
    api.store.create_workspace("other").await.unwrap();
    let other = api.store.create_key("other", "k", Vec::new(), Vec::new()).await.unwrap().secret;
    let body = json!({"attributes": [{"external_id": "a", "email": "a@example.com"}]}).to_string();
    assert_eq!(api.send(TRACK, Some(KEY), [JSON], body).await.status, 201);
    let group = json!({"name": "News", "channel": "email"}).to_string();
    let groups = (Method::POST, "/subscription/groups");
    let group = api.send(groups, Some(KEY), [JSON], group).await.json()["subscription_group_id"].clone();
    let asked = json!({"external_ids": ["a"]}).to_string();
    let found = api.send((Method::POST, "/users/export/ids"), Some(&other), [JSON], asked).await;
    assert_eq!((found.status.as_u16(), &found.json()["users"]), (201, &json!([])));
    let set = json!({"subscription_group_id": group, "subscription_state": "subscribed", "external_id": "a"});
    let set =
        api.send((Method::POST, "/subscription/status/set"), Some(&other), [JSON], set.to_string()).await;
    assert_eq!((set.status.as_u16(), set.json()), (400, json!({"message": "Invalid subscription group ID"})));
    let path = format!("/subscription/groups/{}", group.as_str().unwrap());
    let gone = api.send((Method::PATCH, &path), Some(&other), [JSON], r#"{"archived":true}"#).await;
    assert_eq!(gone.code(), (404, "group_unknown".to_owned()));
}

/// GEN-3: addresses and blocks, both families; the header of a proxy counts only from one that the settings name.
#[tokio::test]
async fn a_key_with_addresses_works_from_these_only() {
    let api = Api::start().await;
    let key = api.key("users.track", Some("203.0.113.0/24")).await;
    let key6 = api.key("users.track", Some("2001:db8::/32")).await;
    for (proxies, caller, key, status) in [
        ("", ("203.0.113.9", None), &key, 201),
        ("", ("::ffff:203.0.113.9", None), &key, 201),
        ("", ("203.0.114.9", None), &key, 403),
        ("", ("2001:db8::9", None), &key, 403),
        ("", ("2001:db8::9", None), &key6, 201),
        ("", ("2001:db9::9", None), &key6, 403),
        // Nobody's word is believed unless a setting says so.
        ("", ("192.0.2.1", Some("203.0.113.9")), &key, 403),
        ("10.0.0.0/8", ("192.0.2.1", Some("203.0.113.9")), &key, 403),
        ("10.0.0.0/8", ("10.1.1.1", Some("203.0.113.9")), &key, 201),
        ("10.0.0.0/8", ("10.1.1.1", Some("198.51.100.1, 203.0.113.9, 10.2.2.2")), &key, 201),
        // What the caller itself put in front does not help.
        ("10.0.0.0/8", ("10.1.1.1", Some("203.0.113.9, 198.51.100.1")), &key, 403),
        ("10.0.0.0/8", ("10.1.1.1", Some("unknown")), &key, 403),
        ("10.0.0.0/8", ("10.1.1.1", None), &key, 403),
        ("10.0.0.0/8", ("10.1.1.1", Some("2001:db8::1")), &key6, 201),
    ] {
        assert_eq!(from(&api, proxies, caller, key).await, status, "{proxies} {caller:?}");
    }
}

/// Section 0.3: `*` is all; a permission opens its own routes.
#[tokio::test]
async fn a_permission_opens_what_it_names() {
    let api = Api::start().await;
    let (all, groups) = (api.key("*", None).await, api.key("subscription.groups.get", None).await);
    let user = (Method::GET, "/subscription/user/status?external_id=a");
    let list = (Method::GET, "/subscription/groups");
    for (key, expected) in [(&all, [200, 200]), (&groups, [200, 403])] {
        let answers = [
            api.send(user.clone(), Some(key), [], Body::empty()).await.status.as_u16(),
            api.send(list.clone(), Some(key), [], Body::empty()).await.status.as_u16(),
        ];
        assert_eq!(answers, expected);
    }
}
