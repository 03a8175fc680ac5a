//! `POST /imports/users` up to the 202.

use axum::body::{Body, Bytes};
use axum::http::{Method, header};
use futures_util::stream;
use serde_json::json;

use super::{Answer, Api, KEY};

const CSV: (header::HeaderName, &str) = (header::CONTENT_TYPE, "text/csv; charset=utf-8");
const FORM: (header::HeaderName, &str) = (header::CONTENT_TYPE, "multipart/form-data; boundary=b");

async fn upload(api: &Api, query: &str, kind: (header::HeaderName, &str), body: impl Into<Body>) -> Answer {
    let path = format!("/imports/users{query}");
    api.send((Method::POST, &path), Some(KEY), [kind], body).await
}

/// The run that an accepted upload made.
async fn shown(api: &Api, accepted: &Answer) -> serde_json::Value {
    assert_eq!(accepted.status, 202, "{}", accepted.text);
    let path = format!("/imports/{}", accepted.json()["import_id"].as_str().unwrap());
    api.send((Method::GET, &path), Some(KEY), [], Body::empty()).await.json()
}

/// CSV-24: named as asked, else after the file.
#[tokio::test]
async fn a_file_comes_as_csv_or_in_a_form() {
    let api = Api::start().await;
    let form = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nspring\r\n\
        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"people.csv\"\r\n\r\nexternal_id\na\n\r\n--b--\r\n";
    let run = shown(&api, &upload(&api, "", FORM, form).await).await;
    assert_eq!((&run["name"], &run["dry_run"]), (&json!("people.csv"), &json!(false)));
    let run = shown(&api, &upload(&api, "?dry_run=true&name=try", FORM, form).await).await;
    assert_eq!((&run["name"], &run["dry_run"]), (&json!("try"), &json!(true)));
    let run = shown(&api, &upload(&api, "", CSV, "external_id\na\n").await).await;
    assert_eq!(run["name"], "upload.csv");
    assert_eq!(run["status"], "In progress");
    let files = std::fs::read_dir(api.folder.path()).unwrap().map(|file| file.unwrap().path());
    let contents: Vec<_> = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert_eq!(contents, ["external_id\na\n"; 3]);
}

/// Size, then content type, then the query, then the body.
#[tokio::test]
async fn an_upload_that_cannot_be_used_is_refused_at_once() {
    let api = Api::start().await;
    let json = (header::CONTENT_TYPE, "application/json");
    let answer = upload(&api, "?dry_run=maybe", json.clone(), "{}").await;
    assert_eq!(answer.code(), (415, "content_type_unsupported".to_owned()));
    let answer = upload(&api, "?dry_run=maybe", CSV, "external_id\na\n").await;
    assert_eq!(answer.code(), (400, "field_invalid".to_owned()));
    let answer = upload(&api, "", CSV, "first_name\na\n").await;
    assert_eq!(answer.code(), (400, "csv_header_invalid".to_owned()));
    let no_boundary = (header::CONTENT_TYPE, "multipart/form-data");
    assert_eq!(upload(&api, "", no_boundary, "").await.code(), (400, "body_invalid".to_owned()));
    let form = "--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--b--\r\n";
    assert_eq!(upload(&api, "", FORM, form).await.code(), (400, "field_invalid".to_owned()));
    let form = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nexternal_id\nhalf";
    assert_eq!(upload(&api, "", FORM, form).await.code(), (400, "body_incomplete".to_owned()));
    let path = (Method::POST, "/imports/users");
    let length = (header::CONTENT_LENGTH, "600000000");
    let answer = api.send(path, Some(KEY), [length, json], Body::empty()).await;
    assert_eq!(answer.code(), (413, "body_too_large".to_owned()));
}

/// Nothing of a broken upload is ever imported, or kept.
#[tokio::test]
async fn a_body_that_breaks_off_is_no_import() {
    let api = Api::start().await;
    let pieces = [Ok(Bytes::from("external_id\na\n")), Err(std::io::Error::other("gone"))];
    let answer = upload(&api, "", CSV, Body::from_stream(stream::iter(pieces))).await;
    assert_eq!(answer.code(), (400, "body_incomplete".to_owned()));
    let form = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nexternal_id\nhalf";
    assert_eq!(upload(&api, "", FORM, form).await.code(), (400, "body_incomplete".to_owned()));
    assert_eq!(upload(&api, "", CSV, "first_name\na\n").await.code(), (400, "csv_header_invalid".to_owned()));
    assert_eq!(std::fs::read_dir(api.folder.path()).unwrap().count(), 0);
}
