//! `GET /users/duplicates/parked`, and the review of one group.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use profile_model::{DuplicatesBy, MAX_GROUP, Parked, ParkedId, Review, Reviewed};
use serde_json::{Value, json};

use super::{GET, MERGE};
use crate::answer::{Code, Problem, Reply, answer};
use crate::paging::Paging;
use crate::{ApiState, caller, once};

pub(crate) async fn list(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, GET).await?;
    let paging = Paging::read(&parts.uri)?;
    let after = paging.after_id(ParkedId::parse)?;
    let groups = state.store.parked(caller.workspace, after, paging.limit).await?;
    let next = paging.next(&groups, |last| last.id.to_string());
    let groups: Vec<_> = groups.iter().map(render).collect();
    Ok(answer(StatusCode::OK, &json!({"message": "success", "groups": groups, "next_cursor": next})))
}

fn render(group: &Parked) -> Value {
    json!({
        "id": group.id, "by": DuplicatesBy::of_kind(group.key.kind).map(DuplicatesBy::as_str),
        "value": &*group.key.value, "members": group.members,
        "reasons": group.reasons.iter().map(|reason| reason.as_str()).collect::<Vec<_>>(),
        "parked_at": group.at, "state": group.state.as_str(),
    })
}

/// `POST /users/duplicates/parked/{id}/release` and `/dismiss`.
pub(crate) async fn review(
    State(state): State<ApiState>,
    Path((id, verb)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let review = match verb.as_str() {
        "release" => Review::Release,
        "dismiss" => Review::Dismiss,
        _ => return Err(crate::path::unknown_route(request.uri().clone()).await),
    };
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, MERGE).await?;
    let id = ParkedId::parse(&id).ok_or_else(unknown)?;
    let render = move |reviewed: &Reviewed| {
        let outcome = match reviewed {
            Reviewed::Done(outcome) => outcome,
            Reviewed::Unknown => return Err(unknown()),
            Reviewed::TooLarge => return Err(too_large()),
        };
        let state = if review == Review::Release { "released" } else { "dismissed" };
        let body = json!({
            "message": "success", "id": id, "state": state, "kept": outcome.keep, "merge_ids": outcome.merges,
        });
        Ok(Reply::new(StatusCode::OK, body))
    };
    let store = state.store.once(once::read(&parts, &caller, &Value::Null, render)?);
    let outcome = store.review_parked(caller.workspace, caller.actor, id, review).await?;
    Ok(render(&outcome)?.into_response())
}

fn unknown() -> Problem {
    let message = "there is no open parked group with this id";
    Problem::new(StatusCode::NOT_FOUND, Code::ParkedUnknown, message)
}

fn too_large() -> Problem {
    let message = format!(
        "more than {MAX_GROUP} profiles share this value, or did when the group was parked, and no more are joined at \
         once: merge those who are one person by name (/users/merge), or dismiss the group; where fewer share it now, \
         run /users/duplicates/merge first"
    );
    Problem::new(StatusCode::CONFLICT, Code::GroupTooLarge, message)
}
