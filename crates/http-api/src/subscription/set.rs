//! `POST /subscription/status/set` and `POST /v2/subscription/status/set`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use profile_model::{SetOutcome, SetStates, SubscriptionFault};
use profile_store::SetError;
use serde_json::{Value, json};

use crate::answer::{Code, Problem, Reply};
use crate::identity::wish;
use crate::{ApiState, body, caller, once};

pub(crate) async fn first(state: State<ApiState>, request: Request) -> Result<Response, Problem> {
    set(state, request, false).await
}

pub(crate) async fn second(state: State<ApiState>, request: Request) -> Result<Response, Problem> {
    set(state, request, true).await
}

async fn set(
    State(state): State<ApiState>,
    request: Request,
    second_version: bool,
) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "subscription.status.set").await?;
    let sent = body::read_json(&parts, stream, body::JSON).await?;
    wish::without_dry_run(&sent)?;
    let (_, explain) = wish::read(&parts.uri, &sent)?;
    let render = move |done: &StatesSet| Ok(reply(done, explain));
    let store = state.store.once(once::read(&parts, &caller, &sent, render)?);
    let done = store.set_states(caller.workspace, caller.actor, &sent, second_version).await;
    let done = done.map_err(|error| match error {
        SetError::Request(SubscriptionFault::Quoted(text)) => Problem::quoted(StatusCode::BAD_REQUEST, text),
        SetError::Request(SubscriptionFault::Ours(text)) => Problem::invalid(Code::FieldInvalid, text),
        SetError::Fault(fault) => fault.into(),
    })?;
    Ok(reply(&done, explain).into_response())
}

type StatesSet = Vec<(SetStates, SetOutcome)>;

fn reply(done: &StatesSet, explain: bool) -> Reply {
    let mut body = json!({"message": "success"});
    if explain {
        body["outcomes"] = done
            .iter()
            .map(|(set, outcome)| {
                json!({
                    "subscription_group_id": set.group.id, "set": outcome.set, "unknown": outcome.unknown,
                    "reason": if outcome.ignored { Value::from("line_group_ignored") } else { Value::Null },
                })
            })
            .collect();
    }
    Reply::new(StatusCode::CREATED, body)
}
