//! `GET /users/{braze_id}/everything`: all that is stored about one person, as NDJSON, streamed.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use profile_model::ProfileId;
use profile_store::{Everything, Fault};

use crate::answer::{Code, Problem};
use crate::path::Segment;
use crate::{ApiState, caller};

pub(crate) async fn everything(
    State(state): State<ApiState>,
    Segment(id): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "users.export.ids").await?;
    let found = match ProfileId::parse(&id) {
        Some(id) => state.reading(&parts.uri).everything(caller.workspace, id).await?,
        None => None,
    };
    let everything = found.ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, Code::UserUnknown, "there is no user with this id")
    })?;
    let lines = stream::try_unfold(everything, next);
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((StatusCode::OK, kind, Body::from_stream(lines)).into_response())
}

/// An error in the middle breaks the body off, so that nobody takes a part for the whole.
async fn next(mut everything: Everything) -> Result<Option<(String, Everything)>, Fault> {
    let Some(lines) = everything.next_lines().await? else { return Ok(None) };
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.to_string());
        text.push('\n');
    }
    Ok(Some((text, everything)))
}
