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

/// The keys as `key list --json` shows them.
async fn keys(server: &Server) -> Vec<Value> {
    let (code, listed, complaint) = server.command(&["key", "list", "--json"]).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    listed["keys"].as_array().unwrap().clone()
}

/// CLI-3: a revoked key is refused by a running server within a second, for good; the others go on.
#[tokio::test]
async fn a_revoked_key_is_refused_within_a_second() {
    let (server, caller) = server().await;
    let (_, made, _) = server.command(&["key", "create", "--name", "k", "--json"]).await.unwrap();
    let made: Value = serde_json::from_str(&made).unwrap();
    let id = made["key_id"].as_str().unwrap();
    let revoked = server.caller_with(made["key"].as_str());
    let body = json!({"external_ids": ["x"]});
    let status = async |wanted: u16, seconds: u64| {
        let ask =
            async || (revoked.post("/users/export/ids", &body).await.ok()?.status == wanted).then_some(());
        testkit::eventually("the key is known, or no more", seconds, ask).await.unwrap();
    };
    status(201, 5).await;
    let (code, _, complaint) = server.command(&["key", "revoke", id]).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    status(401, 1).await;
    assert_eq!(caller.post("/users/export/ids", &body).await.unwrap().status, 201);
    let listed = keys(&server).await;
    let shown = listed.iter().find(|key| key["key_id"] == id).unwrap();
    assert!(shown["revoked_at"].is_string());
    let unknown = ["key", "revoke", "00000000-0000-4000-8000-000000000000"];
    assert_eq!(server.command(&unknown).await.unwrap().0, 1);
}

/// When a key was last used is shown soon after; a key that nobody used shows nothing.
#[tokio::test]
async fn key_list_shows_the_last_use() {
    let (server, caller) = server().await;
    server.command(&["key", "create", "--name", "idle"]).await.unwrap();
    assert!(keys(&server).await.iter().all(|key| key["last_seen_at"].is_null()));
    caller.post("/users/export/ids", &json!({"external_ids": ["x"]})).await.unwrap();
    let used = testkit::eventually("the use is written", 5, async || {
        let used = keys(&server).await.into_iter().filter(|key| key["last_seen_at"].is_string());
        let used: Vec<_> = used.collect();
        (!used.is_empty()).then_some(used)
    })
    .await
    .unwrap();
    assert_eq!((used.len(), &used[0]["name"]), (1, &json!("first key")));
    let shown = used[0]["last_seen_at"].as_str().unwrap();
    assert!(shown >= used[0]["created_at"].as_str().unwrap() && shown.ends_with('Z') && shown.len() == 24);
    let (_, table, _) = server.command(&["key", "list"]).await.unwrap();
    assert!(table.contains(shown), "{table}");
}

/// GEN-3: a workspace of its own, with its own keys and nobody else's customers.
#[tokio::test]
async fn a_second_workspace_is_separate() {
    let (server, caller) = server().await;
    let (code, made, complaint) = server.command(&["workspace", "create", "shop", "--json"]).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    assert!(made.contains("shop"), "{made}");
    if !testkit::is_on_postgres() {
        let arguments = ["workspace", "create", "huge", "--buckets", "8"];
        let (code, _, complaint) = server.command(&arguments).await.unwrap();
        assert!(code == 2 && complaint.contains("8 buckets need PostgreSQL"), "{complaint}");
    }
    let (code, _, complaint) = server.command(&["workspace", "create", "shop"]).await.unwrap();
    assert!(code == 1 && complaint.contains("exists already"), "{code} {complaint}");
    let (_, listed, _) = server.command(&["workspace", "list", "--json"]).await.unwrap();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let names: Vec<_> = listed["workspaces"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["default", "shop"]);
    let arguments = ["key", "create", "--name", "k", "--workspace", "shop"];
    let (_, key, _) = server.command(&arguments).await.unwrap();
    let shop = server.caller_with(Some(key.trim()));
    let body = json!({"attributes": [{"external_id": "a", "first_name": "Ann"}]});
    testkit::eventually("the key is known", 5, async || shop.track(&body).await.ok()).await.unwrap();
    assert!(caller.export(json!({"external_ids": ["a"]})).await.unwrap().is_empty());
    assert_eq!(shop.export(json!({"external_ids": ["a"]})).await.unwrap().len(), 1);
    let arguments = ["profile", "get", "--external-id", "a", "--workspace", "shop"];
    assert_eq!(server.command(&arguments).await.unwrap().0, 0);
    assert_eq!(server.command(&arguments[..4]).await.unwrap().0, 1);
    let arguments = ["key", "create", "--name", "k", "--workspace", "nowhere"];
    assert_eq!(server.command(&arguments).await.unwrap().0, 1);
}

/// SUB-3, SUB-5: groups on the command line are the API's.
#[tokio::test]
async fn groups_are_made_listed_and_archived_on_the_command_line() {
    let (server, caller) = server().await;
    let make = ["group", "create", "--name", "News", "--channel", "email"];
    let (code, id, complaint) = server.command(&make).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    let (code, _, complaint) = server.command(&make).await.unwrap();
    assert!(code == 1 && complaint.contains("another subscription group has this name"), "{complaint}");
    assert_eq!(server.command(&["group", "create", "--name", "x", "--channel", "line"]).await.unwrap().0, 2);
    let (code, _, complaint) = server.command(&["group", "archive", id.trim()]).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    let (code, _, complaint) = server.command(&["group", "rename", id.trim(), "Letters"]).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    let listed = testkit::eventually("the server knows", 5, async || {
        let listed = caller.get("/subscription/groups").await.ok()?.json["subscription_groups"].clone();
        (listed[0]["name"] == "Letters").then_some(listed)
    })
    .await
    .unwrap();
    assert_eq!(
        (&listed[0]["archived"], &listed[0]["subscription_group_id"]),
        (&json!(true), &json!(id.trim()))
    );
    let (_, shown, _) = server.command(&["group", "list", "--json"]).await.unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["subscription_groups"][0]["channel"], "email");
    assert_eq!(server.command(&["group", "archive", "nonsense"]).await.unwrap().0, 1);
}

/// README: the eight cases hold, under the names that scripts read, and nothing of the demo stays behind.
#[tokio::test]
async fn the_demo_plays_eight_cases_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let demo = std::process::Command::new(BINARY)
        .args(["demo", "--exit", "--json"])
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
    let told: Value = serde_json::from_slice(&demo.stdout).unwrap();
    let cases: Vec<_> = told["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| (case["case"].as_str().unwrap(), case["ok"].as_bool().unwrap()))
        .collect();
    let expected = [
        "follow_unknown",
        "follow_known",
        "csv_new_id",
        "csv_shared_id",
        "track_new_id",
        "track_shared_id",
        "sync_unknown",
        "sync_known",
    ];
    assert_eq!(cases, expected.map(|name| (name, true)));
    assert_eq!(told["ok"], true);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// docs/settings.md: naming the database alone makes its folder the data folder, be it the current one.
#[tokio::test]
async fn the_data_folder_is_where_the_database_is() {
    for (place, key) in [("shop/customers.db", "shop/secret.key"), ("customers.db", "secret.key")] {
        let environment = vec![
            ("ENMUSUBI_DATA_DIR".to_owned(), String::new()),
            ("ENMUSUBI_DATABASE".to_owned(), format!("sqlite://{place}")),
        ];
        let options = ServerOptions { environment, ..ServerOptions::default() };
        // It starts in a folder of its own.
        let server = Server::start(BINARY, options).await.unwrap();
        assert_eq!(server.caller().import("external_id\na\n").await.unwrap()["status"], "Complete");
        for name in [place, key] {
            assert!(server.folder().join(name).is_file(), "{name}");
        }
        assert!(server.folder().join(key).with_file_name("uploads").is_dir());
    }
}
