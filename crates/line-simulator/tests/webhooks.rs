//! The webhook side: what a receiver gets, and what happens when it fails (line.md A1, A4, B4, H4, H5).

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

#[path = "webhooks/odd.rs"]
mod odd;
#[path = "webhooks/stage.rs"]
mod stage;

use line_platform::webhook::{EventKind, parse_envelope};
use line_simulator::verbs::{
    Act, ActKind, Batch, ChannelChange, ChannelMade, ChannelSpec, ClockChange, Verdict,
};
use line_simulator::{Running, SimulatorClient, SimulatorOptions, serve};
use serde_json::{Value, json};

use stage::{Arrived, stage};

#[tokio::test]
async fn a_follow_arrives_signed_and_the_act_tells_how_it_went() {
    let stage = stage().await;
    let report = stage.sim.follow(stage.id(), "hanako").await.unwrap();
    assert_eq!((report.deliveries.len(), report.deliveries[0].status), (1, Some(200)));
    assert_eq!(report.deliveries[0].verdict, Verdict::Ok);
    let arrived = stage.last();
    assert!(arrived.verified(&stage.channel.channel_secret) && !arrived.verified("another"));
    assert_eq!(arrived.headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(arrived.headers["user-agent"], "LineBotWebhook/2.0");
    let envelope = parse_envelope(&arrived.body).unwrap();
    assert_eq!(envelope.destination.as_ref(), Some(&stage.channel.bot_user_id));
    let event = arrived.event();
    assert_eq!(event.kind, EventKind::Follow { is_unblocked: Some(false) });
    assert_eq!(
        (event.user_id(), event.is_redelivery, event.is_odd()),
        (Some(report.line_user_id.as_str()), false, false)
    );
    assert_eq!(report.events[0]["webhookEventId"], Value::from(event.key));
}

#[tokio::test]
async fn blocking_unblocking_writing_and_tapping_make_their_events() {
    let stage = stage().await;
    stage.sim.follow(stage.id(), "hanako").await.unwrap();
    stage.sim.block(stage.id(), "hanako").await.unwrap();
    assert_eq!(stage.last().event().kind, EventKind::Unfollow);
    assert_eq!(stage.sim.followers(stage.id()).await.unwrap().len(), 0);
    stage.sim.follow(stage.id(), "hanako").await.unwrap();
    assert_eq!(stage.last().event().kind, EventKind::Follow { is_unblocked: Some(true) });
    stage.sim.message(stage.id(), "hanako", "やあ\u{1F928}").await.unwrap();
    let arrived = stage.last();
    assert!(arrived.body.is_ascii(), "non-ASCII is escaped");
    let EventKind::Message { text, id, .. } = arrived.event().kind else { panic!("a message") };
    assert_eq!(text.as_deref(), Some("やあ\u{1F928}"));
    stage.sim.postback(stage.id(), "hanako", "a=1").await.unwrap();
    assert_eq!(stage.last().event().kind, EventKind::Postback { data: Some("a=1".to_owned()) });
    let unsend = Act {
        channel_id: stage.id().to_owned(),
        person: "hanako".to_owned(),
        act: ActKind::Unsend,
        message_id: id.clone(),
        ..Act::default()
    };
    stage.sim.act(unsend).await.unwrap();
    assert_eq!(stage.last().event().kind, EventKind::Unsend { message_id: id });
    stage.change(ChannelChange { raw_utf8: Some(true), ..ChannelChange::default() }).await;
    stage.sim.message(stage.id(), "hanako", "やあ").await.unwrap();
    let raw = stage.last();
    assert!(!raw.body.is_ascii() && raw.verified(&stage.channel.channel_secret));
}

#[tokio::test]
async fn a_failed_webhook_comes_again_with_the_same_id_newly_signed() {
    let stage = stage().await;
    let delays = Some(vec![1, 1, 1]);
    stage
        .change(ChannelChange {
            redelivery: Some(true),
            redelivery_delays_ms: delays,
            ..ChannelChange::default()
        })
        .await;
    stage.answer_with(&[500, 503]);
    let report = stage.sim.follow(stage.id(), "hanako").await.unwrap();
    assert_eq!(report.deliveries[0].verdict, Verdict::ErrorStatusCode);
    stage.sim.settle().await.unwrap();
    let arrived = stage.arrived();
    assert_eq!(arrived.len(), 3);
    let events: Vec<_> = arrived.iter().map(Arrived::event).collect();
    assert_eq!(events.iter().map(|event| event.is_redelivery).collect::<Vec<_>>(), [false, true, true]);
    assert!(
        events.iter().all(|event| event.key == events[0].key && event.timestamp_ms == events[0].timestamp_ms)
    );
    assert!(events.iter().all(|event| event.reply_token == events[0].reply_token));
    assert!(arrived.iter().all(|arrived| arrived.verified(&stage.channel.channel_secret)));
    assert_ne!(arrived[0].signature, arrived[1].signature);
    let outbox = stage.sim.outbox().await.unwrap();
    let attempts: Vec<_> = outbox.iter().map(|attempt| (attempt.attempt, attempt.status)).collect();
    assert_eq!(attempts, [(1, Some(500)), (2, Some(503)), (3, Some(200))]);
}

#[tokio::test]
async fn redelivery_gives_up_at_the_end_of_its_schedule_and_is_off_by_itself() {
    let stage = stage().await;
    stage.answer_with(&[500; 10]);
    stage.sim.follow(stage.id(), "hanako").await.unwrap();
    stage.sim.settle().await.unwrap();
    assert_eq!(stage.arrived().len(), 1, "off unless switched on");
    let delays = Some(vec![1, 1]);
    stage
        .change(ChannelChange {
            redelivery: Some(true),
            redelivery_delays_ms: delays,
            ..ChannelChange::default()
        })
        .await;
    let batch = Batch { channel_id: stage.id().to_owned(), follows: 2, ..Batch::default() };
    stage.sim.deliver(batch).await.unwrap();
    stage.sim.settle().await.unwrap();
    let later = &stage.arrived()[1..];
    assert_eq!(later.len(), 1 + 2 + 2, "a batch comes again event by event");
    assert_eq!(later[0].events().len(), 2);
    assert!(later[1..].iter().all(|arrived| arrived.event().is_redelivery));
}

#[tokio::test]
async fn what_was_due_before_a_reset_is_not_sent_after_it() {
    let stage = stage().await;
    let change = ChannelChange {
        redelivery: Some(true),
        redelivery_delays_ms: Some(vec![200]),
        ..ChannelChange::default()
    };
    stage.change(change).await;
    stage.answer_with(&[500]);
    stage.sim.follow(stage.id(), "hanako").await.unwrap();
    stage.sim.reset().await.unwrap();
    let again = ChannelSpec { webhook_url: Some(stage.url.clone()), ..ChannelSpec::default() };
    assert_eq!(stage.sim.create_channel(again).await.unwrap(), stage.channel);
    stage.sim.settle().await.unwrap();
    assert_eq!(stage.arrived().len(), 1);
}

#[tokio::test]
async fn silence_and_dead_ends_are_told_apart() {
    let stage = stage().await;
    stage.change(ChannelChange { timeout_ms: Some(500), ..ChannelChange::default() }).await;
    stage.answer_with(&[0]);
    let late = stage.sim.follow(stage.id(), "hanako").await.unwrap();
    assert_eq!((late.deliveries[0].verdict, late.deliveries[0].status), (Verdict::RequestTimeout, None));
    assert_eq!(stage.arrived().len(), 1, "the receiver had it all the same");
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    stage.sim.set_webhook_url(stage.id(), &nobody).await.unwrap();
    let dead = stage.sim.follow(stage.id(), "hanako").await.unwrap();
    assert_eq!(dead.deliveries[0].verdict, Verdict::CouldNotConnect);
}

#[tokio::test]
async fn nothing_is_sent_when_nothing_should_be() {
    let stage = stage().await;
    let act =
        |act| Act { channel_id: stage.id().to_owned(), person: "hanako".to_owned(), act, ..Act::default() };
    let silent = Act { silent: true, ..act(ActKind::Follow) };
    assert_eq!(stage.sim.act(silent).await.unwrap().not_sent.as_deref(), Some("silent"));
    assert_eq!(stage.sim.followers(stage.id()).await.unwrap().len(), 1);
    let deleted = stage.sim.act(act(ActKind::DeleteAccount)).await.unwrap();
    assert_eq!(deleted.not_sent.as_deref(), Some("no_event"));
    assert_eq!(stage.sim.followers(stage.id()).await.unwrap().len(), 0);
    assert!(stage.sim.follow(stage.id(), "hanako").await.is_err(), "no account, no act");
    let reborn = stage.sim.act(act(ActKind::RecreateAccount)).await.unwrap();
    assert_ne!(reborn.line_user_id, deleted.line_user_id);
    stage.change(ChannelChange { webhook_active: Some(false), ..ChannelChange::default() }).await;
    assert_eq!(
        stage.sim.follow(stage.id(), "hanako").await.unwrap().not_sent.as_deref(),
        Some("webhook_inactive")
    );
    stage.sim.set_webhook_url(stage.id(), "").await.unwrap();
    assert_eq!(
        stage.sim.follow(stage.id(), "hanako").await.unwrap().not_sent.as_deref(),
        Some("no_webhook_url")
    );
    assert_eq!(stage.arrived().len(), 0);
}

#[tokio::test]
async fn time_id_and_redelivery_can_be_dictated() {
    let stage = stage().await;
    let act = Act {
        channel_id: stage.id().to_owned(),
        person: "hanako".to_owned(),
        timestamp: Some(1_727_600_000_000),
        webhook_event_id: Some("01J8ZQ5V7T0000000000000001".to_owned()),
        redelivery: true,
        ..Act::default()
    };
    stage.sim.act(act).await.unwrap();
    let event = stage.last().event();
    assert_eq!((event.timestamp_ms, event.is_redelivery), (Some(1_727_600_000_000), true));
    assert_eq!(event.key, "01J8ZQ5V7T0000000000000001");
    let frozen =
        ClockChange { frozen: Some(true), set_ms: Some(1_800_000_000_000), ..ClockChange::default() };
    assert_eq!(stage.sim.change_clock(frozen).await.unwrap().now, "2027-01-15T08:00:00.000Z");
    stage.sim.block(stage.id(), "hanako").await.unwrap();
    assert_eq!(stage.last().event().timestamp_ms, Some(1_800_000_000_000));
}

#[tokio::test]
async fn the_signature_header_comes_in_more_than_one_letter_case() {
    let (sim, channel, running, mut heads) = raw_receiver().await;
    for _ in 0..16 {
        sim.follow(&channel.channel_id, "hanako").await.unwrap();
    }
    let mut names = std::collections::BTreeSet::new();
    for _ in 0..16 {
        let head = heads.recv().await.unwrap();
        names.extend(head.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.to_owned()));
    }
    assert!(names.contains("x-line-signature") && names.contains("X-Line-Signature"), "{names:?}");
    running.stop().await;
}

/// A receiver that shows heads as they came over the wire.
async fn raw_receiver()
-> (SimulatorClient, ChannelMade, Running, tokio::sync::mpsc::UnboundedReceiver<String>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (send, heads) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let length = head.to_lowercase();
            let length = length.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let mut body = vec![0; length.parse().unwrap()];
            stream.read_exact(&mut body).await.unwrap();
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .await
                .unwrap();
            send.send(head).unwrap();
        }
    });
    let running = serve(SimulatorOptions::default()).await.unwrap();
    let sim = SimulatorClient::new(&running.base_url()).unwrap();
    let channel =
        sim.create_channel(ChannelSpec { webhook_url: Some(url), ..ChannelSpec::default() }).await.unwrap();
    (sim, channel, running, heads)
}

#[tokio::test]
async fn the_endpoint_can_be_set_read_and_tested_by_api() {
    let stage = stage().await;
    let http = reqwest::Client::new();
    let base = format!("{}/v2/bot/channel/webhook", stage.running.base_url());
    let call = async |method: reqwest::Method, path: &str, body: Value| {
        let request =
            http.request(method, format!("{base}/{path}")).bearer_auth(&stage.channel.channel_access_token);
        let answer = request.json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    use reqwest::Method;
    let read = call(Method::GET, "endpoint", json!({})).await;
    assert_eq!(read, (200, json!({"endpoint":stage.url,"active":true})));
    let (status, tested) = call(Method::POST, "test", json!({})).await;
    assert_eq!(
        (status, &tested["success"], &tested["statusCode"], &tested["reason"]),
        (200, &json!(true), &json!(200), &json!("OK"))
    );
    assert_eq!(stage.last().events(), []);
    stage.answer_with(&[404]);
    let (status, tested) = call(Method::POST, "test", json!({"endpoint": stage.url})).await;
    assert_eq!(
        (status, &tested["success"], &tested["reason"]),
        (200, &json!(false), &json!("ERROR_STATUS_CODE"))
    );
    for (url, message) in [
        ("http://example.com/", "Invalid webhook endpoint URL"),
        ("nonsense", "Invalid webhook endpoint URL"),
        (&format!("https://example.com/{}", "x".repeat(500)), "The request body has 1 error(s)"),
    ] {
        let (status, refused) = call(Method::PUT, "endpoint", json!({"endpoint": url})).await;
        assert_eq!((status, &refused["message"]), (400, &json!(message)));
    }
    assert_eq!(
        call(Method::PUT, "endpoint", json!({"endpoint":"https://example.com/hook"})).await,
        (200, json!({}))
    );
    assert_eq!(call(Method::GET, "endpoint", json!({})).await.1["endpoint"], "https://example.com/hook");
    stage.sim.set_webhook_url(stage.id(), "").await.unwrap();
    assert_eq!(call(Method::GET, "endpoint", json!({})).await.0, 404);
    assert_eq!(call(Method::POST, "test", json!({})).await.0, 404);
}
