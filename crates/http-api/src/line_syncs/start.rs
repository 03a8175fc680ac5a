//! `POST /line/channels/{channel_id}/sync`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use line_service::SyncFault;
use serde_json::json;

use super::PERMISSION;
use crate::answer::{Code, Problem, answer};
use crate::path::Segment;
use crate::{ApiState, caller};

pub(crate) async fn start(
    State(state): State<ApiState>,
    Segment(channel): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let id = state.line.start_sync(caller.workspace, &channel).await.map_err(|fault| match fault {
        SyncFault::UnknownChannel => {
            Problem::new(StatusCode::NOT_FOUND, Code::LineChannelUnknown, fault.to_string())
        }
        SyncFault::Store(fault) => fault.into(),
    })?;
    Ok(answer(StatusCode::ACCEPTED, &json!({"message": "success", "sync_id": id})))
}
