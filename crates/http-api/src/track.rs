//! `POST /users/track` (`TRK-*`).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use profile_model::{ItemError, TrackFault};
use profile_store::{SyncedAnswer, TrackAnswer, TrackError};
use serde_json::{Map, Value, json};

use crate::answer::{Code, Problem, Reply};
use crate::identity::wish;
use crate::observe::Measured;
use crate::{ApiState, body, caller, once};

pub(crate) async fn track(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "users.track").await?;
    let body = body::read_json(&parts, stream, body::TRACK).await?;
    wish::without_dry_run(&body)?;
    let store = state.store.once(once::read(&parts, &caller, &body, told)?);
    let tracked = store.track(caller.workspace, caller.actor, body).await;
    let reply = told(&tracked)?;
    let Ok(tracked) = tracked else { return Ok(reply.into_response()) };
    let measured = Measured {
        items: tracked.processed.iter().flatten().map(|count| *count as usize).sum(),
        statements: tracked.statements,
        retries: tracked.retries,
    };
    let mut response = reply.into_response();
    response.extensions_mut().insert(measured);
    Ok(response)
}

/// `POST /users/track/bulk` (`BLK-*`).
pub(crate) async fn bulk(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "users.track.bulk").await?;
    let body = body::read_json(&parts, stream, body::BULK).await?;
    wish::without_dry_run(&body)?;
    let store = state.store.once(once::read(&parts, &caller, &body, told)?);
    let tracked = store.track_bulk(caller.workspace, caller.actor, body).await;
    Ok(told(&tracked)?.into_response())
}

/// `POST /users/track/sync` (`SYN-*`).
pub(crate) async fn sync(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "users.track.sync").await?;
    let body = body::read_json(&parts, stream, body::JSON).await?;
    wish::without_dry_run(&body)?;
    let store = state.store.once(once::read(&parts, &caller, &body, told_users)?);
    let tracked = store.track_sync(caller.workspace, caller.actor, body).await;
    Ok(told_users(&tracked)?.into_response())
}

fn told(tracked: &Result<TrackAnswer, TrackError>) -> Result<Reply, Problem> {
    let tracked = tracked.as_ref().map_err(refuse)?;
    Ok(Reply::new(StatusCode::CREATED, render(tracked)))
}

fn told_users(tracked: &SyncedAnswer) -> Result<Reply, Problem> {
    let (users, errors) = tracked.as_ref().map_err(refuse)?;
    let mut body = json!({"users": users, "message": "success"});
    if !errors.is_empty() {
        body["errors"] = render_errors(errors);
    }
    Ok(Reply::new(StatusCode::CREATED, body))
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

fn refuse(error: &TrackError) -> Problem {
    match error {
        TrackError::Request(fault @ TrackFault::TooMany) => {
            Problem::quoted(StatusCode::BAD_REQUEST, &fault.to_string())
        }
        TrackError::Request(fault) => Problem::invalid(Code::BodyInvalid, fault.to_string()),
        // TRK-10
        TrackError::NothingValid(errors) => {
            let message = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.";
            let problem = Problem::quoted(StatusCode::BAD_REQUEST, message);
            if errors.is_empty() { problem } else { problem.with_errors(render_errors(errors)) }
        }
        TrackError::Fault(fault) => fault.clone().into(),
    }
}

#[cfg(test)]
mod tests {
    use profile_model::InputArray;

    use super::*;

    fn error(index: u32) -> ItemError {
        let message = "'external_id' or 'braze_id' or 'user_alias' is required".to_owned();
        ItemError { array: InputArray::Attributes, index, message, rejected: true }
    }

    /// TRK-7, TRK-9 (the captured example), CLI-4.
    #[test]
    fn counters_stand_for_the_arrays_sent_and_errors_only_if_any() {
        let mut tracked = TrackAnswer {
            processed: [Some(1), None, Some(0)],
            errors: Vec::new(),
            statements: 9,
            retries: 1,
        };
        let expected = json!({"message": "success", "attributes_processed": 1, "purchases_processed": 0});
        assert_eq!(render(&tracked), expected);
        tracked.processed = [Some(1), None, None];
        tracked.errors = vec![error(1)];
        let captured = r#"{"attributes_processed":1,"message":"success","errors":[{"type":"'external_id' or 'braze_id' or 'user_alias' is required","input_array":"attributes","index":1}]}"#;
        assert_eq!(render(&tracked), serde_json::from_str::<Value>(captured).unwrap());
    }

    /// TRK-2, TRK-10: Braze's keys only; what is ours has a code.
    #[test]
    fn refusals_have_the_documented_keys() {
        let body = |error| refuse(&error).body;
        let nothing = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields.";
        assert_eq!(body(TrackError::NothingValid(Vec::new())), json!({"message": nothing}));
        let errors = render_errors(&[error(0)]);
        assert_eq!(
            body(TrackError::NothingValid(vec![error(0)])),
            json!({"message": nothing, "errors": errors})
        );
        let many = body(TrackError::Request(TrackFault::TooMany));
        assert_eq!(many, json!({"message": "Max Input Length Exceeded"}));
        assert_eq!(body(TrackError::Request(TrackFault::NotAnArray("events")))["code"], "body_invalid");
    }
}
