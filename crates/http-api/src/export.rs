//! `POST /users/export/ids` (`EXP-*`).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use profile_store::{ExportError, ExportMistake};
use serde_json::{Value, json};

use crate::answer::{Code, Problem, answer};
use crate::quota::Pool;
use crate::{ApiState, body, caller};

pub(crate) async fn export_ids(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "users.export.ids").await?;
    let body = body::read_json(&parts, stream, body::JSON).await?;
    if is_costly(&body) {
        caller::take(&state, &parts, caller.workspace, Pool::CostlyExport).await?;
    }
    let exported = state.reading(&parts.uri).export_ids(caller.workspace, body).await.map_err(refuse)?;
    let mut body = json!({"message": "success", "users": exported.users});
    if !exported.invalid_user_ids.is_empty() {
        body["invalid_user_ids"] = exported.invalid_user_ids.into();
    }
    if !exported.merged_ids.is_empty() {
        body["merged_ids"] = exported.merged_ids.into();
    }
    Ok(answer(StatusCode::CREATED, &body))
}

/// Whether the lower limit of section 0.2 holds. It can only be told from the body, so that this one refusal comes behind
/// the checks of the body.
fn is_costly(body: &Value) -> bool {
    let fields = body.get("fields_to_export").and_then(Value::as_array);
    let costly = |field: &Value| matches!(field.as_str(), Some("campaigns_received" | "canvases_received"));
    fields.is_none_or(|fields| fields.is_empty() || fields.iter().any(costly))
}

fn refuse(error: ExportError) -> Problem {
    let (mistake, message) = match error {
        ExportError::Request { mistake, message } => (mistake, message),
        ExportError::Fault(fault) => return fault.into(),
    };
    let code = match mistake {
        // Texts of section 0.1 have exactly their keys.
        ExportMistake::TooManyIds => return Problem::quoted(StatusCode::BAD_REQUEST, &message),
        ExportMistake::Body => Code::BodyInvalid,
        ExportMistake::Field => Code::FieldInvalid,
        ExportMistake::SeveralAddresses => Code::SeveralAddresses,
        ExportMistake::IdentifierMissing => Code::IdentifierMissing,
    };
    Problem::invalid(code, message)
}
