//! `POST /imports/users` and `GET /imports/{import_id}`. Bodies are streamed, never held.

use axum::body::Body;
use axum::extract::{FromRequest as _, Multipart, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::StreamExt as _;
use profile_model::{ImportId, ImportKind};
use profile_store::{Upload, UploadFault};
use serde::Deserialize;
use serde_json::json;

use crate::answer::{Code, Problem, answer};
use crate::{ApiState, body, caller};

pub(crate) const PERMISSION: &str = "imports";

/// `?dry_run=true&name=`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    dry_run: bool,
    name: Option<String>,
}

pub(crate) async fn upload_users(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let wanted = Query::<Wanted>::try_from_uri(&parts.uri)
        .map_err(|_| Problem::invalid(Code::FieldInvalid, "'dry_run' must be true or false"))?;
    let media = body::media_type(&parts.headers).unwrap_or_default();
    let name = wanted.name.clone().unwrap_or_else(|| "upload.csv".to_owned());
    let begin = |name| state.store.begin_upload(caller.workspace, ImportKind::Users, name, wanted.dry_run);
    let upload = match media.as_str() {
        "text/csv" => {
            let mut upload = begin(name).await?;
            copy(&mut upload, stream).await?;
            upload
        }
        "multipart/form-data" => {
            let request = Request::from_parts(parts, stream);
            let mut multipart = Multipart::from_request(request, &state)
                .await
                .map_err(|_| Problem::invalid(Code::BodyInvalid, "the multipart body cannot be read"))?;
            let broken = |_| Problem::invalid(Code::BodyIncomplete, "the multipart body broke off");
            loop {
                let field = multipart.next_field().await.map_err(broken)?;
                let Some(mut field) = field else {
                    return Err(Problem::invalid(Code::FieldInvalid, "the form has no field 'file'"));
                };
                if field.name() != Some("file") {
                    continue;
                }
                let name =
                    wanted.name.clone().or_else(|| field.file_name().map(str::to_owned)).unwrap_or(name);
                let mut upload = begin(name).await?;
                while let Some(chunk) = field.chunk().await.map_err(broken)? {
                    upload.write(&chunk).await.map_err(refuse)?;
                }
                break upload;
            }
        }
        _ => {
            let message = "Unsupported Media Type: send text/csv, or multipart/form-data with a field 'file'";
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Code::ContentTypeUnsupported,
                message,
            ));
        }
    };
    let id = upload.finish().await.map_err(refuse)?;
    Ok(answer(StatusCode::ACCEPTED, &json!({"message": "success", "import_id": id})))
}

async fn copy(upload: &mut Upload, stream: Body) -> Result<(), Problem> {
    let mut chunks = stream.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::invalid(Code::BodyIncomplete, "the body broke off"))?;
        upload.write(&chunk).await.map_err(refuse)?;
    }
    Ok(())
}

fn refuse(fault: UploadFault) -> Problem {
    let message = fault.to_string();
    match fault {
        UploadFault::Header(_) => Problem::invalid(Code::CsvHeaderInvalid, message),
        UploadFault::TooLarge(_) => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::BodyTooLarge, message),
        UploadFault::Fault(fault) => fault.into(),
    }
}

pub(crate) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, Code::ImportUnknown, "there is no such import")
}

pub(crate) async fn show(
    State(state): State<ApiState>,
    Path(id): Path<String>,
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
