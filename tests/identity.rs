//! Identity over HTTP against the built binary: identify, merge, aliases, external ids, plans, history and undo.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use serde_json::{Value, json};
use testkit::{Answer, Caller, Server, ServerOptions, World, alias, line_id};

#[path = "identity/aliases.rs"]
mod aliases;
#[path = "identity/crashes.rs"]
mod crashes;
#[path = "identity/external_ids.rs"]
mod external_ids;
#[path = "identity/followers.rs"]
mod followers;
#[path = "identity/history.rs"]
mod history;
#[path = "identity/identify.rs"]
mod identify;
#[path = "identity/merged_ids.rs"]
mod merged_ids;
#[path = "identity/merges.rs"]
mod merges;
#[path = "identity/plans.rs"]
mod plans;
#[path = "identity/prioritization.rs"]
mod prioritization;
#[path = "identity/races.rs"]
mod races;
#[path = "identity/replay.rs"]
mod replay;
#[path = "identity/requests.rs"]
mod requests;
#[path = "identity/states.rs"]
mod states;
#[path = "identity/undo.rs"]
mod undo;

const BINARY: &str = env!("CARGO_BIN_EXE_enmusubi");

/// Everything that an export can show of a user.
const FIELDS: &[&str] = &[
    "created_at",
    "external_id",
    "braze_id",
    "user_aliases",
    "first_name",
    "last_name",
    "email",
    "phone",
    "home_city",
    "dob",
    "country",
    "language",
    "time_zone",
    "gender",
    "random_bucket",
    "total_revenue",
    "push_subscribe",
    "email_subscribe",
    "custom_attributes",
    "custom_events",
    "purchases",
    "push_tokens",
    "native_line_id",
    "line",
];

async fn server() -> (Server, Caller) {
    let server = Server::start(BINARY, ServerOptions::default()).await.unwrap();
    let caller = server.caller();
    (server, caller)
}

async fn world() -> World {
    World::start(BINARY).await.unwrap()
}

/// Tracks one attributes object.
async fn put(caller: &Caller, object: Value) {
    let answer = caller.track(&json!({"attributes": [object]})).await.unwrap();
    assert_eq!(answer.json, json!({"message": "success", "attributes_processed": 1}));
}

/// Makes an alias-only profile, with these attributes.
async fn put_anonymous(caller: &Caller, label: &str, name: &str, mut object: Value) {
    object["user_alias"] = alias(label, name);
    object["_update_existing_only"] = json!(false);
    put(caller, object).await;
}

/// One event or purchase now, for whoever the object names.
async fn occur(caller: &Caller, array: &str, mut object: Value) {
    // A time to come counts as now (EVT-2).
    object["time"] = json!("2099-01-01T00:00:00Z");
    if array == "purchases" {
        object["currency"] = json!("JPY");
    }
    let answer = caller.track(&json!({array: [object]})).await.unwrap();
    assert!(answer.json.get("errors").is_none(), "{}", answer.text);
}

/// Users as exported with all fields.
async fn export(caller: &Caller, mut body: Value) -> Vec<Value> {
    body["fields_to_export"] = json!(FIELDS);
    let answer = caller.post("/users/export/ids", &body).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json["users"].as_array().unwrap().clone()
}

/// The one user of an external id.
async fn user(caller: &Caller, external_id: &str) -> Value {
    let users = export(caller, json!({"external_ids": [external_id]})).await;
    assert_eq!(users.len(), 1, "{external_id} is not one user");
    users[0].clone()
}

/// The one user of an alias; `None`: nobody.
async fn user_of_alias(caller: &Caller, label: &str, name: &str) -> Option<Value> {
    export(caller, json!({"user_aliases": [alias(label, name)]})).await.into_iter().next()
}

/// The one user of a `braze_id`, as it is.
async fn user_of_braze_id(caller: &Caller, braze_id: &Value) -> Value {
    export(caller, json!({"braze_id": braze_id})).await.into_iter().next().unwrap()
}

/// POSTs with `?explain=true`; the outcomes.
async fn explained(caller: &Caller, path: &str, body: &Value) -> Vec<Value> {
    let answer = caller.post(&format!("{path}?explain=true"), body).await.unwrap();
    assert!(matches!(answer.status, 201 | 202), "{}", answer.text);
    answer.json["outcomes"].as_array().unwrap().clone()
}

fn identify_alias(external_id: &str, label: &str, name: &str) -> Value {
    json!({"aliases_to_identify": [{"external_id": external_id, "user_alias": alias(label, name)}]})
}

/// Identifies and says what came of it: result and reason.
async fn identify(caller: &Caller, body: &Value) -> (String, Value) {
    let outcomes = explained(caller, "/users/identify", body).await;
    assert_eq!(outcomes.len(), 1);
    (outcomes[0]["result"].as_str().unwrap().to_owned(), outcomes[0]["reason"].clone())
}

fn merge_body(merge: &Value, keep: &Value) -> Value {
    json!({"merge_updates": [{"identifier_to_merge": merge, "identifier_to_keep": keep}]})
}

/// Merges two and expects it done; the outcome.
async fn merge(caller: &Caller, merge: Value, keep: Value) -> Value {
    let outcomes = explained(caller, "/users/merge", &merge_body(&merge, &keep)).await;
    assert_eq!(outcomes[0]["result"], "merged", "{}", outcomes[0]);
    outcomes[0].clone()
}

/// Merges external id `from` into `to`; the merge id.
async fn merge_users(caller: &Caller, from: &str, to: &str) -> String {
    let outcome = merge(caller, json!({"external_id": from}), json!({"external_id": to})).await;
    outcome["merge_id"].as_str().unwrap().to_owned()
}

async fn undo(caller: &Caller, merge_id: &str) -> Answer {
    caller.post(&format!("/users/merges/{merge_id}/undo"), &json!({})).await.unwrap()
}

/// Undoes and expects it done.
async fn undone(caller: &Caller, merge_id: &str) {
    let answer = undo(caller, merge_id).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Undoes and expects a refusal with this code.
async fn refused(caller: &Caller, merge_id: &str, code: &str) {
    let answer = undo(caller, merge_id).await;
    assert_eq!((answer.status, answer.json["code"].as_str()), (409, Some(code)), "{}", answer.text);
}

/// Sets settings of the workspace and waits until the server knows.
async fn set(server: &Server, setting: &str, known: impl AsyncFnMut() -> Option<()>) {
    let (code, _, log) = server.command(&["workspace", "set", "default", setting]).await.unwrap();
    assert_eq!(code, 0, "{log}");
    testkit::eventually("the setting is known", 5, known).await.unwrap();
}
