//! `GET` and `PATCH /workspace/settings`: what the workspace of the key has chosen.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use profile_model::Settings;
use profile_store::SettingsFault;
use serde_json::{Value, json};

use crate::answer::{Code, Problem, Reply};
use crate::{ApiState, body, caller, once};

const PERMISSION: &str = "workspace.settings";

pub(crate) async fn show(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let settings = state.store.settings(caller.workspace).await?;
    Ok(reply(&settings).into_response())
}

/// Names left out stay as they are; `null` brings a default back.
pub(crate) async fn change(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let sent = body::read_json(&parts, stream, body::JSON).await?;
    let Value::Object(changes) = sent.clone() else {
        return Err(Problem::invalid(Code::BodyInvalid, "the body must be a JSON object of settings"));
    };
    let store = state.store.once(once::read(&parts, &caller, &sent, told)?);
    let changed = store.change_settings(caller.workspace, changes).await?;
    Ok(told(&changed)?.into_response())
}

fn told(changed: &Result<Settings, SettingsFault>) -> Result<Reply, Problem> {
    match changed {
        Ok(settings) => Ok(reply(settings)),
        Err(fault) => Err(Problem::invalid(Code::SettingInvalid, fault.to_string())),
    }
}

fn reply(settings: &Settings) -> Reply {
    Reply::new(StatusCode::OK, json!({"message": "success", "settings": settings}))
}
