//! `POST /line/events/{channel_id}`: LINE's webhook. The signature over the raw bytes is the authentication.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use line_service::ReceiveFault;
use serde_json::json;

use crate::answer::{Code, Problem, answer};
use crate::observe::Measured;
use crate::path::Segment;
use crate::{ApiState, body};

pub(crate) async fn receive(
    State(state): State<ApiState>,
    Segment(channel): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, stream) = request.into_parts();
    let bytes = body::read(&parts, stream, body::WEBHOOK).await?;
    let signature = parts.headers.get("x-line-signature").and_then(|value| value.to_str().ok());
    let received = state.line.receive(&channel, signature, &bytes).await.map_err(|fault| match fault {
        ReceiveFault::UnknownChannel => {
            Problem::new(StatusCode::NOT_FOUND, Code::LineChannelUnknown, fault.to_string())
        }
        ReceiveFault::BadSignature => {
            Problem::new(StatusCode::UNAUTHORIZED, Code::SignatureInvalid, fault.to_string())
        }
        ReceiveFault::Malformed => Problem::invalid(Code::BodyInvalid, fault.to_string()),
        ReceiveFault::Store(fault) => fault.into(),
    })?;
    let mut response = answer(StatusCode::OK, &json!({"message": "success"}));
    response.extensions_mut().insert(Measured { items: received.events, ..Measured::default() });
    Ok(response)
}
