//! LINE's webhook over HTTP: signature, tolerance, exactly-once effect (line.md A1-A4).
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use serde_json::{Value, json};
use testkit::{Event, World, line_id, sign};

const FIRST: i64 = 1_727_600_000_000;

async fn world() -> World {
    World::start(env!("CARGO_BIN_EXE_enmusubi")).await.unwrap()
}

fn event(kind: &'static str, user: &str, at: i64, id: &str) -> Value {
    Event { kind, user: user.to_owned(), at, id: id.to_owned() }.json()
}

/// A1: vectors 2-4 in spirit, with the channel's own secret: wrong, missing, empty, truncated, hex-decoded key,
/// URL-safe base64 and another body are refused, and nothing is stored.
#[tokio::test]
async fn a_wrong_signature_is_401_and_stores_nothing() {
    let world = world().await;
    let id = line_id(1);
    let body =
        json!({"destination": world.channel.bot_user_id, "events": [event("follow", &id, FIRST, "e1")]})
            .to_string()
            .into_bytes();
    let good = sign(&world.channel.channel_secret, &body);
    let hex_key: Vec<u8> = (0..world.channel.channel_secret.len() / 2)
        .filter_map(|place| {
            u8::from_str_radix(world.channel.channel_secret.get(place * 2..place * 2 + 2)?, 16).ok()
        })
        .collect();
    let by_hex_key = sign(&String::from_utf8_lossy(&hex_key), &body);
    let truncated = &good[..good.len() - 4];
    let url_safe = good.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned();
    let other = sign(&world.channel.channel_secret, b"{}");
    let wrong = sign("another secret", &body);
    for signature in
        [None, Some(""), Some(truncated), Some(&url_safe), Some(&other), Some(&wrong), Some(&by_hex_key)]
    {
        let answer = world.webhook.send_raw(body.clone(), signature).await.unwrap();
        assert_eq!(answer.status, 401, "{signature:?}");
        assert_eq!(answer.json["code"], "signature_invalid");
    }
    assert_eq!(world.state(&id).await.unwrap(), None);
    assert_eq!(world.webhook.send_raw(body, Some(&good)).await.unwrap().status, 200);
    assert_eq!(world.state(&id).await.unwrap().as_deref(), Some("subscribed"));
}

/// A1: escapes are bytes like any others; nothing is decoded before the check.
#[tokio::test]
async fn escaped_text_is_verified_as_it_came() {
    let world = world().await;
    let id = line_id(2);
    let mut message = event("message", &id, FIRST, "e1");
    message["message"]["text"] = json!("\u{1f928}");
    let text = json!({"destination": world.channel.bot_user_id, "events": [message]}).to_string();
    let escaped = text.replace('\u{1f928}', "\\uD83E\\uDD28").into_bytes();
    let signature = sign(&world.channel.channel_secret, &escaped);
    assert_eq!(world.webhook.send_raw(text.into_bytes(), Some(&signature)).await.unwrap().status, 401);
    assert_eq!(world.webhook.send_raw(escaped, Some(&signature)).await.unwrap().status, 200);
    assert_eq!(world.profiles(&id).await.unwrap().len(), 1);
}

/// A4: verification requests; an unknown channel; a rightly signed body that is none.
#[tokio::test]
async fn empty_events_are_200_and_unknown_channels_404() {
    let world = world().await;
    assert_eq!(world.webhook.send(&[]).await.unwrap().status, 200);
    let body = b"not json".to_vec();
    let signature = sign(&world.channel.channel_secret, &body);
    assert_eq!(world.webhook.send_raw(body, Some(&signature)).await.unwrap().status, 400);
    let mut elsewhere = world.webhook.clone();
    elsewhere.channel = "999".into();
    assert_eq!(elsewhere.send(&[]).await.unwrap().status, 404);
}

/// A2, A3, G5: odd events are kept, not fatal, and do not stop their batch; LINE's dummy user becomes nobody.
#[tokio::test]
async fn odd_events_do_not_stop_their_batch() {
    let world = world().await;
    let (before, after) = (line_id(3), line_id(4));
    let dummy = "Udeadbeefdeadbeefdeadbeefdeadbeef";
    let odd = [
        event("follow", &before, FIRST, "e1"),
        json!({"type": "sparkle", "webhookEventId": "e2", "timestamp": FIRST, "source": {"type": "user", "userId": line_id(5)}}),
        json!({"type": "follow"}),
        json!({"type": "follow", "source": null, "timestamp": null, "webhookEventId": null}),
        json!({"type": "message", "source": {"type": "group", "groupId": "C1"}, "webhookEventId": "e3"}),
        json!(7),
        json!("text"),
        event("follow", dummy, FIRST, "e4"),
        event("follow", &after, FIRST, "e5"),
    ];
    assert_eq!(world.webhook.send(&odd).await.unwrap().status, 200);
    for id in [&before, &after] {
        assert_eq!(world.state(id).await.unwrap().as_deref(), Some("subscribed"));
    }
    assert_eq!(world.state(&line_id(5)).await.unwrap(), None);
    let answer = world.caller.get(&format!("/line/users/{dummy}")).await.unwrap();
    assert!(matches!(answer.status, 400 | 404));
}

/// A4: exactly once, also when two copies arrive at the same moment.
#[tokio::test]
async fn two_copies_at_the_same_moment_make_one_profile() {
    let world = world().await;
    for round in 0..100 {
        let id = line_id(1000 + round);
        let events = [event("follow", &id, FIRST, &format!("e{round}"))];
        let (first, second) = tokio::join!(world.webhook.send(&events), world.webhook.send(&events));
        assert_eq!((first.unwrap().status, second.unwrap().status), (200, 200));
        assert_eq!(world.profiles(&id).await.unwrap().len(), 1, "round {round}");
    }
    // Delivered again much later, after the state moved on: nothing changes.
    let id = line_id(1000);
    world.webhook.event("unfollow", &id, FIRST + 1, "later").await.unwrap();
    world.webhook.event("follow", &id, FIRST, "e0").await.unwrap();
    assert_eq!(world.state(&id).await.unwrap().as_deref(), Some("unsubscribed"));
}

/// A4: requests that wait at the same moment share transactions, and each is answered for its own events: all durable, each
/// once, a user's in their order of time, odd ones kept.
#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_together_are_applied_together() {
    let world = world().await;
    let requests = (0..240_u32).map(|number| {
        let user = line_id(3000 + number % 40);
        let (kind, at) = if number < 160 { ("follow", FIRST) } else { ("unfollow", FIRST + 1) };
        // Two requests for each event, the other one with something odd before it.
        let mut events = vec![event(kind, &user, at, &format!("t{}", number / 80 * 40 + number % 40))];
        if number % 80 >= 40 {
            events.insert(
                0,
                json!({"type": "sparkle", "webhookEventId": format!("odd{number}"), "mode": "active"}),
            );
        }
        let webhook = world.webhook.clone();
        tokio::spawn(async move { webhook.send(&events).await.unwrap().status })
    });
    for answered in requests.collect::<Vec<_>>() {
        assert_eq!(answered.await.unwrap(), 200);
    }
    for number in 0..40 {
        let user = line_id(3000 + number);
        assert_eq!(world.profiles(&user).await.unwrap().len(), 1, "user {number}");
        assert_eq!(world.state(&user).await.unwrap().as_deref(), Some("unsubscribed"), "user {number}");
    }
    let metrics = world.caller.get("/metrics").await.unwrap().text;
    let value = |name: &str| -> u64 {
        let line = metrics.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(value("enmusubi_line_events_total{outcome=\"applied\"}"), 120);
    assert_eq!(value("enmusubi_line_events_total{outcome=\"repeated\"}"), 120);
    assert_eq!(value("enmusubi_line_events_total{outcome=\"kept\"}"), 120);
    let transactions = value("enmusubi_store_transactions_total{result=\"committed\"}");
    assert!(transactions < 120, "{transactions} transactions for 240 requests");
}

/// Design, section 5: another bot's events are kept, not applied; a clock far ahead does not win for ever.
#[tokio::test]
async fn foreign_destinations_and_clocks_ahead_do_no_harm() {
    let world = world().await;
    let id = line_id(6);
    let mut foreign = world.webhook.clone();
    foreign.destination = line_id(7);
    assert_eq!(foreign.send(&[event("follow", &id, FIRST, "e1")]).await.unwrap().status, 200);
    assert_eq!(world.state(&id).await.unwrap(), None);
    let ahead = 4_000_000_000_000;
    world.webhook.event("follow", &id, ahead, "e2").await.unwrap();
    let soon = i64::try_from(
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis(),
    )
    .unwrap();
    world.webhook.event("unfollow", &id, soon + 60_000, "e3").await.unwrap();
    assert_eq!(world.state(&id).await.unwrap().as_deref(), Some("unsubscribed"));
}
