//! `GET /imports/{import_id}/report.csv`: `line,level,field,reason` and the original cells (`CSV-21`), streamed.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use profile_model::{ImportId, ImportIssue, IssueLevel, WorkspaceId};
use profile_store::{Fault, ProfileStore};

use super::{PERMISSION, unknown};
use crate::answer::Problem;
use crate::observe::RequestId;
use crate::path::Segment;
use crate::{ApiState, caller};

/// Report rows per read of the store.
const PAGE: u32 = 500;

pub(crate) async fn report(
    State(state): State<ApiState>,
    Segment(id): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let id = ImportId::parse(&id).ok_or_else(unknown)?;
    let run = state.store.import(caller.workspace, id).await?.ok_or_else(unknown)?;
    let request_id = parts.extensions.get().map_or_else(String::new, |RequestId(id)| id.clone());
    let pages = stream::unfold(Some((Some(run.columns), 0)), move |place| {
        let (store, request_id) = (state.store.clone(), request_id.clone());
        async move {
            let (header, after) = place?;
            match page(&store, caller.workspace, id, header, after).await {
                Ok((text, last)) => Some((Ok(text), last.map(|last| (None, last)))),
                Err(fault) => {
                    // The status is out already; the caller sees a body that breaks off.
                    tracing::error!(request_id = %request_id, %fault, "a report broke off");
                    Some((Err(std::io::Error::other(fault)), None))
                }
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"report.csv\""),
    ];
    Ok((StatusCode::OK, headers, Body::from_stream(pages)).into_response())
}

/// One page as CSV, the first one with the header (our columns, then the file's), and the row after which the next
/// begins; `None`: this was the last.
async fn page(
    store: &ProfileStore,
    workspace: WorkspaceId,
    id: ImportId,
    header: Option<Vec<String>>,
    after: u64,
) -> Result<(Bytes, Option<u64>), Fault> {
    let issues = store.import_issues(workspace, id, after, PAGE).await?;
    let last = (issues.len() == PAGE as usize).then(|| issues.last().map(|(row, _)| *row)).flatten();
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let failed = |_| Fault::Internal("the report cannot be written".into());
    if let Some(columns) = header {
        let ours = ["line", "level", "field", "reason"].map(str::to_owned);
        writer.write_record(ours.iter().chain(&columns)).map_err(failed)?;
    }
    for (_, issue) in &issues {
        writer.write_record(record(issue)).map_err(failed)?;
    }
    let text = writer.into_inner().map_err(|_| Fault::Internal("the report cannot be written".into()))?;
    Ok((text.into(), last))
}

fn record(issue: &ImportIssue) -> Vec<String> {
    let level = match issue.level {
        IssueLevel::Error => "error",
        IssueLevel::Warning => "warning",
    };
    let mut record =
        vec![issue.line.to_string(), level.to_owned(), issue.field.clone(), issue.reason.clone()];
    record.extend(issue.cells.iter().cloned());
    record
}
