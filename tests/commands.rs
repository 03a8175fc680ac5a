//! The command line beside a running server: what scripts and operators rely on.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use serde_json::{Value, json};
use testkit::{Caller, Server, ServerOptions};

const BINARY: &str = env!("CARGO_BIN_EXE_enmusubi");

async fn server() -> (Server, Caller) {
    let server = Server::start(BINARY, ServerOptions::default()).await.unwrap();
    let caller = server.caller();
    (server, caller)
}

/// GEN-3: an address that cannot be read is misuse, and no key is made that nobody can use.
#[tokio::test]
async fn key_create_refuses_addresses_that_are_none() {
    let (server, _) = server().await;
    for address in ["localhost", "10.0.0.0/33"] {
        let arguments = ["key", "create", "--name", "k", "--allow-ip", "192.0.2.7", "--allow-ip", address];
        let (code, out, complaint) = server.command(&arguments).await.unwrap();
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(complaint.contains(address) && complaint.contains("10.0.0.0/8"), "{complaint}");
    }
    let arguments =
        ["key", "create", "--name", "home", "--allow-ip", "127.0.0.1", "--allow-ip", "10.1.2.3/8"];
    let (code, key, complaint) = server.command(&arguments).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    let (_, listed, _) = server.command(&["key", "list", "--json"]).await.unwrap();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let keys = listed["keys"].as_array().unwrap();
    let home: Vec<_> = keys.iter().filter(|key| key["name"] == "home").collect();
    assert_eq!((keys.len(), &home[0]["allowed_ips"]), (2, &json!(["127.0.0.1", "10.0.0.0/8"])));
    let caller = server.caller_with(Some(key.trim()));
    testkit::eventually("the key works from here", 5, async || {
        let answer = caller.post("/users/export/ids", &json!({"external_ids": ["x"]})).await.ok()?;
        (answer.status == 201).then_some(())
    })
    .await
    .unwrap();
}
