//! The edge as a client sees it on a real connection: keys made on the command line, proxies, limits, compressed bodies.

use serde_json::json;
use testkit::{Server, ServerOptions};

use super::server;

/// `{"attributes":[{"external_id":"packed"}]}`, packed with gzip.
const PACKED: &[u8] = include_bytes!("packed.json.gz");

const JSON: (&str, &str) = ("content-type", "application/json");

/// GEN-2: what a client that compresses sends.
#[tokio::test]
async fn compressed_bodies_are_read() {
    let (_server, caller) = server().await;
    let headers = [JSON, ("content-encoding", "gzip")];
    let answer = caller.send("/users/track", &headers, PACKED.to_vec()).await.unwrap();
    assert_eq!(answer.json, json!({"message": "success", "attributes_processed": 1}));
    assert_eq!(caller.export(json!({"external_ids": ["packed"]})).await.unwrap().len(), 1);
    let answer =
        caller.send("/users/track", &[JSON, ("content-encoding", "br")], PACKED.to_vec()).await.unwrap();
    assert_eq!((answer.status, &answer.json["code"]), (415, &json!("content_encoding_unsupported")));
    assert_eq!(answer.header("accept-encoding"), Some("gzip, zstd"));
    assert!(answer.header("x-request-id").is_some());
}

/// RL-1, BLK-1: `workspace set` turns the limits on within a second, for that workspace alone.
#[tokio::test]
async fn a_workspace_can_have_the_limits_of_braze() {
    let (server, caller) = server().await;
    let body = json!({"attributes": [{"external_id": "a"}]});
    let (code, shown, log) =
        server.command(&["workspace", "set", "default", "rate_limits=braze"]).await.unwrap();
    assert!(code == 0 && shown.contains("rate_limits=braze"), "{log}");
    let answer = testkit::eventually("the setting holds", 5, async || {
        let answer = caller.post("/users/track", &body).await.ok()?;
        (answer.header("x-ratelimit-limit") == Some("3000")).then_some(answer)
    })
    .await
    .unwrap();
    assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (201, Some("2999")));
    let refused = testkit::eventually("a call is refused", 20, async || {
        let answer = caller.post("/users/track/bulk", &body).await.ok()?;
        (answer.status != 201).then_some(answer)
    })
    .await
    .unwrap();
    assert_eq!((refused.status, refused.json), (429, json!({"message": "Rate Limited"})));
    // A client that waits as it is told gets through.
    let wait = std::time::Duration::from_secs(2);
    let taken = tokio::time::timeout(wait, async {
        while caller.post("/users/track/bulk", &body).await.unwrap().status != 201 {}
    });
    taken.await.unwrap();
}

/// GEN-3: a key made for some addresses; the header counts from a proxy that the settings name, and from no other.
#[tokio::test]
async fn forwarded_addresses_count_only_behind_trusted_proxies() {
    for (proxies, status) in [("", 403), ("192.0.2.0/24", 403), ("127.0.0.1", 201)] {
        let options = ServerOptions {
            environment: vec![("ENMUSUBI_TRUSTED_PROXIES".into(), proxies.into())],
            ..ServerOptions::default()
        };
        let server = Server::start(env!("CARGO_BIN_EXE_enmusubi"), options).await.unwrap();
        let make =
            ["key", "create", "--name", "k", "--allow-ip", "203.0.113.0/24", "--permission", "users.track"];
        let (code, key, log) = server.command(&make).await.unwrap();
        assert_eq!(code, 0, "{log}");
        let caller = server.caller_with(Some(key.trim()));
        let body = json!({"attributes": [{"external_id": "a"}]}).to_string();
        let answer = testkit::eventually("the key is known", 5, async || {
            let headers = [JSON, ("x-forwarded-for", "198.51.100.1, 203.0.113.7")];
            let answer = caller.send("/users/track", &headers, body.clone().into_bytes()).await.ok()?;
            (answer.status != 401).then_some(answer)
        })
        .await
        .unwrap();
        assert_eq!(answer.status, status, "{proxies}: {}", answer.text);
    }
}

/// A misspelt permission makes no key, which nothing would open; several may stand in one argument. Names are not empty.
#[tokio::test]
async fn a_permission_that_no_route_asks_for_is_named() {
    let (server, _) = server().await;
    let make = ["key", "create", "--name", "k", "--permission", "users.trakc", "--permission", "users.track"];
    let (code, key, said) = server.command(&make).await.unwrap();
    assert_eq!((code, key.as_str()), (2, ""));
    assert!(said.contains("'users.trakc'") && said.contains("users.track, "), "{said}");
    let make = ["key", "create", "--name", "k", "--permission", "users.track,users.export.ids", "--json"];
    let (code, key, _) = server.command(&make).await.unwrap();
    assert!(code == 0 && key.contains(r#"["users.track","users.export.ids"]"#), "{key}");
    for make in [&["key", "create", "--name", " "][..], &["workspace", "create", ""]] {
        let (code, _, said) = server.command(make).await.unwrap();
        assert!(code == 2 && said.contains("a name is one line"), "{said}");
    }
}
