//! LINE's side: what `api.line.me` answers, each call through the same checks in the same order (line.md H1).

mod answer;
mod call;
mod calls;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::response::Response;
use futures_util::stream;

pub(crate) use answer::Answer;
use call::Call;
use calls::Decision;

use crate::clock::rfc3339;
use crate::sender;
use crate::server::Simulator;
use crate::verbs::{FaultKind, FaultSpec, Seen};

/// Longest body LINE takes, in bytes.
const MAX_BODY: usize = 2 * 1024 * 1024;

/// Answers any call that is not a control verb.
pub(crate) async fn serve(State(simulator): State<Arc<Simulator>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.ok();
    let mut call = Call::read(&parts, body);
    let (fault, decision) = {
        let mut world = simulator.world();
        call.channel_id = call
            .bearer
            .as_ref()
            .and_then(|token| world.tokens.get(token))
            .map(|token| token.channel_id.clone());
        let fault = world.faults.strike(call.channel_id.as_deref(), call.endpoint.name());
        let instead = fault.as_ref().and_then(Answer::of_fault);
        let decision = match instead {
            Some(answer) => Decision::Answer(answer),
            None => calls::decide(&mut world, &call, fault.as_ref().map(|fault| fault.kind)),
        };
        (fault, decision)
    };
    let answer = match decision {
        Decision::Answer(answer) => answer,
        Decision::TestWebhook { channel_id, url } => sender::test(&simulator, &channel_id, &url).await,
    };
    let request_id = uuid::Uuid::new_v4().to_string();
    let noise = note(&simulator, &call, fault.as_ref(), &answer, &request_id);
    if let Some(FaultSpec { kind: FaultKind::Slow, delay_ms, .. }) = fault {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    }
    respond(&answer, fault.as_ref(), noise, &request_id)
}

/// Puts the call into the log; answers whether the channel wants noise.
fn note(
    simulator: &Simulator,
    call: &Call,
    fault: Option<&FaultSpec>,
    answer: &Answer,
    request_id: &str,
) -> bool {
    let mut world = simulator.world();
    let verdict = match fault {
        Some(fault) => format!("fault:{}", word_of(fault.kind)),
        None => answer.verdict.to_owned(),
    };
    let seen = Seen {
        at: rfc3339(world.clock.now_ms()),
        method: call.method.clone(),
        path: call.path_and_query.clone(),
        channel_id: call.channel_id.clone(),
        status: answer.status.as_u16(),
        verdict,
        request_id: request_id.to_owned(),
    };
    world.seen.push(seen);
    call.channel_id.as_ref().and_then(|id| world.accounts.get(id)).is_some_and(|account| account.noise)
}

/// The word of the control verbs for a fault.
fn word_of(kind: FaultKind) -> String {
    let word = serde_json::to_value(kind).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

/// Writes the answer, spoilt if a fault wants it so.
fn respond(answer: &Answer, fault: Option<&FaultSpec>, noise: bool, request_id: &str) -> Response {
    let mut text = answer.text(noise);
    let mut headers = HeaderMap::new();
    let length = text.len();
    let body = match fault.map(|fault| fault.kind) {
        Some(FaultKind::Truncated) => {
            text.truncate((0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0));
            Body::from(text)
        }
        Some(FaultKind::Reset) => {
            // One byte too few, then an error: the server has no way out but to break the connection.
            headers.insert(CONTENT_LENGTH, (length + 1).into());
            Body::from_stream(stream::iter([Ok(text), Err(std::io::Error::other("reset"))]))
        }
        _ => Body::from(text),
    };
    if let Ok(id) = request_id.parse() {
        headers.insert("x-line-request-id", id);
    }
    if let Ok(kind) = answer.content_type.parse() {
        headers.insert(CONTENT_TYPE, kind);
    }
    if let Some(seconds) = fault.and_then(|fault| fault.retry_after_s) {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    response
}
