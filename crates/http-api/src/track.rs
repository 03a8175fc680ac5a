//! `POST /users/track` (`TRK-*`).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use profile_model::{ItemError, TrackFault};
use profile_store::{TrackAnswer, TrackError};
use serde_json::{Map, Value, json};

use crate::answer::{Code, Problem, answer};
use crate::observe::Measured;
use crate::{ApiState, body, caller};

pub(crate) async fn track(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "users.track").await?;
    let body = body::read_json(&parts, stream, body::TRACK).await?;
    let tracked = state.store.track(caller.workspace, caller.actor, body).await.map_err(refuse)?;
    let measured = Measured {
        items: tracked.processed.iter().flatten().map(|count| *count as usize).sum(),
        statements: tracked.statements,
        retries: tracked.retries,
    };
    let mut response = answer(StatusCode::CREATED, &render(&tracked));
    response.extensions_mut().insert(measured);
    Ok(response)
}

/// `TRK-7`: a counter for each array that was sent; `TRK-8`: `errors` only if there are some (`CLI-4`).
fn render(tracked: &TrackAnswer) -> Value {
    let mut body = Map::new();
    body.insert("message".into(), json!("success"));
    let names = ["attributes_processed", "events_processed", "purchases_processed"];
    for (name, count) in names.into_iter().zip(tracked.processed) {
        body.extend(count.map(|count| (name.to_owned(), json!(count))));
    }
    if !tracked.errors.is_empty() {
        body.insert("errors".into(), render_errors(&tracked.errors));
    }
    Value::Object(body)
}

/// `TRK-9`.
fn render_errors(errors: &[ItemError]) -> Value {
    errors
        .iter()
        .map(
            |error| json!({"type": error.message, "input_array": error.array.as_str(), "index": error.index}),
        )
        .collect()
}

fn refuse(error: TrackError) -> Problem {
    match error {
        TrackError::Request(fault @ TrackFault::TooMany) => {
            Problem::quoted(StatusCode::BAD_REQUEST, &fault.to_string())
        }
        TrackError::Request(fault) => Problem::invalid(Code::BodyInvalid, fault.to_string()),
        // TRK-10
        TrackError::NothingValid(errors) => {
            let message = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.";
            let problem = Problem::quoted(StatusCode::BAD_REQUEST, message);
            if errors.is_empty() { problem } else { problem.with_errors(render_errors(&errors)) }
        }
        TrackError::Fault(fault) => fault.into(),
    }
}
