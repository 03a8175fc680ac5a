//! `/healthz`, `/readyz` and the first page.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, Response};
use serde_json::json;

use crate::ApiState;
use crate::answer::{Problem, answer};

/// The process lives.
pub(crate) async fn healthz() -> Response {
    answer(StatusCode::OK, &json!({"message": "success"}))
}

/// The database answers and has the schema this binary wants.
pub(crate) async fn readyz(State(state): State<ApiState>) -> Result<Response, Problem> {
    state.store.backend().ready().await?;
    Ok(answer(StatusCode::OK, &json!({"message": "success"})))
}

pub(crate) async fn index() -> Html<&'static str> {
    Html(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Enmusubi</title>\
         <h1>Enmusubi</h1><p>A customer profile store that speaks Braze's user-data API and resolves LINE identities. \
         The API is at this address: <a href=\"/docs\">its description</a>, <a href=\"/openapi.json\">the same for \
         machines</a>. <code>GET /readyz</code> says whether it is ready.</p></html>",
    )
}
