//! Rate limits as a caller sees them.

use axum::http::Method;
use profile_model::{RateLimits, Settings};
use serde_json::{Value, json};

use super::{Api, JSON, KEY};

async fn limited() -> Api {
    let api = Api::start().await;
    let limited = Settings { rate_limits: RateLimits::Braze, ..Settings::default() };
    api.store.set_settings("default", limited).await.unwrap();
    api
}

fn left(answer: &super::Answer) -> (u64, u64) {
    let header = |name: &str| answer.headers[name].to_str().unwrap().parse().unwrap();
    (header("x-ratelimit-limit"), header("x-ratelimit-remaining"))
}

/// RL-1: each request, also one that is refused for its body, takes one; the others of the pool feel it.
#[tokio::test]
async fn calls_of_a_pool_count_for_each_other() {
    let api = limited().await;
    let send = async |path: &'static str| api.send((Method::POST, path), Some(KEY), [JSON], "{}").await;
    assert_eq!(left(&send("/users/merge").await), (20_000, 19_999));
    assert_eq!(left(&send("/users/identify").await), (20_000, 19_998));
    assert_eq!(left(&send("/users/delete").await), (20_000, 19_997));
    assert_eq!(left(&send("/users/external_ids/rename").await), (1_000, 999));
    assert_eq!(left(&send("/users/external_ids/remove").await), (1_000, 999));
    assert_eq!(left(&send("/users/track").await), (3_000, 2_999));
    // No key, no workspace, no count.
    let answer = api.send((Method::POST, "/users/track"), None, [JSON], "{}").await;
    assert_eq!(left(&answer), (1_000_000, 1_000_000));
    assert_eq!(left(&send("/users/track").await), (3_000, 2_998));
}

/// Section 0.2: exports that name their fields, without campaigns and canvases, have the wider limit.
#[tokio::test]
async fn exports_that_name_their_fields_have_the_wider_limit() {
    let api = limited().await;
    let send = async |body: Value| {
        left(&api.send((Method::POST, "/users/export/ids"), Some(KEY), [JSON], body.to_string()).await)
    };
    let (limit, remaining) = send(json!({"external_ids": ["a"], "fields_to_export": ["email"]})).await;
    assert!(limit == 40 && remaining < 40);
    assert_eq!(send(json!({"external_ids": ["a"]})).await, (250, 249));
    let costly = json!({"external_ids": ["a"], "fields_to_export": ["email", "canvases_received"]});
    assert_eq!(send(costly).await, (250, 248));
    assert_eq!(send(json!({"external_ids": ["a"], "fields_to_export": ["email"]})).await.0, 40);
}

/// BLK-1, RL-3: the sixth within a second is refused, changes nothing, and is told when to come back.
#[tokio::test(start_paused = true)]
async fn a_refused_call_changes_nothing_and_the_next_window_takes_it() {
    let api = limited().await;
    let send = async |id: u32| {
        let body = json!({"attributes": [{"external_id": id.to_string()}]}).to_string();
        api.send((Method::POST, "/users/track/bulk"), Some(KEY), [JSON], body).await
    };
    for id in 0..5 {
        assert_eq!(send(id).await.status, 201);
    }
    let refused = send(5).await;
    assert_eq!((refused.status.as_u16(), refused.json()), (429, json!({"message": "Rate Limited"})));
    assert_eq!(left(&refused), (5, 0));
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    let asked = json!({"external_ids": ["5"], "fields_to_export": ["email"]}).to_string();
    let found = api.send((Method::POST, "/users/export/ids"), Some(KEY), [JSON], asked).await.json();
    assert_eq!(found["users"], json!([]));
    tokio::time::advance(std::time::Duration::from_secs(wait)).await;
    assert_eq!(send(5).await.status, 201);
}
