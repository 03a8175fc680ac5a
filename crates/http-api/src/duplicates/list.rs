//! `GET /users/duplicates?by=`.

use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{GET, render_group, rule};
use crate::answer::{Code, Problem, answer};
use crate::paging::Paging;
use crate::{ApiState, caller};

pub(crate) async fn list(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, GET).await?;
    let Query(words) = Query::<Map<String, Value>>::try_from_uri(&parts.uri)
        .map_err(|_| Problem::invalid(Code::FieldInvalid, "the query cannot be read"))?;
    let rule = rule(|name| words.get(name).cloned())?;
    let paging = Paging::read(&parts.uri)?;
    let groups = state
        .reading(&parts.uri)
        .duplicates(caller.workspace, rule, paging.after.as_deref(), paging.limit)
        .await?;
    let next = paging.next(&groups, |last| last.key.value.to_string());
    let groups: Vec<_> = groups.iter().map(render_group).collect();
    Ok(answer(StatusCode::OK, &json!({"message": "success", "groups": groups, "next_cursor": next})))
}
