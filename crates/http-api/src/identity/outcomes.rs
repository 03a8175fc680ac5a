//! Outcomes on the wire, and refusals.

use axum::http::StatusCode;
use profile_model::{ElementError, IdentityFault, IdentityOutcome, IdentityReport, WorkspaceId};
use profile_store::IdentityError;
use serde_json::{Value, json};

use crate::ApiState;
use crate::answer::{Code, Problem};

/// `{"outcomes":[..],"plan"}` of the contract; a dry run shows the profiles as they would be, field by field.
pub(super) fn explain(body: &mut Value, report: &IdentityReport) {
    body["outcomes"] = report.outcomes.iter().map(render).collect();
}

/// Adds what a dry run shows beside the outcomes: the profiles as they would be, and the plan.
pub(super) async fn show(
    state: &ApiState,
    workspace: WorkspaceId,
    body: &mut Value,
    report: &IdentityReport,
) -> Result<(), Problem> {
    explain(body, report);
    for (place, outcome) in report.outcomes.iter().enumerate() {
        if let Some(result) = &outcome.result {
            let shown = state.store.render_previews(workspace, vec![result.clone()]).await?;
            body["outcomes"][place]["profile"] = shown.into();
        }
    }
    body["plan"] = report.plan.to_string().into();
    Ok(())
}

fn render(outcome: &IdentityOutcome) -> Value {
    let mut rendered = json!({
        "input_array": outcome.array, "index": outcome.index, "result": outcome.done.as_str(),
        "reason": outcome.reason, "kept": outcome.kept, "removed": outcome.removed, "merge_id": outcome.merge,
        "dropped": outcome.dropped,
    });
    if !outcome.predecessors.is_empty() {
        rendered["predecessors"] = json!(outcome.predecessors);
    }
    if !outcome.warnings.is_empty() {
        rendered["warnings"] = outcome.warnings.iter().map(|guard| guard.as_str()).collect();
    }
    rendered
}

/// Problems of single elements, in the shape of `TRK-9`.
pub(super) fn render_errors(errors: &[ElementError]) -> Value {
    errors
        .iter()
        .map(|error| json!({"type": error.message, "input_array": error.array, "index": error.index}))
        .collect()
}

pub(super) fn refuse(error: &IdentityError) -> Problem {
    match error {
        IdentityError::Request(IdentityFault::Quoted(text)) => Problem::quoted(StatusCode::BAD_REQUEST, text),
        IdentityError::Request(IdentityFault::Ours(text)) => Problem::invalid(Code::BodyInvalid, text),
        IdentityError::NothingValid(errors) => {
            let message = "no element of the request can be used: 'errors' says why for each";
            Problem::invalid(Code::BodyInvalid, message).with_errors(render_errors(errors))
        }
        IdentityError::PlanStale => {
            let message = "the plan does not hold any more: the request is another one, or what it rests on has moved; \
                           make a new dry run";
            Problem::new(StatusCode::CONFLICT, Code::PlanStale, message)
        }
        IdentityError::Fault(fault) => fault.clone().into(),
    }
}
