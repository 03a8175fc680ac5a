//! `POST /line/channels/{channel_id}/sync` and `GET /line/syncs/{sync_id}`.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use line_service::SyncFault;
use profile_model::SyncId;
use serde_json::json;

use crate::answer::{Code, Problem, answer};
use crate::{ApiState, caller};

const PERMISSION: &str = "line.sync";

pub(crate) async fn start(
    State(state): State<ApiState>,
    Path(channel): Path<String>,
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

pub(crate) async fn show(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let unknown = || Problem::new(StatusCode::NOT_FOUND, Code::SyncUnknown, "there is no such sync");
    let id = SyncId::parse(&id).ok_or_else(unknown)?;
    let run = state.line.sync(caller.workspace, id).await?.ok_or_else(unknown)?;
    let body = json!({
        "message": "success",
        "sync_id": run.id,
        "channel_id": run.channel,
        "state": run.state,
        "pages": run.pages,
        "seen": run.seen,
        "subscribed": run.subscribed,
        "created": run.created,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "error": run.error,
    });
    Ok(answer(StatusCode::OK, &body))
}
