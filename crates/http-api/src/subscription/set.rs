//! `POST /subscription/status/set` and `POST /v2/subscription/status/set`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use profile_model::SubscriptionFault;
use profile_store::SetError;
use serde_json::{Value, json};

use crate::answer::{Code, Problem, answer};
use crate::identity::wish;
use crate::{ApiState, body, caller};

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
    let (_, explain) = wish::read(&parts.uri, &sent)?;
    let done = state.store.set_states(caller.workspace, caller.actor, &sent, second_version).await;
    let done = done.map_err(|error| match error {
        SetError::Request(SubscriptionFault::Quoted(text)) => Problem::quoted(StatusCode::BAD_REQUEST, text),
        SetError::Request(SubscriptionFault::Ours(text)) => Problem::invalid(Code::FieldInvalid, text),
        SetError::Fault(fault) => fault.into(),
    })?;
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
    Ok(answer(StatusCode::CREATED, &body))
}
