//! `POST /users/export/ids` (`EXP-*`).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use profile_store::ExportError;
use serde_json::json;

use crate::answer::{Code, Problem, answer};
use crate::{ApiState, body, caller};

pub(crate) async fn export_ids(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "users.export.ids").await?;
    let body = body::read_json(&parts, stream, body::JSON).await?;
    let exported = state.store.export_ids(caller.workspace, body).await.map_err(|error| match error {
        // Texts of section 0.1 have exactly their keys.
        ExportError::Request { code: "too_many_ids", message } => {
            Problem::quoted(StatusCode::BAD_REQUEST, &message)
        }
        ExportError::Request { message, .. } => Problem::invalid(Code::ExportInvalid, message),
        ExportError::Fault(fault) => fault.into(),
    })?;
    let mut body = json!({"message": "success", "users": exported.users});
    if !exported.invalid_user_ids.is_empty() {
        body["invalid_user_ids"] = exported.invalid_user_ids.into();
    }
    if !exported.merged_ids.is_empty() {
        body["merged_ids"] = exported.merged_ids.into();
    }
    Ok(answer(StatusCode::CREATED, &body))
}
