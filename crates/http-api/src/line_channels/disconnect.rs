//! `DELETE /line/channels/{channel_id}`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::PERMISSION;
use crate::answer::{Code, Problem, Reply};
use crate::path::Segment;
use crate::{ApiState, caller, once};

pub(crate) async fn disconnect(
    State(state): State<ApiState>,
    Segment(channel): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let line = state.line.once(once::read(&parts, &caller, &Value::Null, told)?);
    let done = line.disconnect(caller.workspace, &channel).await?;
    Ok(told(&done)?.into_response())
}

fn told(done: &bool) -> Result<Reply, Problem> {
    if !done {
        let message = "no such LINE channel in this workspace";
        return Err(Problem::new(StatusCode::NOT_FOUND, Code::LineChannelUnknown, message));
    }
    Ok(Reply::new(StatusCode::OK, json!({"message": "success"})))
}
