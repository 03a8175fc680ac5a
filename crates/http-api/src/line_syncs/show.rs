//! `GET /line/syncs/{sync_id}`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use profile_model::SyncId;
use serde_json::json;

use super::PERMISSION;
use crate::answer::{Code, Problem, answer};
use crate::path::Segment;
use crate::{ApiState, caller};

pub(crate) async fn show(
    State(state): State<ApiState>,
    Segment(id): Segment,
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
        "skipped_erased": run.skipped_erased,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "error": run.error,
    });
    Ok(answer(StatusCode::OK, &body))
}
