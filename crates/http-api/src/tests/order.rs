//! Route and method, key, IP and permission, size, content type, JSON, counts, objects: each request here has the
//! fault of its step and of every later one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use axum::body::{Body, Bytes};
use axum::http::{Method, header};
use futures_util::stream;
use serde_json::json;

use super::{Api, JSON, KEY};

const TRACK: (Method, &str) = (Method::POST, "/users/track");

/// A body that says whether somebody looked at it.
fn watched() -> (Body, Arc<AtomicBool>) {
    let seen = Arc::new(AtomicBool::new(false));
    let mark = Arc::clone(&seen);
    let stream = stream::poll_fn(move |_| {
        mark.store(true, Ordering::SeqCst);
        Poll::Ready(None::<std::io::Result<Bytes>>)
    });
    (Body::from_stream(stream), seen)
}

/// Design section 6; CLI-3, GEN-2, section 0.1.
#[tokio::test]
async fn checks_come_in_the_order_of_the_contract() {
    let api = Api::start().await;
    let text = (header::CONTENT_TYPE, "text/plain");
    let elsewhere = api.key("nothing", Some("198.51.100.0/24")).await;
    let here = api.key("nothing", Some("192.0.2.0/24")).await;
    let huge = || vec![b'x'; (8 << 20) + 1];

    let answer = api.send((Method::POST, "/users/track/"), None, [text.clone()], huge()).await;
    assert_eq!(answer.code(), (404, "route_unknown".to_owned()));
    let answer = api.send((Method::PUT, TRACK.1), None, [text.clone()], huge()).await;
    assert_eq!(answer.code(), (405, "method_not_allowed".to_owned()));
    assert_eq!(answer.headers[header::ALLOW], "POST");
    for key in [None, Some("unknown"), Some("\"test-key\"")] {
        let answer = api.send(TRACK, key, [text.clone()], huge()).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (401, json!({"message": "Invalid API key"})));
    }
    let answer = api.send(TRACK, Some(&elsewhere), [text.clone()], huge()).await;
    assert_eq!(answer.code(), (403, "address_not_allowed".to_owned()));
    let answer = api.send(TRACK, Some(&here), [text.clone()], huge()).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (403, json!({"message": "Access Denied"})));
    let answer = api.send(TRACK, Some(KEY), [text.clone()], huge()).await;
    assert_eq!(answer.code(), (413, "body_too_large".to_owned()));
    let answer = api.send(TRACK, Some(KEY), [text], "no json").await;
    assert_eq!(answer.code(), (415, "content_type_unsupported".to_owned()));
    let answer = api.send(TRACK, Some(KEY), [JSON], "{\"attributes\":[{},]}").await;
    let message = "Error while parsing request body. Please check your syntax.";
    assert_eq!((answer.status.as_u16(), answer.json()), (400, json!({"message": message})));
    let many = json!({"attributes": vec![json!({}); 76]}).to_string();
    let answer = api.send(TRACK, Some(KEY), [JSON], many).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (400, json!({"message": "Max Input Length Exceeded"}))
    );
    let few = json!({"attributes": vec![json!({}); 75]}).to_string();
    let answer = api.send(TRACK, Some(KEY), [JSON], few).await;
    assert_eq!((answer.status.as_u16(), answer.json()["errors"].as_array().unwrap().len()), (400, 75));
}

/// CLI-3: a revoked key is an unknown one.
#[tokio::test]
async fn a_revoked_key_is_invalid() {
    let api = Api::start().await;
    let key = api.store.create_key("default", "k", Vec::new(), Vec::new()).await.unwrap();
    let export = (Method::POST, "/users/export/ids");
    let body = json!({"external_ids": ["nobody"]}).to_string();
    assert_eq!(api.send(export.clone(), Some(&key.secret), [JSON], body.clone()).await.status, 201);
    api.store.revoke_key(&key.stored.id.to_string()).await.unwrap();
    let answer = api.send(export, Some(&key.secret), [JSON], body).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (401, json!({"message": "Invalid API key"})));
}

/// Who may not call does not make us read; who waits for `100 Continue` is told before sending.
#[tokio::test]
async fn a_body_is_not_touched_before_its_caller_is_known() {
    let api = Api::start().await;
    let reader = api.key("users.export.ids", None).await;
    for path in ["/users/track", "/line/channels", "/imports/users"] {
        for (key, status) in [(None, 401), (Some(reader.as_str()), 403)] {
            let (body, seen) = watched();
            let answer = api.send((Method::POST, path), key, [JSON], body).await;
            assert_eq!((answer.status.as_u16(), seen.load(Ordering::SeqCst)), (status, false), "{path}");
        }
    }
    let (body, seen) = watched();
    let headers = [JSON, (header::CONTENT_LENGTH, "10485760"), (header::EXPECT, "100-continue")];
    let answer = api.send(TRACK, Some(KEY), headers, body).await;
    assert_eq!((answer.status.as_u16(), seen.load(Ordering::SeqCst)), (413, false));
}

/// Nobody but the limit knows the size of a chunked body.
#[tokio::test]
async fn limits_hold_for_bodies_of_unknown_size() {
    let api = Api::start().await;
    let pieces = |count| {
        let piece = |_| Ok::<_, std::io::Error>(vec![b' '; 1 << 20]);
        Body::from_stream(stream::iter((0..count).map(piece)))
    };
    let export = (Method::POST, "/users/export/ids");
    let webhook = (Method::POST, "/line/events/1");
    assert_eq!(api.send(TRACK, Some(KEY), [JSON], pieces(9)).await.status, 413);
    assert_eq!(api.send(TRACK, Some(KEY), [JSON], pieces(8)).await.status, 400);
    assert_eq!(api.send(export.clone(), Some(KEY), [JSON], pieces(2)).await.status, 413);
    assert_eq!(api.send(export, Some(KEY), [JSON], pieces(1)).await.status, 400);
    assert_eq!(api.send(webhook.clone(), None, [], pieces(3)).await.status, 413);
    assert_eq!(api.send(webhook, None, [], pieces(2)).await.code(), (404, "line_channel_unknown".to_owned()));
}

/// `X-Request-Id` is ours and new each time; `X-RateLimit-*` always (RL-1, CLI-7).
#[tokio::test]
async fn every_answer_has_its_id_and_the_limits() {
    let api = Api::start().await;
    let mut ids = std::collections::BTreeSet::new();
    for (path, status) in
        [("/healthz", 200), ("/readyz", 200), ("/", 200), ("/nowhere", 404), ("/users/track", 405)]
    {
        let chosen = (header::HeaderName::from_static("x-request-id"), "chosen-by-the-caller");
        let answer = api.send((Method::GET, path), None, [chosen], Body::empty()).await;
        assert_eq!(answer.status, status, "{path}");
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        assert_eq!(
            (header("x-ratelimit-limit"), header("x-ratelimit-remaining")),
            ("1000000".into(), "1000000".into())
        );
        assert!(header("x-ratelimit-reset").parse::<u64>().unwrap() > 1_700_000_000);
        assert!(uuid::Uuid::parse_str(&header("x-request-id")).is_ok());
        ids.insert(header("x-request-id"));
        assert!(!answer.text.contains("request_id"), "{path}");
    }
    assert_eq!(ids.len(), 5);
}

/// A segment that is not UTF-8 is no URL of ours; the answer is JSON all the same.
#[tokio::test]
async fn a_path_that_is_not_text_is_an_unknown_url() {
    let api = Api::start().await;
    for path in ["/line/users/%FF", "/line/syncs/%FF", "/imports/%FF", "/imports/%FF/report.csv"] {
        let answer = api.send((Method::GET, path), Some(KEY), [], Body::empty()).await;
        assert_eq!(answer.code(), (404, "route_unknown".to_owned()), "{path}");
    }
}

/// Ids that cannot be, and ids of nobody.
#[tokio::test]
async fn what_does_not_exist_has_its_own_code() {
    let api = Api::start().await;
    let nobody = format!("/line/users/U{:032x}", 7);
    let uuid = uuid::Uuid::new_v4();
    for (path, expected) in [
        (nobody, (404, "line_user_unknown")),
        ("/line/users/me".to_owned(), (400, "line_user_id_invalid")),
        (format!("/line/syncs/{uuid}"), (404, "sync_unknown")),
        ("/line/syncs/1".to_owned(), (404, "sync_unknown")),
        (format!("/imports/{uuid}"), (404, "import_unknown")),
        (format!("/imports/{uuid}/report.csv"), (404, "import_unknown")),
    ] {
        let answer = api.send((Method::GET, &path), Some(KEY), [], Body::empty()).await;
        assert_eq!(answer.code(), (expected.0, expected.1.to_owned()), "{path}");
    }
    let answer = api.send((Method::POST, "/line/channels/1/sync"), Some(KEY), [], Body::empty()).await;
    assert_eq!(answer.code(), (404, "line_channel_unknown".to_owned()));
}
