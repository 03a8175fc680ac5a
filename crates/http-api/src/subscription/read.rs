//! `GET /subscription/status/get` and `GET /subscription/user/status`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use profile_model::{GroupId, GroupState, Target};
use profile_store::UserGroups;
use serde_json::{Map, Value, json};

use super::{Pairs, nobody_named};
use crate::answer::{Code, Problem, answer};
use crate::{ApiState, caller};

const fn word(state: Option<GroupState>) -> &'static str {
    match state {
        Some(GroupState::Subscribed) => "Subscribed",
        Some(GroupState::Unsubscribed) => "Unsubscribed",
        None => "Unknown",
    }
}

/// `SSG-*`.
pub(crate) async fn status(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "subscription.status.get").await?;
    let pairs = Pairs::read(&parts.uri)?;
    let config = state.store.config().await?;
    let group = pairs.one("subscription_group_id").and_then(GroupId::parse);
    let group = group
        .and_then(|id| config.group_of(caller.workspace, id))
        .ok_or_else(|| Problem::quoted(StatusCode::BAD_REQUEST, "Invalid subscription group ID"))?;
    let (names, who): (Vec<String>, Vec<Target>) = pairs.who(&config, caller.workspace)?.into_iter().unzip();
    if who.is_empty() {
        return Err(nobody_named());
    }
    let states = state.reading(&parts.uri).states_of(caller.workspace, group, &who).await?;
    let status: Map<String, Value> =
        names.into_iter().zip(states).map(|(name, state)| (name, word(state).into())).collect();
    Ok(answer(StatusCode::OK, &json!({"status": status, "message": "success"})))
}

/// `SUS-*`, in the shape that clients read (`SUS-4`, `CLI-10`).
pub(crate) async fn users(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, "subscription.groups.get").await?;
    let pairs = Pairs::read(&parts.uri)?;
    let config = state.store.config().await?;
    let number = |name: &str, default: usize| match pairs.one(name) {
        None => Ok(default),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| Problem::invalid(Code::FieldInvalid, format!("'{name}' must be a number"))),
    };
    let (limit, offset) = (number("limit", 100)?.min(100), number("offset", 0)?);
    let who: Vec<Target> =
        pairs.who(&config, caller.workspace)?.into_iter().map(|(_, target)| target).collect();
    if who.is_empty() {
        return Err(nobody_named());
    }
    let found = state.reading(&parts.uri).groups_of(caller.workspace, &who).await?;
    let total = found.len();
    let users: Vec<_> = found.iter().skip(offset).take(limit).map(render).collect();
    let body = json!({"users": users, "total_count": total, "message": "success", "errors": []});
    Ok(answer(StatusCode::OK, &body))
}

fn render(user: &UserGroups) -> Value {
    let groups: Vec<_> = user
        .groups
        .iter()
        .map(|read| {
            json!({
                "id": read.group.id, "name": read.group.name, "channel": read.group.channel,
                "status": word(Some(read.state)),
            })
        })
        .collect();
    json!({
        "email": user.profile.email.as_ref().map(|email| &email.written),
        "phone": user.profile.phone.as_ref().map(|phone| phone.shown()),
        "external_id": user.profile.external_id, "subscription_groups": groups,
    })
}
