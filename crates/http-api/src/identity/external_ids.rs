//! `/users/external_ids/rename` and `/users/external_ids/remove` (`REN-*`, `REM-*`).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::{outcomes, wish};
use crate::answer::{Problem, answer};
use crate::{ApiState, body, caller};

/// One of the two calls.
#[derive(Clone, Copy)]
enum Call {
    Rename,
    Remove,
}

impl Call {
    const fn permission(self) -> &'static str {
        match self {
            Self::Rename => "users.external_ids.rename",
            Self::Remove => "users.external_ids.remove",
        }
    }

    /// The names of what was done and what was not (`REN-4`, `REM-3`).
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Rename => ("external_ids", "rename_errors"),
            Self::Remove => ("removed_ids", "removal_errors"),
        }
    }
}

pub(crate) async fn rename(state: State<ApiState>, request: Request) -> Result<Response, Problem> {
    handle(state, request, Call::Rename).await
}

pub(crate) async fn remove(state: State<ApiState>, request: Request) -> Result<Response, Problem> {
    handle(state, request, Call::Remove).await
}

async fn handle(State(state): State<ApiState>, request: Request, call: Call) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, call.permission()).await?;
    let sent = body::read_json(&parts, stream, body::JSON).await?;
    let (wish, explain) = wish::read(&parts.uri, &sent)?;
    let dry_run = wish.dry_run;
    let (workspace, store) = (caller.workspace, &state.store);
    let answered = match call {
        Call::Rename => store.rename_external_ids(workspace, caller.actor, &sent, wish).await,
        Call::Remove => store.remove_external_ids(workspace, caller.actor, &sent, wish).await,
    };
    let answered = answered.map_err(outcomes::refuse)?;
    // An array of `[index, text]` for what was not done.
    let ids: Vec<_> = answered.outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref().ok()).collect();
    let errors: Vec<Value> = answered
        .outcomes
        .iter()
        .filter_map(|(index, outcome)| outcome.as_ref().err().map(|text| json!([index, text])))
        .collect();
    let (done, failed) = call.names();
    let mut body = json!({"message": "success", done: ids, failed: errors});
    if explain
        && let Value::Object(told) = outcomes::explain(&state, workspace, &answered.report, dry_run).await?
        && let Some(body) = body.as_object_mut()
    {
        body.extend(told);
    }
    Ok(answer(if dry_run { StatusCode::OK } else { StatusCode::CREATED }, &body))
}
