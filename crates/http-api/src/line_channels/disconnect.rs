//! `DELETE /line/channels/{channel_id}`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::PERMISSION;
use crate::answer::{Code, Problem, answer};
use crate::path::Segment;
use crate::{ApiState, caller};

pub(crate) async fn disconnect(
    State(state): State<ApiState>,
    Segment(channel): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    if !state.line.disconnect(caller.workspace, &channel).await? {
        let message = "no such LINE channel in this workspace";
        return Err(Problem::new(StatusCode::NOT_FOUND, Code::LineChannelUnknown, message));
    }
    Ok(answer(StatusCode::OK, &json!({"message": "success"})))
}
