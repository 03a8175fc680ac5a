//! `POST /users/merges/{merge_id}/undo`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use profile_model::{MergeId, UndoOutcome};
use serde_json::{Value, json};

use crate::answer::{Code, Problem, Reply};
use crate::path::Segment;
use crate::{ApiState, body, caller, once};

pub(crate) async fn undo(
    State(state): State<ApiState>,
    Segment(id): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "users.merges.undo").await?;
    let sent = body::read_optional_json(&parts, stream, body::JSON).await?;
    if !sent.is_object() {
        return Err(Problem::invalid(Code::BodyInvalid, "the body must be a JSON object"));
    }
    let allow_rejoin = match sent.get("allow_rejoin") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(flag)) => *flag,
        Some(_) => return Err(Problem::invalid(Code::FieldInvalid, "'allow_rejoin' must be true or false")),
    };
    let merge = MergeId::parse(&id).ok_or_else(unknown)?;
    let render = move |outcome: &UndoOutcome| match *outcome {
        UndoOutcome::Undone { kept, removed } => {
            let body = json!({"message": "success", "merge_id": merge, "kept": kept, "restored": removed});
            Ok(Reply::new(StatusCode::OK, body))
        }
        refused => Err(refuse(refused)),
    };
    let store = state.store.once(once::read(&parts, &caller, &sent, render)?);
    let outcome = store.undo_merge(caller.workspace, caller.actor, merge, allow_rejoin).await?;
    Ok(render(&outcome)?.into_response())
}

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, Code::MergeUnknown, "there is no merge with this id")
}

fn refuse(outcome: UndoOutcome) -> Problem {
    let (code, message) = match outcome {
        UndoOutcome::Unknown | UndoOutcome::Undone { .. } => return unknown(),
        UndoOutcome::AlreadyUndone => (Code::AlreadyUndone, "this merge is undone already"),
        UndoOutcome::IdentifierTaken => (
            Code::IdentifierTaken,
            "an identifier that would come back belongs to another profile now; remove or rename it there first",
        ),
        UndoOutcome::LaterMerge => {
            let message = "the kept profile, or the follower kept apart by this merge, was part of a later merge; \
                           undo that one first";
            (Code::LaterMerge, message)
        }
        UndoOutcome::Suppressed => (
            Code::Suppressed,
            "an identifier that would come back belongs to somebody who was erased and is suppressed; \
             DELETE /suppressions/{id} lifts it",
        ),
        UndoOutcome::Erased => (Code::Erased, "one of the two was erased; there is nothing to bring back"),
        UndoOutcome::Expired => (Code::UndoExpired, "the time in which this merge could be undone is over"),
    };
    Problem::new(StatusCode::CONFLICT, code, message)
}
