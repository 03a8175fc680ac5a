//! LINE's webhook sender: signs, sends, judges, and sends again (line.md A4, H4).

mod body;
mod oddity;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use reqwest::Client;
use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::platform::Answer;
use crate::server::Simulator;
use crate::verbs::{Attempt, Oddness, Verdict};
use crate::world::Ids;

/// The two HTTP clients whose choice makes the letter case of header names random: all lower case, or Title-Case.
/// The HTTP library offers no other.
#[derive(Debug)]
pub(crate) struct Clients {
    lower: Client,
    title: Client,
}

impl Clients {
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let builder = || {
            Client::builder()
                .user_agent("LineBotWebhook/2.0")
                .http1_only()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
        };
        Ok(Self { lower: builder().build()?, title: builder().http1_title_case_headers().build()? })
    }
}

/// Sends events as one request, and again as oddities and the channel's redelivery want it.
///
/// Answers the first attempts, or why nothing was sent. Redeliveries go on in the background: see [`Simulator::settled`].
pub(crate) async fn send(
    simulator: &Arc<Simulator>,
    channel_id: &str,
    events: &mut [Value],
    asked: &[Oddness],
) -> Result<Vec<Attempt>, &'static str> {
    let odd: Vec<Oddness> = {
        let world = simulator.world();
        let account = world.accounts.get(channel_id).ok_or("no_channel")?;
        account.webhook_url.as_ref().ok_or("no_webhook_url")?;
        if !account.webhook_active {
            return Err("webhook_inactive");
        }
        account.odd.iter().chain(asked).copied().collect()
    };
    oddity::spoil(events, &odd);
    let first = || deliver(simulator, channel_id, events, 1, &odd);
    if odd.contains(&Oddness::Concurrent) {
        let (one, other) = tokio::join!(first(), first());
        return Ok(one.into_iter().chain(other).collect());
    }
    let mut attempts: Vec<Attempt> = first().await.into_iter().collect();
    if odd.contains(&Oddness::Duplicate) {
        attempts.extend(first().await);
    }
    Ok(attempts)
}

/// One request; if it fails and the channel wants redelivery, each event comes again by itself, later.
async fn deliver(
    simulator: &Arc<Simulator>,
    channel_id: &str,
    events: &[Value],
    attempt: u32,
    odd: &[Oddness],
) -> Option<Attempt> {
    let url = simulator.world().accounts.get(channel_id)?.webhook_url.clone()?;
    let (done, delays) = post(simulator, channel_id, &url, events, attempt, odd).await?;
    let delay = delays.get(attempt as usize - 1).copied();
    if let (true, Some(delay)) = (done.verdict != Verdict::Ok, delay) {
        for event in events {
            redeliver_later(simulator, channel_id, event, attempt + 1, Duration::from_millis(delay));
        }
    }
    Some(done)
}

/// Puts one event on the waiting list: the same event, marked as sent before, to be signed anew.
fn redeliver_later(
    simulator: &Arc<Simulator>,
    channel_id: &str,
    event: &Value,
    attempt: u32,
    delay: Duration,
) {
    let mut event = event.clone();
    if let Some(context) = event.get_mut("deliveryContext").and_then(Value::as_object_mut) {
        context.insert("isRedelivery".to_owned(), Value::Bool(true));
    }
    let simulator = Arc::clone(simulator);
    let channel_id = channel_id.to_owned();
    let due = simulator.begin();
    let epoch = simulator.world().epoch;
    // Boxed, because a delivery may beget the next one.
    let again: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
        tokio::time::sleep(delay).await;
        let still = simulator.world().epoch == epoch;
        if still {
            deliver(&simulator, &channel_id, &[event], attempt, &[]).await;
        }
        drop(due);
    });
    tokio::spawn(again);
}

/// Posts one request and puts it into the outbox; also answers the channel's redelivery delays, none if it wants none.
async fn post(
    simulator: &Simulator,
    channel_id: &str,
    url: &str,
    events: &[Value],
    attempt: u32,
    odd: &[Oddness],
) -> Option<(Attempt, Vec<u64>)> {
    let lanes = Arc::clone(&simulator.world().accounts.get(channel_id)?.lanes);
    let lane = lanes.acquire_owned().await.ok()?;
    let (request, timeout_ms, delays, number, at) = {
        let mut world = simulator.world();
        world.attempts += 1;
        let account = world.accounts.get(channel_id)?;
        let request = body::Signed::new(account, events, odd);
        let delays = if account.redelivery { account.redelivery_delays_ms.clone() } else { Vec::new() };
        (request, account.timeout_ms, delays, world.attempts, rfc3339(world.clock.now_ms()))
    };
    let client = if coin(&simulator.world().ids, number) {
        &simulator.clients.lower
    } else {
        &simulator.clients.title
    };
    let mut post =
        client.post(url).header("content-type", "application/json; charset=utf-8").body(request.body.clone());
    if let Some(signature) = &request.signature {
        post = post.header("x-line-signature", signature);
    }
    let began = Instant::now();
    let sent = tokio::time::timeout(Duration::from_millis(timeout_ms), post.send()).await;
    let latency_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    drop(lane);
    let (status, verdict) = match sent {
        Err(_) => (None, Verdict::RequestTimeout),
        Ok(Err(error)) if error.is_connect() => (None, Verdict::CouldNotConnect),
        Ok(Err(_)) => (None, Verdict::Unclassified),
        Ok(Ok(answer)) if answer.status().is_success() => (Some(answer.status().as_u16()), Verdict::Ok),
        Ok(Ok(answer)) => (Some(answer.status().as_u16()), Verdict::ErrorStatusCode),
    };
    let done = Attempt {
        number,
        channel_id: channel_id.to_owned(),
        url: url.to_owned(),
        at,
        attempt,
        body: request.body,
        signature: request.signature,
        status,
        verdict,
        latency_ms,
    };
    simulator.world().outbox.push(done.clone());
    Some((done, delays))
}

/// A coin that falls alike on every run.
fn coin(ids: &Ids, number: u64) -> bool {
    ids.hex(&format!("letter case|{number}")).as_bytes().first().is_some_and(|digit| digit % 2 == 0)
}

/// The webhook test call: the empty request, once; a failing receiver is a 200 all the same (line.md B4).
pub(crate) async fn test(simulator: &Arc<Simulator>, channel_id: &str, url: &str) -> Answer {
    let Some((done, _)) = post(simulator, channel_id, url, &[], 1, &[]).await else {
        return Answer::refused(StatusCode::NOT_FOUND, "no_endpoint", "Webhook endpoint not found");
    };
    let (reason, detail) = match (done.verdict, done.status) {
        (Verdict::Ok, status) => ("OK", status.unwrap_or_default().to_string()),
        (Verdict::CouldNotConnect, _) => ("COULD_NOT_CONNECT", "Connection refused".to_owned()),
        (Verdict::RequestTimeout, _) => ("REQUEST_TIMEOUT", "Request timeout".to_owned()),
        (Verdict::ErrorStatusCode, status) => ("ERROR_STATUS_CODE", status.unwrap_or_default().to_string()),
        (Verdict::Unclassified, _) => ("UNCLASSIFIED", "Unclassified error".to_owned()),
    };
    Answer::ok(json!({
        "success": done.verdict == Verdict::Ok,
        "timestamp": done.at,
        "statusCode": done.status.unwrap_or(0),
        "reason": reason,
        "detail": detail,
    }))
}
