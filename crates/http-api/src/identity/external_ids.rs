//! `/users/external_ids/rename` and `/users/external_ids/remove` (`REN-*`, `REM-*`).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use profile_store::{IdentityError, IdsAnswer};
use serde_json::{Value, json};

use super::{outcomes, wish};
use crate::answer::{Problem, Reply};
use crate::{ApiState, body, caller, once};

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

    fn reply(self, answered: &Result<IdsAnswer, IdentityError>, explain: bool) -> Result<Reply, Problem> {
        let answered = answered.as_ref().map_err(outcomes::refuse)?;
        let each = &answered.outcomes;
        let ids: Vec<_> = each.iter().filter_map(|(_, outcome)| outcome.as_ref().ok()).collect();
        // An array of `[index, text]` for what was not done.
        let errors: Vec<Value> = each
            .iter()
            .filter_map(|(index, outcome)| outcome.as_ref().err().map(|text| json!([index, text])))
            .collect();
        let (done, failed) = self.names();
        let mut body = json!({"message": "success", done: ids, failed: errors});
        if explain {
            outcomes::explain(&mut body, &answered.report);
        }
        Ok(Reply::new(StatusCode::CREATED, body))
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
    let render = move |answered: &Result<IdsAnswer, IdentityError>| call.reply(answered, explain);
    let once = if dry_run { None } else { once::read(&parts, &caller, &sent, render)? };
    let (workspace, store) = (caller.workspace, state.store.once(once));
    let answered = match call {
        Call::Rename => store.rename_external_ids(workspace, caller.actor, &sent, wish).await,
        Call::Remove => store.remove_external_ids(workspace, caller.actor, &sent, wish).await,
    };
    let mut reply = render(&answered)?;
    if let (true, Ok(answered)) = (dry_run, &answered) {
        reply.status = StatusCode::OK;
        outcomes::show(&state, workspace, &mut reply.body, &answered.report).await?;
    }
    Ok(reply.into_response())
}
