//! A server that moves to PostgreSQL goes on as if nothing had happened.

use serde_json::{Value, json};
use testkit::postgres::Database;
use testkit::{Caller, Event, Server, ServerOptions, World, line_id};

use super::{BINARY, command, copy, on, sqlite, told};

const FIRST: i64 = 1_727_600_000_000;

async fn once(caller: &Caller, key: &str, body: &Value) -> testkit::Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    caller.send("/users/track", &headers, body.to_string().into_bytes()).await.unwrap()
}

async fn user(caller: &Caller, external_id: &str) -> Option<Value> {
    caller.export(json!({"external_ids": [external_id]})).await.unwrap().into_iter().next()
}

/// Key, look-ups, kept answers, channel secrets, undo, the ledger of the erased: everything works on the copy as on the
/// original, and a copy back has the same checksums.
#[tokio::test(flavor = "multi_thread")]
async fn a_copied_server_works_as_the_one_before() {
    let mut world = World::start_on(BINARY, ServerOptions::in_a_file()).await.unwrap();
    let caller = world.caller.clone();
    let people = json!({"attributes": [
        {"external_id": "ann", "email": "ann@example.com", "tier": "gold", "native_line_id": line_id(1)},
        {"external_id": "ben", "email": "ann@example.com", "n": 12345678901234567890_u64},
        {"external_id": "cyd", "email": "cyd@example.com", "email_subscribe": "unsubscribed"},
    ], "events": [{"external_id": "ben", "name": "visit", "time": "2026-11-01T00:00:00Z"}]});
    caller.track(&people).await.unwrap();
    let bought = json!({"purchases": [{
        "external_id": "ann", "product_id": "tea", "currency": "JPY", "price": 500, "time": "2026-11-01T00:00:00Z",
    }]});
    assert_eq!(once(&caller, "k", &bought).await.status, 201);
    world.webhook.event("follow", &line_id(1), FIRST, "first").await.unwrap();
    world.webhook.event("follow", &line_id(2), FIRST, "second").await.unwrap();
    caller.import("external_id,points\ndee,1\n,2\n").await.unwrap();
    let before = (user(&caller, "ann").await, user(&caller, "ben").await);
    let merge = json!({"merge_updates": [{
        "identifier_to_merge": {"external_id": "ben"}, "identifier_to_keep": {"external_id": "ann"},
    }]});
    let merged = caller.post("/users/merge?explain=true", &merge).await.unwrap();
    let merge = merged.json["outcomes"][0]["merge_id"].as_str().unwrap().to_owned();
    let gone = caller.post("/users/delete", &json!({"external_ids": ["cyd"]})).await.unwrap();
    assert_eq!(gone.json["deleted"], 1);
    let kept = user(&caller, "ann").await;
    let from = sqlite(&world.server.folder().join("data/enmusubi.db"));
    let database = Database::create().unwrap();
    let output = command(&from, &database.url()).output().unwrap();
    let (code, complaint) = told(&output);
    assert!(code == 1 && complaint.contains("another process"), "while it serves: {complaint}");
    world.server.terminate().await.unwrap();
    let there = copy(&from, &database.url(), None);
    let back = tempfile::tempdir().unwrap();
    let file = back.path().join("back/enmusubi.db");
    // The key is found where the first server had it; the target gets it, too.
    std::fs::create_dir(back.path().join("back")).unwrap();
    let key = std::fs::read_to_string(world.server.folder().join("data/secret.key")).unwrap();
    let output = command(&database.url(), &sqlite(&file)).env("ENMUSUBI_SECRET_KEY", &key).output().unwrap();
    assert_eq!(told(&output), (0, String::new()));
    let home: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(there["tables"], home["tables"]);
    assert!(there["rows"].as_u64() > Some(20) && there["resumed"] == 0, "{there}");

    let data = world.server.folder().join("data");
    let mut options = on(&database.url(), &data);
    options.line_api_base = Some(world.line_base());
    let server = Server::start(BINARY, options).await.unwrap();
    let caller = server.caller();
    assert_eq!(user(&caller, "ann").await, kept);
    let again = once(&caller, "k", &bought).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
    assert_eq!(user(&caller, "ann").await, kept, "a repeated purchase counts once");
    let found = caller.line_user(&line_id(2)).await.unwrap().unwrap();
    assert_eq!(found["channels"][0]["state"], "subscribed");
    let undone = caller.post(&format!("/users/merges/{merge}/undo"), &json!({})).await.unwrap();
    assert_eq!(undone.status, 200, "{}", undone.text);
    assert_eq!((user(&caller, "ann").await, user(&caller, "ben").await), before);
    // Her opt-out outlives her, and a file is told that she was erased.
    let import = caller.import("external_id,email\ncyd,cyd@example.com\n").await.unwrap();
    assert_eq!((&import["rows_created"], &import["rows_warned"]), (&json!(1), &json!(1)), "{import}");
    assert_eq!(user(&caller, "cyd").await.unwrap()["email_subscribe"], "unsubscribed");
    // A webhook that is delivered again has no effect, and a new one has: signed with the secret that was copied.
    let mut webhook = world.webhook.clone();
    webhook.caller = server.caller_with(None);
    webhook.event("follow", &line_id(1), FIRST, "first").await.unwrap();
    let event = Event { kind: "unfollow", user: line_id(2), at: FIRST + 1000, id: "third".to_owned() };
    assert_eq!(webhook.send(&[event.json()]).await.unwrap().status, 200);
    let found = caller.line_user(&line_id(2)).await.unwrap().unwrap();
    assert_eq!(found["channels"][0]["state"], "unsubscribed");
    // New rows are numbered behind the copied ones.
    let visit = json!({"events": [{"external_id": "ben", "name": "later", "time": "2026-11-02T00:00:00Z"}]});
    caller.track(&visit).await.unwrap();
    let id = user(&caller, "ben").await.unwrap()["braze_id"].as_str().unwrap().to_owned();
    let everything = caller.get(&format!("/users/{id}/everything")).await.unwrap().text;
    let (first, second) = (everything.find("\"visit\"").unwrap(), everything.rfind("\"later\"").unwrap());
    assert!(first < second, "{everything}");
    let (code, sound, _) = server.command(&["doctor"]).await.unwrap();
    assert_eq!(code, 0, "{sound}");
    drop(server);
    // The file works as well, and is as it was when it was copied.
    let mut options = on(&sqlite(&file), file.parent().unwrap());
    options.environment.push(("ENMUSUBI_SECRET_KEY".to_owned(), key));
    let server = Server::start(BINARY, options).await.unwrap();
    assert_eq!(user(&server.caller(), "ann").await, kept);
}

/// A copy is for databases that belong together: nothing is written where they do not.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_copied_is_refused_and_nothing_is_written() {
    let (database, folder) = (Database::create().unwrap(), tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    let from = sqlite(&data.join("enmusubi.db"));
    let mut server = Server::start(BINARY, on(&from, &data)).await.unwrap();
    server.caller().track(&json!({"attributes": [{"external_id": "a"}]})).await.unwrap();
    server.terminate().await.unwrap();
    let refused = |from: &str, to: &str| {
        let (code, complaint) = told(&command(from, to).current_dir(folder.path()).output().unwrap());
        assert_ne!(code, 0);
        (code, complaint)
    };
    let (code, complaint) = refused(&sqlite(&folder.path().join("none.db")), &database.url());
    assert!(code == 2 && complaint.contains("secret key"), "{complaint}");
    let (code, complaint) = refused("mysql://x", &database.url());
    assert!(code == 2 && complaint.contains("postgres://"), "{complaint}");
    assert_eq!(database.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").unwrap(), "0");
    // Another server's database.
    let other = on(&database.url(), &folder.path().join("other"));
    let mut other = Server::start(BINARY, other).await.unwrap();
    let (code, complaint) = refused(&from, &database.url());
    assert!(code == 1 && complaint.contains("stop them"), "{complaint}");
    other.terminate().await.unwrap();
    let (code, complaint) = refused(&from, &database.url());
    assert!(code == 2 && complaint.contains("another secret key"), "{complaint}");
    let key = std::fs::read_to_string(data.join("secret.key")).unwrap();
    database.run("DELETE FROM meta WHERE name = 'secret_check'").unwrap();
    let (code, complaint) = refused(&from, &database.url());
    assert!(code == 2 && complaint.contains("not empty"), "{complaint}");
    assert!(!complaint.contains(&key));
}
