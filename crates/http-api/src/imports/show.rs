//! `GET /imports/{import_id}`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use profile_model::ImportId;
use serde_json::json;

use super::{PERMISSION, unknown};
use crate::answer::{Problem, answer};
use crate::path::Segment;
use crate::{ApiState, caller};

pub(crate) async fn show(
    State(state): State<ApiState>,
    Segment(id): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let id = ImportId::parse(&id).ok_or_else(unknown)?;
    let run = state.store.import(caller.workspace, id).await?.ok_or_else(unknown)?;
    let body = json!({
        "message": "success",
        "import_id": run.id,
        "name": run.name,
        "status": run.state,
        "dry_run": run.dry_run,
        "rows_read": run.rows_read,
        "rows_created": run.rows_created,
        "rows_updated": run.rows_updated,
        "rows_skipped": run.rows_skipped,
        "rows_warned": run.rows_warned,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "error": run.error,
    });
    Ok(answer(StatusCode::OK, &body))
}
