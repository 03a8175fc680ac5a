//! `POST /users/delete` (`DEL-*`).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use profile_model::Done;
use profile_store::{IdentityAnswer, IdentityError};
use serde_json::json;

use super::{outcomes, wish};
use crate::answer::{Problem, Reply};
use crate::{ApiState, body, caller, once};

pub(crate) async fn delete(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "users.delete").await?;
    let sent = body::read_json(&parts, stream, body::JSON).await?;
    let (wish, explain) = wish::read(&parts.uri, &sent)?;
    let dry_run = wish.dry_run;
    let render = move |deleted: &Result<IdentityAnswer, IdentityError>| reply(deleted, explain);
    let once = if dry_run { None } else { once::read(&parts, &caller, &sent, render)? };
    let deleted = state.store.once(once).delete(caller.workspace, caller.actor, &sent, wish).await;
    let mut reply = render(&deleted)?;
    if let (true, Ok(deleted)) = (dry_run, &deleted) {
        reply.status = StatusCode::OK;
        outcomes::show(&state, caller.workspace, &mut reply.body, &deleted.report).await?;
    }
    Ok(reply.into_response())
}

fn reply(deleted: &Result<IdentityAnswer, IdentityError>, explain: bool) -> Result<Reply, Problem> {
    let deleted = deleted.as_ref().map_err(outcomes::refuse)?;
    // DEL-3: ids that led to somebody.
    let count = deleted.report.outcomes.iter().filter(|outcome| outcome.done == Done::Changed).count();
    let mut body = json!({"deleted": count, "message": "success"});
    if !deleted.errors.is_empty() {
        body["errors"] = outcomes::render_errors(&deleted.errors);
    }
    if explain {
        outcomes::explain(&mut body, &deleted.report);
    }
    Ok(Reply::new(StatusCode::CREATED, body))
}
