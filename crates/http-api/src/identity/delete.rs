//! `POST /users/delete` (`DEL-*`).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use profile_model::Done;
use serde_json::{Value, json};

use super::{outcomes, wish};
use crate::answer::{Problem, answer};
use crate::{ApiState, body, caller};

pub(crate) async fn delete(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "users.delete").await?;
    let sent = body::read_json(&parts, stream, body::JSON).await?;
    let (wish, explain) = wish::read(&parts.uri, &sent)?;
    let dry_run = wish.dry_run;
    let deleted = state.store.delete(caller.workspace, caller.actor, &sent, wish).await;
    let deleted = deleted.map_err(outcomes::refuse)?;
    // DEL-3: ids that led to somebody.
    let count = deleted.report.outcomes.iter().filter(|outcome| outcome.done == Done::Changed).count();
    let mut body = json!({"deleted": count, "message": "success"});
    if !deleted.errors.is_empty() {
        body["errors"] = outcomes::render_errors(&deleted.errors);
    }
    if explain
        && let (Some(into), Value::Object(told)) = (
            body.as_object_mut(),
            outcomes::explain(&state, caller.workspace, &deleted.report, dry_run).await?,
        )
    {
        into.extend(told);
    }
    Ok(answer(if dry_run { StatusCode::OK } else { StatusCode::CREATED }, &body))
}
