//! `PATCH /line/channels/{channel_id}`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use line_service::{ChangeFault, ChannelChange, ChannelView};
use serde_json::Value;

use super::{PERMISSION, list, text};
use crate::answer::{Code, Problem, Reply};
use crate::path::Segment;
use crate::{ApiState, body, caller, once};

pub(crate) async fn change(
    State(state): State<ApiState>,
    Segment(channel): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let body = body::read_json(&parts, stream, body::JSON).await?;
    let line = state.line.once(once::read(&parts, &caller, &body, told)?);
    let changed = line.change_channel(caller.workspace, &channel, read(&body)?).await;
    Ok(told(&changed)?.into_response())
}

fn told(changed: &Result<ChannelView, ChangeFault>) -> Result<Reply, Problem> {
    let mut body = list::render(changed.as_ref().map_err(refuse)?);
    body["message"] = "success".into();
    Ok(Reply::new(StatusCode::OK, body))
}

fn read(body: &Value) -> Result<ChannelChange, Problem> {
    let given = |name: &'static str| body.get(name).filter(|value| !value.is_null());
    let text = |name| given(name).map(|_| text(body, name)).transpose();
    let revoke = given("revoke_old_secret").map(|flag| {
        flag.as_bool()
            .ok_or_else(|| Problem::invalid(Code::FieldInvalid, "'revoke_old_secret' must be true or false"))
    });
    Ok(ChannelChange {
        name: text("name")?,
        provider_id: text("provider_id")?,
        channel_secret: text("channel_secret")?,
        revoke_old_secret: revoke.transpose()?.unwrap_or_default(),
        channel_access_token: text("channel_access_token")?,
    })
}

fn refuse(fault: &ChangeFault) -> Problem {
    let message = fault.to_string();
    match fault {
        ChangeFault::UnknownChannel => Problem::new(StatusCode::NOT_FOUND, Code::LineChannelUnknown, message),
        ChangeFault::Nothing | ChangeFault::Field(_) | ChangeFault::Name => {
            Problem::invalid(Code::FieldInvalid, message)
        }
        ChangeFault::ProviderMismatch => {
            Problem::new(StatusCode::CONFLICT, Code::LineProviderMismatch, message)
        }
        ChangeFault::OtherBot => Problem::new(StatusCode::CONFLICT, Code::LineBotMismatch, message),
        ChangeFault::Rejected => Problem::invalid(Code::LineCredentialsRejected, message),
        ChangeFault::Line(fault) => {
            Problem::new(StatusCode::BAD_GATEWAY, Code::LineUnreachable, message).because(fault)
        }
        ChangeFault::Store(fault) => fault.clone().into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_and_null_parts_stay() {
        let change = read(&json!({"name": " Shop ", "provider_id": 10, "channel_secret": null})).unwrap();
        assert_eq!((change.name.as_deref(), change.provider_id.as_deref()), (Some("Shop"), Some("10")));
        assert!(change.channel_secret.is_none() && !change.revoke_old_secret);
    }

    #[test]
    fn an_odd_part_is_named_without_its_value() {
        for name in ["name", "provider_id", "channel_secret", "channel_access_token", "revoke_old_secret"] {
            let problem = read(&json!({name: ["private"]})).err().unwrap();
            let text = problem.body.to_string();
            assert!(text.contains(name) && text.contains("field_invalid") && !text.contains("private"));
        }
    }
}
