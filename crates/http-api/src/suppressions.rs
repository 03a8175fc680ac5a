//! `GET /suppressions` and `DELETE /suppressions/{id}`: what erasure with `"suppress": true` refuses.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use profile_model::ErasureId;
use serde_json::{Value, json};

use crate::answer::{Code, Problem, Reply, answer};
use crate::paging::Paging;
use crate::path::Segment;
use crate::{ApiState, caller, once};

const PERMISSION: &str = "suppressions";

pub(crate) async fn list(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let paging = Paging::read(&parts.uri)?;
    let after = paging.after_id(ErasureId::parse)?;
    let found = state.store.suppressions(caller.workspace, after, paging.limit).await?;
    let next = paging.next(&found, |last| last.id.to_string());
    let found: Vec<Value> = found
        .iter()
        .map(|suppression| {
            json!({
                "id": suppression.id, "erased_at": suppression.erased_at,
                "kinds": suppression.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(answer(StatusCode::OK, &json!({"message": "success", "suppressions": found, "next_cursor": next})))
}

pub(crate) async fn lift(
    State(state): State<ApiState>,
    Segment(id): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let named = ErasureId::parse(&id);
    let render = move |lifted: &bool| {
        if !lifted {
            let message = "there is no suppression with this id";
            return Err(Problem::new(StatusCode::NOT_FOUND, Code::SuppressionUnknown, message));
        }
        Ok(Reply::new(StatusCode::OK, json!({"message": "success", "id": id})))
    };
    let store = state.store.once(once::read(&parts, &caller, &Value::Null, render.clone())?);
    let lifted = match named {
        Some(id) => store.lift_suppression(caller.workspace, id).await?,
        None => false,
    };
    Ok(render(&lifted)?.into_response())
}
