//! `GET /line/channels`: no secrets.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use line_service::ChannelView;
use serde_json::{Value, json};

use super::PERMISSION;
use crate::answer::{Problem, answer};
use crate::{ApiState, caller};

pub(crate) async fn list(State(state): State<ApiState>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = caller::authorize(&state, &parts, PERMISSION).await?;
    let channels: Vec<_> = state.line.channels(caller.workspace).await?.iter().map(render).collect();
    Ok(answer(StatusCode::OK, &json!({"message": "success", "channels": channels})))
}

pub(super) fn render(channel: &ChannelView) -> Value {
    json!({
        "channel_id": channel.channel_id,
        "provider_id": channel.provider_id,
        "name": channel.name,
        "bot_user_id": channel.bot_user_id,
        "webhook_url": channel.webhook_url,
        "subscription_group_id": channel.subscription_group_id,
        "old_secret_accepted": channel.old_secret_accepted,
        "connected_at": channel.connected_at,
    })
}
