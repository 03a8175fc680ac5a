//! `POST /line/channels/{channel_id}/sync`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use line_service::SyncFault;
use profile_model::SyncId;
use serde_json::{Value, json};

use super::PERMISSION;
use crate::answer::{Code, Problem, Reply};
use crate::path::Segment;
use crate::{ApiState, caller, once};

pub(crate) async fn start(
    State(state): State<ApiState>,
    Segment(channel): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let line = state.line.once(once::read(&parts, &caller, &Value::Null, told)?);
    let id = line.start_sync(caller.workspace, &channel).await.map_err(|fault| match fault {
        SyncFault::UnknownChannel => {
            Problem::new(StatusCode::NOT_FOUND, Code::LineChannelUnknown, fault.to_string())
        }
        SyncFault::Store(fault) => fault.into(),
    })?;
    Ok(told(&id)?.into_response())
}

fn told(id: &SyncId) -> Result<Reply, Problem> {
    Ok(Reply::new(StatusCode::ACCEPTED, json!({"message": "success", "sync_id": id})))
}
