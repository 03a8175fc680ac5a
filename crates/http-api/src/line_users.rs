//! `GET /line/users/{line_user_id}`: who is this LINE ID?

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use profile_model::LineUserId;

use crate::answer::{Code, Problem, answer};
use crate::path::Segment;
use crate::{ApiState, caller};

pub(crate) async fn line_user(
    State(state): State<ApiState>,
    Segment(id): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "line.users.get").await?;
    let config = state.store.config().await?;
    let check = config.workspaces.get(&caller.workspace).map(|known| known.settings.line_id_check);
    let user = LineUserId::parse(&id, check.unwrap_or_default()).ok_or_else(|| {
        let message = "the LINE user ID must be 'U' and 32 lower-case hex digits";
        Problem::invalid(Code::LineUserIdInvalid, message)
    })?;
    let found = state.store.line_user(caller.workspace, &user).await?;
    let mut body = found.ok_or_else(|| {
        let message = "nobody has this LINE user ID, and no channel has heard of it";
        Problem::new(StatusCode::NOT_FOUND, Code::LineUserUnknown, message)
    })?;
    body["message"] = "success".into();
    Ok(answer(StatusCode::OK, &body))
}
