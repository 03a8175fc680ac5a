//! `POST /users/duplicates/merge`, and how far such a job is.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use profile_model::{DuplicatesId, DuplicatesRun};
use serde_json::{Value, json};

use super::{GET, MERGE, render_group, rule};
use crate::answer::{Code, Problem, Reply, answer};
use crate::identity::wish;
use crate::paging::Paging;
use crate::path::Segment;
use crate::{ApiState, body, caller, once};

pub(crate) async fn merge(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, MERGE).await?;
    let sent = body::read_json(&parts, stream, body::JSON).await?;
    if !sent.is_object() {
        return Err(Problem::invalid(Code::BodyInvalid, "the body must be a JSON object"));
    }
    let rule = rule(|name| sent.get(name).cloned())?;
    let (wish, _) = wish::read(&parts.uri, &sent)?;
    let store = state.store.once(once::read(&parts, &caller, &sent, started)?);
    if wish.dry_run {
        let paging = Paging::read(&parts.uri)?;
        let groups = store.duplicates(caller.workspace, rule, paging.after.as_deref(), paging.limit).await?;
        let plan = store.duplicates_plan(caller.workspace, rule).await?;
        let mut outcomes: Vec<_> = groups.iter().map(render_group).collect();
        // The groups of this page only: field by field, as they would be.
        let joined = groups.iter().enumerate().filter(|(_, group)| group.result.is_some());
        let (places, results): (Vec<_>, Vec<_>) =
            joined.map(|(place, group)| (place, group.result.clone())).unzip();
        let shown = store.render_previews(caller.workspace, results.into_iter().flatten().collect()).await?;
        for (place, profile) in places.into_iter().zip(shown) {
            outcomes[place]["profile"] = json!([profile]);
            outcomes[place]["dropped"] = json!(groups[place].dropped);
        }
        let body = json!({
            "message": "success", "outcomes": outcomes,
            "next_cursor": paging.next(&groups, |last| last.key.value.to_string()), "plan": plan.to_string(),
        });
        return Ok(answer(StatusCode::OK, &body));
    }
    store.told_before(caller.workspace).await?;
    if let Some(plan) = wish.plan
        && plan != store.duplicates_plan(caller.workspace, rule).await?
    {
        let message = "the plan does not hold any more: the rule is another one, or a duplicate has moved; \
                       make a new dry run";
        return Err(Problem::new(StatusCode::CONFLICT, Code::PlanStale, message));
    }
    let run = store.start_duplicates(caller.workspace, caller.actor, rule).await?;
    Ok(started(&run)?.into_response())
}

fn started(run: &DuplicatesRun) -> Result<Reply, Problem> {
    Ok(Reply::new(StatusCode::ACCEPTED, json!({"message": "success", "job_id": run.id})))
}

pub(crate) async fn show(
    State(state): State<ApiState>,
    Segment(id): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, GET).await?;
    let found = match DuplicatesId::parse(&id) {
        Some(id) => state.store.duplicates_run(caller.workspace, id).await?,
        None => None,
    };
    let run = found.ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, Code::JobUnknown, "there is no merge of duplicates with this id")
    })?;
    let mut body: Value = json!({
        "message": "success", "job_id": run.id, "state": run.state, "groups": run.groups,
        "merged_groups": run.merged_groups, "merged_profiles": run.merged_profiles,
        "parked_groups": run.parked_groups, "started_at": run.started_at, "finished_at": run.finished_at,
        "error": run.error,
    });
    body["rule"] = json!(run.rule);
    Ok(answer(StatusCode::OK, &body))
}
