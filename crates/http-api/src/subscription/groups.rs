//! `POST`, `GET /subscription/groups` and `PATCH /subscription/groups/{id}`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use profile_model::{Group, GroupChannel, GroupId};
use profile_store::{GroupFault, group_name};
use serde_json::{Value, json};

use crate::answer::{Code, Problem, Reply, answer};
use crate::paging::Paging;
use crate::path::Segment;
use crate::{ApiState, body, caller, once};

const PERMISSION: &str = "subscription.groups";

pub(crate) async fn create(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let sent = body::read_json(&parts, stream, body::JSON).await?;
    let name = name_of(&sent)?.ok_or_else(bad_name)?;
    let channel = match sent.get("channel").and_then(Value::as_str) {
        Some("email") => GroupChannel::Email,
        Some("sms") => GroupChannel::Sms,
        Some("whatsapp") => GroupChannel::Whatsapp,
        _ => {
            return Err(Problem::invalid(
                Code::FieldInvalid,
                "'channel' must be 'email', 'sms' or 'whatsapp'",
            ));
        }
    };
    let render = |made: &Result<Group, GroupFault>| {
        let made = made.as_ref().map_err(|fault| refuse(*fault))?;
        let body = json!({"message": "success", "subscription_group_id": made.id});
        Ok(Reply::new(StatusCode::CREATED, body))
    };
    let store = state.store.once(once::read(&parts, &caller, &sent, render)?);
    let made = store.create_group(caller.workspace, &name, channel).await?;
    Ok(render(&made)?.into_response())
}

pub(crate) async fn list(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let paging = Paging::read(&parts.uri)?;
    let config = state.store.config().await?;
    let mut groups: Vec<_> =
        config.groups.values().filter(|group| group.workspace == caller.workspace).collect();
    groups.sort_by(|left, right| left.name.cmp(&right.name));
    groups.retain(|group| paging.after.as_ref().is_none_or(|after| group.name > *after));
    groups.truncate(paging.limit as usize);
    let next = paging.next(&groups, |group| group.name.clone());
    let groups: Vec<_> = groups.into_iter().map(render).collect();
    Ok(answer(
        StatusCode::OK,
        &json!({"message": "success", "subscription_groups": groups, "next_cursor": next}),
    ))
}

pub(crate) async fn change(
    State(state): State<ApiState>,
    Segment(id): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let sent = body::read_json(&parts, stream, body::JSON).await?;
    let archived = match sent.get("archived") {
        None | Some(Value::Null) => None,
        Some(Value::Bool(flag)) => Some(*flag),
        Some(_) => return Err(Problem::invalid(Code::FieldInvalid, "'archived' must be true or false")),
    };
    let name = name_of(&sent)?;
    if name.is_none() && archived.is_none() {
        let message = "'name' or 'archived' is required: nothing else of a group can be changed";
        return Err(Problem::invalid(Code::FieldInvalid, message));
    }
    let id = GroupId::parse(&id).ok_or_else(|| refuse(GroupFault::Unknown))?;
    let changed = |changed: &Result<Group, GroupFault>| {
        let mut body = render(changed.as_ref().map_err(|fault| refuse(*fault))?);
        body["message"] = "success".into();
        Ok::<_, Problem>(Reply::new(StatusCode::OK, body))
    };
    let store = state.store.once(once::read(&parts, &caller, &sent, changed)?);
    let done = store.change_group(caller.workspace, id, name, archived).await?;
    Ok(changed(&done)?.into_response())
}

fn bad_name() -> Problem {
    Problem::invalid(Code::FieldInvalid, "'name' must be one line of 1 to 255 characters")
}

fn name_of(sent: &Value) -> Result<Option<String>, Problem> {
    match sent.get("name") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => group_name(name).map(Some).ok_or_else(bad_name),
        Some(_) => Err(bad_name()),
    }
}

fn render(group: &Group) -> Value {
    json!({
        "subscription_group_id": group.id, "name": group.name, "channel": group.channel,
        "archived": group.archived_at.is_some(), "created_at": group.created_at,
    })
}

fn refuse(fault: GroupFault) -> Problem {
    let (status, code) = match fault {
        GroupFault::NameTaken => (StatusCode::CONFLICT, Code::GroupNameTaken),
        GroupFault::TooMany => (StatusCode::CONFLICT, Code::GroupLimitReached),
        GroupFault::Unknown => (StatusCode::NOT_FOUND, Code::GroupUnknown),
        GroupFault::OfLine => (StatusCode::CONFLICT, Code::GroupOfLine),
    };
    Problem::new(status, code, fault.to_string())
}
