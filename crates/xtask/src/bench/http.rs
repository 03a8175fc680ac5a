//! Load over HTTP: closed-loop clients for a while, or requests at a constant rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use testkit::{Caller, Event, Webhook};

use super::ceiling::OBJECTS;
use super::steady::{Steady, steady};

/// Clients at once.
pub(crate) const CLIENTS: u64 = 16;

/// What a load came to.
pub(crate) struct Load {
    /// Items per second.
    pub(crate) rate: f64,
    /// Items.
    pub(crate) count: u64,
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

/// A CSV of customers, `c0`.. for the prefix `c`, with 11 custom columns, an email, and for `c` a LINE ID for every second.
pub(crate) fn customers(prefix: &str, count: u64) -> Vec<u8> {
    use std::fmt::Write as _;
    let mut text = String::from("external_id,email,native_line_id");
    for column in 0..11 {
        let _ = write!(text, ",k{column}");
    }
    text.push('\n');
    for number in 0..count {
        let line = if prefix == "c" && number % 2 == 0 { line_id(number) } else { String::new() };
        let _ = write!(text, "{prefix}{number},{prefix}{number}@example.com,{line}");
        for column in 0..11 {
            let _ = write!(text, ",value-{}", number.wrapping_add(column));
        }
        text.push('\n');
    }
    text.into_bytes()
}

pub(crate) async fn load<F, W>(time: Duration, items: u64, request: F) -> Result<Load>
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
    let count = times.len() as u64 * items;
    let rate = super::per_second(count, began.elapsed());
    times.sort_unstable();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Load { rate, count, p99 })
}

/// Track requests of 75 objects: 3 of 11 attributes of known profiles, or new ones with all.
pub(crate) async fn track(caller: &Caller, time: Duration, whom: Objects) -> Result<Load> {
    let caller = caller.clone();
    load(time, OBJECTS, move |number| {
        let (caller, body) = (caller.clone(), attributes(number * OBJECTS, OBJECTS, whom));
        async move { post_track(&caller, body).await }
    })
    .await
}

async fn post_track(caller: &Caller, body: String) -> Result<u16> {
    let json = [("content-type", "application/json")];
    Ok(caller.send("/users/track", &json, body.into_bytes()).await?.status)
}

/// A track request of `count` objects, written as text at once: what makes the load takes processor time from the
/// server.
fn attributes(from: u64, count: u64, whom: Objects) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(350 * usize::try_from(count).unwrap_or_default());
    text.push_str(r#"{"attributes":["#);
    for number in from..from + count {
        if number != from {
            text.push(',');
        }
        let written = match whom {
            Objects::New => new_object(&mut text, number),
            Objects::Known(profiles) => {
                let known = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % profiles;
                let even = number % 2 == 0;
                write!(text, r#"{{"external_id":"c{known}","k1":{number},"k2":"v{number}","k3":{even}}}"#)
            }
        };
        // Writing to a string does not fail.
        written.unwrap_or_default();
    }
    text.push_str("]}");
    text
}

fn new_object(text: &mut String, number: u64) -> std::fmt::Result {
    use std::fmt::Write as _;
    write!(text, r#"{{"external_id":"n{number}","email":"n{number}@example.com""#)?;
    if number.is_multiple_of(2) {
        write!(text, r#","native_line_id":"{}""#, line_id(number | 1 << 40))?;
    }
    for column in 0..11 {
        write!(text, r#","k{column}":"value-{number}""#)?;
    }
    text.write_char('}')
}

/// The same server answering a constant.
pub(crate) async fn constant(caller: &Caller, time: Duration) -> Result<Load> {
    let caller = caller.clone();
    load(time, 1, move |_| {
        let caller = caller.clone();
        async move { caller.get_status("/healthz").await }
    })
    .await
}

/// Look-ups of LINE IDs that somebody holds.
pub(crate) async fn look_up(caller: &Caller, time: Duration, profiles: u64) -> Result<Load> {
    let caller = caller.clone();
    load(time, 1, move |number| {
        let known = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % profiles) & !1;
        let (caller, path) = (caller.clone(), format!("/line/users/{}", line_id(known)));
        async move { caller.get_status(&path).await }
    })
    .await
}

/// Signed webhooks with one follow of a new user each.
pub(crate) async fn follows(webhook: &Webhook, time: Duration) -> Result<Load> {
    let webhook = webhook.clone();
    load(time, 1, move |number| follow(&webhook, line_id(number | 1 << 50), format!("bench-{number}"))).await
}

/// The same at 1,000 a second.
pub(crate) async fn burst(webhook: &Webhook, time: Duration) -> Result<Steady> {
    steady(1000, time, |number| follow(webhook, burst_id(number), format!("burst-{number}"))).await
}

/// How many of the first `count` users of the burst nobody is found by.
pub(crate) async fn missing(caller: &Caller, count: u64) -> Result<u64> {
    let next = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (caller, next) = (caller.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut missing = 0;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return anyhow::Ok(missing);
                    }
                    let found = caller.line_user(&burst_id(number)).await?;
                    let subscribed = |found: Value| {
                        found["channels"][0]["state"] == "subscribed" && found["profiles"][0].is_object()
                    };
                    missing += u64::from(!found.is_some_and(subscribed));
                }
            })
        })
        .collect();
    let mut missing = 0;
    for task in tasks {
        missing += task.await??;
    }
    Ok(missing)
}

fn burst_id(number: u64) -> String {
    line_id(number | 1 << 51)
}

fn follow(webhook: &Webhook, user: String, id: String) -> impl Future<Output = Result<u16>> + Send + use<> {
    let event = Event { kind: "follow", user, at: 1_727_600_000_000, id };
    let webhook = webhook.clone();
    async move { Ok(webhook.send(&[event.json()]).await?.status) }
}

/// Small requests as an application sends them: 50 a second, two objects of known profiles each.
pub(crate) async fn interactive(caller: &Caller, time: Duration, profiles: u64) -> Result<Steady> {
    steady(50, time, |number| {
        let (caller, body) = (caller.clone(), attributes(number * OBJECTS, 2, Objects::Known(profiles)));
        async move { post_track(&caller, body).await }
    })
    .await
}

/// A CSV of profiles that share one email address.
pub(crate) fn sharing(email: &str, count: u64) -> Vec<u8> {
    use std::fmt::Write as _;
    let mut text = String::from("external_id,email,k1\n");
    for number in 0..count {
        let _ = writeln!(text, "{email}-{number},{email},value-{number}");
    }
    text.into_bytes()
}

/// Requests of one object that name an email address.
pub(crate) async fn by_email(caller: &Caller, time: Duration, email: &str) -> Result<Load> {
    let (caller, email) = (caller.clone(), email.to_owned());
    load(time, 1, move |number| {
        let (caller, body) = (caller.clone(), json!({"attributes": [{"email": email, "k1": number}]}));
        async move { Ok(caller.post("/users/track", &body).await?.status) }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_request_is_json_with_as_many_objects_as_were_asked_for() {
        for whom in [Objects::New, Objects::Known(1000)] {
            let body: Value = serde_json::from_str(&attributes(150, OBJECTS, whom)).unwrap();
            assert_eq!(body["attributes"].as_array().unwrap().len(), 75);
            assert!(body["attributes"][74]["external_id"].is_string());
        }
        let body: Value = serde_json::from_str(&attributes(0, 2, Objects::New)).unwrap();
        assert_eq!(body["attributes"][0]["native_line_id"], line_id(1 << 40));
        assert_eq!(body["attributes"][1]["k10"], "value-1");
    }
}
