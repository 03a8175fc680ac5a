//! `GET /line/users/{line_user_id}`: who is this LINE ID?

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use profile_model::{LineUserId, RenderedProfile, render_line_states};
use profile_store::{Fault, all_fields};
use serde::Serialize;
use serde_json::Value;

use crate::answer::{Code, Problem, answer_text};
use crate::path::Segment;
use crate::{ApiState, caller};

#[derive(Serialize)]
struct Body<'a> {
    message: &'static str,
    line_user_id: &'a LineUserId,
    channels: Value,
    profiles: Vec<RenderedProfile<'a>>,
}

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
    let found = state.reading(&parts.uri).line_user(caller.workspace, &user).await?;
    let found = found.ok_or_else(|| {
        let message = "nobody has this LINE user ID, and no channel has heard of it";
        Problem::new(StatusCode::NOT_FOUND, Code::LineUserUnknown, message)
    })?;
    let (fields, now) = (all_fields(), state.store.now());
    let rendered = found.profiles.iter().map(|view| RenderedProfile { view, fields: &fields, now });
    let body = Body {
        message: "success",
        line_user_id: &user,
        channels: render_line_states(&found.channels),
        profiles: rendered.collect(),
    };
    let unreadable = |_| Fault::Inconsistent("profiles.attributes".into());
    Ok(answer_text(StatusCode::OK, serde_json::to_string(&body).map_err(unreadable)?))
}
