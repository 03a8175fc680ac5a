//! Duplicates and convergence over HTTP and on the command line, against the built binary.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use serde_json::{Value, json};
use testkit::{Caller, Server, ServerOptions, World, alias, line_id};

#[path = "duplicates/commands.rs"]
mod commands;
#[path = "duplicates/convergence.rs"]
mod convergence;
#[path = "duplicates/guards.rs"]
mod guards;
#[path = "duplicates/jobs.rs"]
mod jobs;
#[path = "duplicates/keepers.rs"]
mod keepers;
#[path = "duplicates/listing.rs"]
mod listing;
#[path = "duplicates/rehearsals.rs"]
mod rehearsals;
#[path = "duplicates/reviews.rs"]
mod reviews;

const BINARY: &str = env!("CARGO_BIN_EXE_enmusubi");

async fn server() -> (Server, Caller) {
    let server = Server::start(BINARY, ServerOptions::default()).await.unwrap();
    let caller = server.caller();
    (server, caller)
}

async fn put(caller: &Caller, object: Value) {
    let answer = caller.track(&json!({"attributes": [object]})).await.unwrap();
    assert_eq!(answer.json, json!({"message": "success", "attributes_processed": 1}));
}

/// Makes or changes an alias-only profile.
async fn put_anonymous(caller: &Caller, name: &str, mut object: Value) {
    object["user_alias"] = alias("web", name);
    object["_update_existing_only"] = json!(false);
    put(caller, object).await;
}

/// The one user of an external id.
async fn user(caller: &Caller, external_id: &str) -> Value {
    let users = caller.export(json!({"external_ids": [external_id]})).await.unwrap();
    assert_eq!(users.len(), 1, "{external_id} is not one user");
    users[0].clone()
}

/// The `braze_id` of an alias-only profile.
async fn braze_id(caller: &Caller, name: &str) -> Value {
    let users = caller.export(json!({"user_aliases": [alias("web", name)]})).await.unwrap();
    users[0]["braze_id"].clone()
}

/// Users that hold an address, by their external id or the name of their alias.
async fn holders(caller: &Caller, body: Value) -> Vec<String> {
    let name = |user: &Value| {
        let alias = &user["user_aliases"][0]["alias_name"];
        user.get("external_id").unwrap_or(alias).as_str().unwrap().to_owned()
    };
    let mut names: Vec<_> = caller.export(body).await.unwrap().iter().map(name).collect();
    names.sort();
    names
}

async fn groups(caller: &Caller, query: &str) -> Vec<Value> {
    let answer = caller.get(&format!("/users/duplicates?{query}")).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["groups"].as_array().unwrap().clone()
}

/// Runs a rule to its end; the job as shown then.
async fn run(caller: &Caller, rule: Value) -> Value {
    let answer = caller.post("/users/duplicates/merge", &rule).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text);
    ended(caller, answer.json["job_id"].as_str().unwrap()).await
}

async fn ended(caller: &Caller, job: &str) -> Value {
    let path = format!("/users/duplicates/jobs/{job}");
    testkit::eventually("the job ends", 60, async || {
        let shown = caller.get(&path).await.ok()?.json;
        (shown["state"].is_string() && shown["state"] != "running").then_some(shown)
    })
    .await
    .unwrap()
}

/// Counts of a job: groups, merged groups, merged profiles, parked groups.
fn counts(job: &Value) -> [u64; 4] {
    ["groups", "merged_groups", "merged_profiles", "parked_groups"].map(|name| job[name].as_u64().unwrap())
}

async fn parked(caller: &Caller) -> Vec<Value> {
    let answer = caller.get("/users/duplicates/parked").await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json["groups"].as_array().unwrap().clone()
}

/// Sets a setting of the workspace, and waits until the server knows it.
async fn set(server: &Server, setting: &str, known: impl AsyncFnMut() -> Option<()>) {
    let (code, _, log) = server.command(&["workspace", "set", "default", setting]).await.unwrap();
    assert_eq!(code, 0, "{log}");
    testkit::eventually("the setting is known", 5, known).await.unwrap();
}
