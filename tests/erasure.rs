//! Erasure over HTTP against the built binary: what goes, what remains, what comes back, and what is refused.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use serde_json::{Value, json};
use testkit::{Answer, Caller, Server, ServerOptions, World, alias, line_id};

#[path = "erasure/backup.rs"]
mod backup;
#[path = "erasure/bytes.rs"]
mod bytes;
#[path = "erasure/comeback.rs"]
mod comeback;
#[path = "erasure/line.rs"]
mod line;
#[path = "erasure/others.rs"]
mod others;
#[path = "erasure/predecessors.rs"]
mod predecessors;
#[path = "erasure/races.rs"]
mod races;
#[path = "erasure/suppression.rs"]
mod suppression;

const BINARY: &str = env!("CARGO_BIN_EXE_enmusubi");

/// A time of LINE's long before any erasure of a test.
const LONG_AGO: i64 = 1_727_600_000_000;

async fn server() -> (Server, Caller) {
    let server = Server::start(BINARY, ServerOptions::default()).await.unwrap();
    let caller = server.caller();
    (server, caller)
}

async fn world() -> World {
    World::start(BINARY).await.unwrap()
}

/// LINE's clock, a moment from now: later than whatever was just answered.
fn soon() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap() + 1_000
}

fn line_alias(id: &str) -> Value {
    alias("line_id", id)
}

async fn put(caller: &Caller, object: Value) {
    let answer = caller.track(&json!({"attributes": [object]})).await.unwrap();
    assert_eq!(answer.json, json!({"message": "success", "attributes_processed": 1}));
}

/// Erases and expects this many gone.
async fn delete(caller: &Caller, body: &Value, gone: u32) -> Answer {
    let answer = caller.post("/users/delete", body).await.unwrap();
    assert_eq!((answer.status, &answer.json["deleted"]), (201, &json!(gone)), "{}", answer.text);
    answer
}

/// How many users an export finds.
async fn found(caller: &Caller, body: Value) -> usize {
    caller.export(body).await.unwrap().len()
}

/// The one user of an external id.
async fn user(caller: &Caller, external_id: &str) -> Value {
    let users = caller.export(json!({"external_ids": [external_id]})).await.unwrap();
    assert_eq!(users.len(), 1, "{external_id} is not one user");
    users[0].clone()
}

/// POSTs with `?explain=true`; the only outcome.
async fn outcome(caller: &Caller, path: &str, body: &Value) -> Value {
    let answer = caller.post(&format!("{path}?explain=true"), body).await.unwrap();
    assert!(matches!(answer.status, 201 | 202), "{}", answer.text);
    assert_eq!(answer.json["outcomes"].as_array().unwrap().len(), 1);
    answer.json["outcomes"][0].clone()
}

/// Merges external id `from` into `to`; the merge id.
async fn merge(caller: &Caller, from: &str, to: &str) -> String {
    let update =
        json!({"identifier_to_merge": {"external_id": from}, "identifier_to_keep": {"external_id": to}});
    let outcome = outcome(caller, "/users/merge", &json!({"merge_updates": [update]})).await;
    assert_eq!(outcome["result"], "merged", "{outcome}");
    outcome["merge_id"].as_str().unwrap().to_owned()
}

async fn undo(caller: &Caller, merge_id: &str) -> Answer {
    caller.post(&format!("/users/merges/{merge_id}/undo"), &json!({})).await.unwrap()
}

/// An import's report, without its header.
async fn report(caller: &Caller, import: &Value) -> Vec<String> {
    let path = format!("/imports/{}/report.csv", import["import_id"].as_str().unwrap());
    caller.get(&path).await.unwrap().text.lines().skip(1).map(str::to_owned).collect()
}

/// `history` entries of a profile.
async fn history(caller: &Caller, braze_id: &Value) -> Vec<Value> {
    let answer = caller.get(&format!("/users/{}/history", braze_id.as_str().unwrap())).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["entries"].as_array().unwrap().clone()
}
