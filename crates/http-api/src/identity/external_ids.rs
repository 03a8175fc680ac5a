//! `/users/external_ids/rename` and `/users/external_ids/remove` (`REN-*`, `REM-*`).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use profile_store::IdsAnswer;
use serde_json::{Value, json};

use super::outcomes;
use crate::answer::{Problem, answer};
use crate::{ApiState, body, caller};

pub(crate) async fn rename(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "users.external_ids.rename").await?;
    let sent = body::read_json(&parts, stream, body::JSON).await?;
    let answered = state.store.rename_external_ids(caller.workspace, caller.actor, &sent).await;
    Ok(render(&answered.map_err(outcomes::refuse)?, "external_ids", "rename_errors"))
}

pub(crate) async fn remove(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "users.external_ids.remove").await?;
    let sent = body::read_json(&parts, stream, body::JSON).await?;
    let answered = state.store.remove_external_ids(caller.workspace, caller.actor, &sent).await;
    Ok(render(&answered.map_err(outcomes::refuse)?, "removed_ids", "removal_errors"))
}

/// `REN-4`, `REM-3`: what was done, and an array of `[index, text]` for what was not.
fn render(answered: &IdsAnswer, done: &str, failed: &str) -> Response {
    let ids: Vec<_> = answered.outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref().ok()).collect();
    let errors: Vec<Value> = answered
        .outcomes
        .iter()
        .filter_map(|(index, outcome)| outcome.as_ref().err().map(|text| json!([index, text])))
        .collect();
    answer(StatusCode::CREATED, &json!({"message": "success", done: ids, failed: errors}))
}
