//! `POST /line/channels`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use line_service::{ConnectFault, NewChannel};
use serde_json::{Value, json};

use super::PERMISSION;
use crate::answer::{Code, Problem, answer};
use crate::{ApiState, body, caller};

pub(crate) async fn connect(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let body = body::read_json(&parts, stream, body::JSON).await?;
    let connected = state.line.connect(caller.workspace, read(&body)?).await.map_err(refuse)?;
    let body = json!({
        "message": "success",
        "channel_id": connected.channel_id,
        "provider_id": connected.provider_id,
        "name": connected.name,
        "webhook_url": connected.webhook_url,
        "subscription_group_id": connected.subscription_group_id,
        "sync_id": connected.sync_id,
    });
    Ok(answer(StatusCode::CREATED, &body))
}

fn read(body: &Value) -> Result<NewChannel, Problem> {
    let text = |name: &'static str| match body.get(name) {
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(Value::Number(number)) if name.ends_with("_id") => Ok(number.to_string()),
        _ => Err(Problem::invalid(Code::FieldInvalid, format!("'{name}' must be a text"))),
    };
    if !matches!(body.get("kind").and_then(Value::as_str), None | Some("messaging")) {
        return Err(Problem::invalid(Code::FieldInvalid, "'kind' must be 'messaging'"));
    }
    Ok(NewChannel {
        provider_id: text("provider_id")?,
        channel_id: text("channel_id")?,
        channel_secret: text("channel_secret")?,
        channel_access_token: text("channel_access_token")?,
        name: body.get("name").filter(|name| !name.is_null()).map(|_| text("name")).transpose()?,
    })
}

fn refuse(fault: ConnectFault) -> Problem {
    let message = fault.to_string();
    match fault {
        ConnectFault::Field(_) => Problem::invalid(Code::FieldInvalid, message),
        ConnectFault::AlreadyConnected => {
            Problem::new(StatusCode::CONFLICT, Code::ChannelAlreadyConnected, message)
        }
        ConnectFault::ProviderMismatch => {
            Problem::new(StatusCode::CONFLICT, Code::LineProviderMismatch, message)
        }
        ConnectFault::Rejected => Problem::invalid(Code::LineCredentialsRejected, message),
        ConnectFault::Line(fault) => {
            Problem::new(StatusCode::BAD_GATEWAY, Code::LineUnreachable, message).because(fault)
        }
        ConnectFault::Store(fault) => fault.into(),
    }
}
