//! `GET /users/{braze_id}/history`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use profile_model::ProfileId;
use serde_json::json;

use crate::answer::{Code, Problem, answer};
use crate::path::Segment;
use crate::{ApiState, caller};

pub(crate) async fn history(
    State(state): State<ApiState>,
    Segment(id): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "users.history.get").await?;
    let found = match ProfileId::parse(&id) {
        Some(id) => state.reading(&parts.uri).history(caller.workspace, id).await?,
        None => None,
    };
    let found = found.ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, Code::UserUnknown, "there is no user with this braze_id")
    })?;
    let mut body = json!({"message": "success", "braze_id": found.profile.id, "entries": found.entries});
    if found.profile.id.to_string() != id {
        body["merged_id"] = id.into();
    }
    Ok(answer(StatusCode::OK, &body))
}
