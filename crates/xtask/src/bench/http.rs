//! Load over HTTP: closed-loop clients for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use testkit::{Caller, Event, Webhook};

/// Clients at once, and objects per track request.
const CLIENTS: u64 = 16;
pub(crate) const OBJECTS: u64 = 75;

/// What a load came to.
pub(crate) struct Load {
    /// Items per second.
    pub(crate) rate: f64,
    /// 99th percentile of the answers.
    pub(crate) p99: Duration,
}

/// Whom track requests name.
#[derive(Clone, Copy)]
pub(crate) enum Objects {
    New,
    Known(u64),
}

/// LINE ID of a customer.
pub(crate) fn line_id(number: u64) -> String {
    format!("U{:016x}{number:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// A CSV of customers `c0`.. with 11 custom columns, an email, and a LINE ID for every second.
pub(crate) fn customers(count: u64) -> Vec<u8> {
    use std::fmt::Write as _;
    let mut text = String::from("external_id,email,native_line_id");
    for column in 0..11 {
        let _ = write!(text, ",k{column}");
    }
    text.push('\n');
    for number in 0..count {
        let line = if number % 2 == 0 { line_id(number) } else { String::new() };
        let _ = write!(text, "c{number},c{number}@example.com,{line}");
        for column in 0..11 {
            let _ = write!(text, ",value-{}", number.wrapping_add(column));
        }
        text.push('\n');
    }
    text.into_bytes()
}

async fn load<F, W>(time: Duration, items: u64, request: F) -> Result<Load>
where
    F: Fn(u64) -> W + Send + Sync + 'static,
    W: Future<Output = Result<u16>> + Send,
{
    let (request, next) = (Arc::new(request), Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let tasks: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (request, next) = (Arc::clone(&request), Arc::clone(&next));
            tokio::spawn(async move {
                let mut times = Vec::new();
                while began.elapsed() < time {
                    let sent = Instant::now();
                    let status = request(next.fetch_add(1, Ordering::Relaxed)).await?;
                    ensure!((200..300).contains(&status), "an answer had status {status}");
                    times.push(sent.elapsed());
                }
                Ok(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let rate = (times.len() as u64 * items) as f64 / began.elapsed().as_secs_f64();
    times.sort_unstable();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Load { rate, p99 })
}

/// Track requests of 75 objects: 3 of 11 attributes of known profiles, or new ones with all.
pub(crate) async fn track(caller: &Caller, time: Duration, whom: Objects) -> Result<Load> {
    let caller = caller.clone();
    load(time, OBJECTS, move |number| {
        let (caller, body) = (caller.clone(), json!({"attributes": objects(number, whom)}));
        async move { Ok(caller.post("/users/track", &body).await?.status) }
    })
    .await
}

fn objects(request: u64, whom: Objects) -> Vec<Value> {
    (request * OBJECTS..(request + 1) * OBJECTS)
        .map(|number| match whom {
            Objects::New => {
                let mut object = json!({"external_id": format!("n{number}"), "email": format!("n{number}@example.com")});
                if number % 2 == 0 {
                    object["native_line_id"] = json!(line_id(number | 1 << 40));
                }
                for column in 0..11 {
                    object[format!("k{column}")] = json!(format!("value-{number}"));
                }
                object
            }
            Objects::Known(profiles) => {
                let known = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % profiles;
                json!({"external_id": format!("c{known}"), "k1": number, "k2": format!("v{number}"), "k3": number % 2 == 0})
            }
        })
        .collect()
}

/// The same server answering a constant.
pub(crate) async fn constant(caller: &Caller, time: Duration) -> Result<Load> {
    let caller = caller.clone();
    load(time, 1, move |_| {
        let caller = caller.clone();
        async move { Ok(caller.get("/healthz").await?.status) }
    })
    .await
}

/// Look-ups of LINE IDs that somebody holds.
pub(crate) async fn look_up(caller: &Caller, time: Duration, profiles: u64) -> Result<Load> {
    let caller = caller.clone();
    load(time, 1, move |number| {
        let known = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % profiles) & !1;
        let (caller, path) = (caller.clone(), format!("/line/users/{}", line_id(known)));
        async move { Ok(caller.get(&path).await?.status) }
    })
    .await
}

/// Signed webhooks with one follow of a new user each.
pub(crate) async fn follows(webhook: &Webhook, time: Duration) -> Result<Load> {
    let webhook = webhook.clone();
    load(time, 1, move |number| {
        let user = line_id(number | 1 << 50);
        let event = Event { kind: "follow", user, at: 1_727_600_000_000, id: format!("bench-{number}") };
        let webhook = webhook.clone();
        async move { Ok(webhook.send(&[event.json()]).await?.status) }
    })
    .await
}
