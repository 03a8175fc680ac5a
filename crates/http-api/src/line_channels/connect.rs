//! `POST /line/channels`.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use line_service::{ConnectFault, Connected, NewChannel};
use serde_json::{Value, json};

use super::{PERMISSION, text};
use crate::answer::{Code, Problem, Reply};
use crate::{ApiState, body, caller, once};

pub(crate) async fn connect(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let body = body::read_json(&parts, stream, body::JSON).await?;
    let line = state.line.once(once::read(&parts, &caller, &body, told)?);
    let connected = line.connect(caller.workspace, read(&body)?).await;
    Ok(told(&connected)?.into_response())
}

fn told(connected: &Result<Connected, ConnectFault>) -> Result<Reply, Problem> {
    let connected = connected.as_ref().map_err(refuse)?;
    let body = json!({
        "message": "success",
        "channel_id": connected.channel_id,
        "provider_id": connected.provider_id,
        "name": connected.name,
        "webhook_url": connected.webhook_url,
        "subscription_group_id": connected.subscription_group_id,
        "sync_id": connected.sync_id,
    });
    Ok(Reply::new(StatusCode::CREATED, body))
}

fn read(body: &Value) -> Result<NewChannel, Problem> {
    let text = |name| text(body, name);
    let kind = body.get("kind").filter(|kind| !kind.is_null());
    if kind.is_some_and(|kind| kind != "messaging") {
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

fn refuse(fault: &ConnectFault) -> Problem {
    let message = fault.to_string();
    match fault {
        ConnectFault::Field(_) | ConnectFault::Name => Problem::invalid(Code::FieldInvalid, message),
        ConnectFault::AlreadyConnected | ConnectFault::AccountConnected => {
            Problem::new(StatusCode::CONFLICT, Code::ChannelAlreadyConnected, message)
        }
        ConnectFault::ProviderMismatch => {
            Problem::new(StatusCode::CONFLICT, Code::LineProviderMismatch, message)
        }
        ConnectFault::Rejected => Problem::invalid(Code::LineCredentialsRejected, message),
        ConnectFault::Line(fault) => {
            Problem::new(StatusCode::BAD_GATEWAY, Code::LineUnreachable, message).because(fault)
        }
        ConnectFault::Store(fault) => fault.clone().into(),
    }
}

#[cfg(test)]
mod tests {
    use profile_store::Fault;

    use super::*;

    fn channel() -> Value {
        json!({
            "provider_id": "10", "channel_id": 1_234_567_890, "channel_secret": " s ", "channel_access_token": "t",
        })
    }

    /// LINE's console shows ids as digits; scripts send them as numbers too.
    #[test]
    fn ids_may_be_numbers_and_a_name_is_optional() {
        let new = read(&channel()).unwrap();
        assert_eq!((new.provider_id.as_str(), new.channel_id.as_str()), ("10", "1234567890"));
        assert_eq!((new.channel_secret.as_str(), new.name), ("s", None));
        let mut named = channel();
        named["name"] = json!("Shop");
        named["kind"] = json!("messaging");
        assert_eq!(read(&named).unwrap().name.as_deref(), Some("Shop"));
    }

    #[test]
    fn a_missing_or_odd_field_is_named_without_its_value() {
        for name in ["provider_id", "channel_id", "channel_secret", "channel_access_token", "name", "kind"] {
            let mut odd = channel();
            odd[name] = json!(["secret"]);
            let text = format!("{:?}", read(&odd).err().unwrap());
            assert!(
                text.contains(name) && text.contains("field_invalid") && !text.contains("secret\""),
                "{text}"
            );
        }
        assert!(read(&json!([])).is_err());
    }

    /// Design section 6.
    #[test]
    fn refusals_have_the_statuses_of_the_contract() {
        for (fault, expected) in [
            (ConnectFault::Field("channel_id"), "400 field_invalid"),
            (ConnectFault::Name, "400 field_invalid"),
            (ConnectFault::AlreadyConnected, "409 channel_already_connected"),
            (ConnectFault::AccountConnected, "409 channel_already_connected"),
            (ConnectFault::ProviderMismatch, "409 line_provider_mismatch"),
            (ConnectFault::Rejected, "400 line_credentials_rejected"),
            (ConnectFault::Store(Fault::OutcomeUnknown), "503 outcome_unknown"),
        ] {
            let problem = refuse(&fault);
            assert_eq!(
                format!("{} {}", problem.status.as_u16(), problem.body["code"].as_str().unwrap()),
                expected
            );
        }
    }
}
