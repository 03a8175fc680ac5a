//! `POST /imports/users`: `text/csv`, or a form with a field `file`. Streamed, never held.

use axum::body::Body;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, Multipart, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use profile_model::{ImportId, ImportKind};
use profile_store::{Fault, MAX_USERS_FILE, Upload, UploadFault};
use serde::Deserialize;
use serde_json::json;

use super::PERMISSION;
use crate::answer::{Code, Problem, Reply};
use crate::caller::Caller;
use crate::{ApiState, body, caller, once};

/// What a form may have around its file: boundaries, headers, small fields.
const FORM_BYTES: u64 = 64 << 10;

/// Longest name of an import, in characters.
const NAME_LENGTH: usize = 255;

/// `?dry_run=true&name=`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    dry_run: bool,
    name: Option<String>,
}

/// How the file comes.
#[derive(Clone, Copy)]
enum Shape {
    Plain,
    Form,
}

pub(crate) async fn upload_users(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    if body::declared(&parts.headers).is_some_and(|length| length > MAX_USERS_FILE + FORM_BYTES) {
        return Err(refuse(UploadFault::TooLarge(MAX_USERS_FILE / 1_000_000)));
    }
    let stream = body::unpacked(&parts, stream)?;
    let shape = read_shape(&parts.headers)?;
    let keyed = once::is_keyed(&parts);
    let target = Target { wanted: read_wanted(&parts.uri)?, caller, state, keyed };
    let head = parts.clone();
    let upload = match shape {
        Shape::Plain => receive_plain(&target, stream).await?,
        Shape::Form => receive_form(&target, parts, stream).await?,
    };
    let sent = json!({"sha256": upload.digest()});
    let once = once::read(&head, &target.caller, &sent, told)?;
    let id = upload.once(once).finish().await.map_err(refuse)?;
    Ok(told(&id)?.into_response())
}

fn told(id: &ImportId) -> Result<Reply, Problem> {
    Ok(Reply::new(StatusCode::ACCEPTED, json!({"message": "success", "import_id": id})))
}

fn read_shape(headers: &HeaderMap) -> Result<Shape, Problem> {
    let unsupported =
        |message| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::ContentTypeUnsupported, message);
    if body::charset(headers)
        .is_some_and(|charset| !matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii"))
    {
        return Err(unsupported("Unsupported Media Type: save the file as UTF-8"));
    }
    match body::media_type(headers).as_deref() {
        Some("text/csv") => Ok(Shape::Plain),
        Some("multipart/form-data") => Ok(Shape::Form),
        _ => Err(unsupported(
            "Unsupported Media Type: send text/csv, or multipart/form-data with a field 'file'",
        )),
    }
}

fn read_wanted(uri: &Uri) -> Result<Wanted, Problem> {
    let Query(wanted) = Query::<Wanted>::try_from_uri(uri)
        .map_err(|_| Problem::invalid(Code::FieldInvalid, "'dry_run' must be true or false"))?;
    Ok(wanted)
}

/// Where the file goes.
struct Target {
    wanted: Wanted,
    caller: Caller,
    state: ApiState,
    /// Whether the request has an idempotency key.
    keyed: bool,
}

impl Target {
    /// Begins the upload, named as asked, else after its file.
    async fn begin(&self, file: Option<&str>) -> Result<Upload, Fault> {
        let name = read_name(self.wanted.name.as_deref().or(file));
        let (workspace, dry_run) = (self.caller.workspace, self.wanted.dry_run);
        let upload = self.state.store.begin_upload(workspace, ImportKind::Users, name, dry_run).await?;
        Ok(if self.keyed { upload.with_digest() } else { upload })
    }
}

/// A name to show: one line of text, not longer than [`NAME_LENGTH`].
fn read_name(given: Option<&str>) -> String {
    let shown = given.unwrap_or_default().chars().filter(|character| !character.is_control());
    let name: String = shown.take(NAME_LENGTH).collect();
    if name.trim().is_empty() { "upload.csv".to_owned() } else { name }
}

async fn receive_plain(target: &Target, stream: Body) -> Result<Upload, Problem> {
    let mut upload = target.begin(None).await?;
    let mut chunks = stream.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| body::broken(&error))?;
        upload.write(&chunk).await.map_err(refuse)?;
    }
    Ok(upload)
}

async fn receive_form(target: &Target, parts: Parts, stream: Body) -> Result<Upload, Problem> {
    let mut form = Multipart::from_request(Request::from_parts(parts, stream), &())
        .await
        .map_err(|_| Problem::invalid(Code::BodyInvalid, "the multipart body cannot be read"))?;
    let broken = |error: MultipartError| body::broken(&error);
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        if field.name() != Some("file") {
            continue;
        }
        let mut upload = target.begin(field.file_name()).await?;
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            upload.write(&chunk).await.map_err(refuse)?;
        }
        return Ok(upload);
    }
    Err(Problem::invalid(Code::FieldInvalid, "the form has no field 'file'"))
}

fn refuse(fault: UploadFault) -> Problem {
    let message = fault.to_string();
    match fault {
        UploadFault::Header(_) => Problem::invalid(Code::CsvHeaderInvalid, message),
        UploadFault::TooLarge(_) => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::BodyTooLarge, message),
        UploadFault::Fault(fault) => fault.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CSV-24: the default name is the file's; what is shown stays one short line.
    #[test]
    fn an_import_is_named_as_asked_within_bounds() {
        assert_eq!(read_name(Some("顧客.csv")), "顧客.csv");
        assert_eq!(read_name(Some("a\0b\nc")), "abc");
        assert_eq!(read_name(None), "upload.csv");
        assert_eq!(read_name(Some(" \n")), "upload.csv");
        assert_eq!(read_name(Some(&"名".repeat(300))).chars().count(), NAME_LENGTH);
    }
}
