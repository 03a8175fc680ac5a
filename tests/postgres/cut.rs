//! A connection that is cut between the commit and its answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use testkit::postgres::Cluster;
use testkit::{Caller, Server, ServerOptions, Webhook};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{BINARY, on};

/// The message by which a client commits: a simple query of this text.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// Between a server of ours and PostgreSQL. Armed, it lets the next COMMIT through, waits until PostgreSQL has answered, so
/// that it is done, and closes the connection instead of passing the answer on.
struct Proxy {
    address: SocketAddr,
    armed: Arc<AtomicU32>,
    cut: Arc<AtomicU32>,
}

impl Proxy {
    async fn start(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (armed, cut) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let proxy = Self { address, armed: Arc::clone(&armed), cut: Arc::clone(&cut) };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(pass(client, server, Arc::clone(&armed), Arc::clone(&cut)));
            }
        });
        proxy
    }

    fn url(&self) -> String {
        format!("postgres://enmusubi@{}/postgres", self.address)
    }

    /// Cuts the next `count` commits.
    fn arm(&self, count: u32) {
        self.armed.store(count, Ordering::SeqCst);
    }

    /// How many were cut so far.
    fn cuts(&self) -> u32 {
        self.cut.load(Ordering::SeqCst)
    }
}

/// Passes both ways until one side ends or the connection is to be cut. A message of a few bytes comes in one piece here.
async fn pass(mut client: TcpStream, mut server: TcpStream, armed: Arc<AtomicU32>, cut: Arc<AtomicU32>) {
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            sent = client.read(&mut up) => {
                let Ok(count @ 1..) = sent else { return };
                let commits = up[..count].windows(COMMIT.len()).any(|part| part == COMMIT);
                let is_cut = commits
                    && armed.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
                if server.write_all(&up[..count]).await.is_err() {
                    return;
                }
                if is_cut {
                    // The answer: the commit is done.
                    let _ = server.read(&mut down).await;
                    cut.fetch_add(1, Ordering::SeqCst);
                    return;
                }
            }
            answered = server.read(&mut down) => {
                let Ok(count @ 1..) = answered else { return };
                if client.write_all(&down[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn points(caller: &Caller, id: &str) -> u64 {
    let users = caller.export(json!({"external_ids": [id]})).await.unwrap();
    users.first().map_or(0, |user| user["custom_attributes"]["points"].as_u64().unwrap())
}

/// How often each thing is cut.
const ROUNDS: u32 = 8;

/// Without a key the caller is told that the outcome is unknown, and finds it done, once. With a key the same request again
/// is answered as the first would have been, and nothing is done twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_counts_once() {
    let (cluster, data) = (Cluster::start().unwrap(), tempfile::tempdir().unwrap());
    let proxy = Proxy::start(cluster.port()).await;
    let server = Server::start(BINARY, on(&proxy.url(), data.path())).await.unwrap();
    let caller = server.caller();
    let counted = |id: &str| json!({"attributes": [{"external_id": id, "points": {"inc": 1}}]});
    // The use of the key is written, too, beside the first request.
    caller.track(&counted("first")).await.unwrap();
    testkit::eventually("the use of the key is written", 10, async || {
        (cluster.run("SELECT count(*) FROM api_keys WHERE last_seen_at IS NOT NULL").unwrap() == "1")
            .then_some(())
    })
    .await
    .unwrap();
    for round in 0..ROUNDS {
        let before = proxy.cuts();
        proxy.arm(1);
        let answer = caller.post("/users/track", &counted("plain")).await.unwrap();
        assert_eq!(proxy.cuts(), before + 1, "nothing was cut");
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (503, &json!("outcome_unknown")),
            "{}",
            answer.text
        );
        assert_eq!(points(&caller, "plain").await, u64::from(round) + 1, "it was done, once");
    }
    for round in 0..ROUNDS {
        let key = format!("key-{round}");
        let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
        let body = counted("keyed").to_string().into_bytes();
        let before = proxy.cuts();
        proxy.arm(1);
        let first = caller.send("/users/track", &headers, body.clone()).await.unwrap();
        assert_eq!(proxy.cuts(), before + 1, "nothing was cut");
        assert!(first.status == 201 || first.status == 503, "{}", first.text);
        let again = caller.send("/users/track", &headers, body).await.unwrap();
        assert_eq!(
            (again.status, again.header("idempotency-replayed")),
            (201, Some("true")),
            "{}",
            again.text
        );
        assert_eq!(points(&caller, "keyed").await, u64::from(round) + 1, "it was done, once");
    }
}

/// A webhook is acknowledged in the same request: its events are their own dedupe key, so that they are tried again and
/// found to be there. One follow makes one profile, one history, one row.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_whose_commit_is_not_answered_is_applied_once() {
    let running = line_simulator::serve(line_simulator::SimulatorOptions::default()).await.unwrap();
    let line = line_simulator::SimulatorClient::new(&running.base_url()).unwrap();
    let channel = line.create_channel(line_simulator::verbs::ChannelSpec::default()).await.unwrap();
    let (cluster, data) = (Cluster::start().unwrap(), tempfile::tempdir().unwrap());
    let proxy = Proxy::start(cluster.port()).await;
    let options = ServerOptions { line_api_base: Some(running.base_url()), ..on(&proxy.url(), data.path()) };
    let server = Server::start(BINARY, options).await.unwrap();
    let caller = server.caller();
    let body = json!({
        "provider_id": channel.provider_id, "channel_id": channel.channel_id,
        "channel_secret": channel.channel_secret, "channel_access_token": channel.channel_access_token,
    });
    let connected = caller.post("/line/channels", &body).await.unwrap();
    assert_eq!(connected.status, 201, "{}", connected.text);
    let sync = format!("/line/syncs/{}", connected.json["sync_id"].as_str().unwrap());
    testkit::eventually("the first sync ends", 20, async || {
        (caller.get(&sync).await.ok()?.json["state"] != "running").then_some(())
    })
    .await
    .unwrap();
    testkit::eventually("the use of the key is written", 10, async || {
        (cluster.run("SELECT count(*) FROM api_keys WHERE last_seen_at IS NOT NULL").unwrap() == "1")
            .then_some(())
    })
    .await
    .unwrap();
    let webhook = Webhook {
        caller: server.caller_with(None),
        channel: channel.channel_id.clone(),
        secret: channel.channel_secret.clone(),
        destination: channel.bot_user_id.clone(),
    };
    for round in 0..ROUNDS {
        let user = format!("U{round:032x}");
        let before = proxy.cuts();
        // Cut once, and once more when it is tried again.
        proxy.arm(1 + round % 2);
        webhook.event("follow", &user, 1_727_600_000_000, &format!("event-{round}")).await.unwrap();
        assert!(proxy.cuts() > before, "nothing was cut");
        proxy.arm(0);
        let found = caller.line_user(&user).await.unwrap().unwrap();
        assert_eq!(found["profiles"].as_array().unwrap().len(), 1, "{found}");
        assert_eq!(found["channels"][0]["state"], "subscribed");
    }
    assert_eq!(cluster.run("SELECT count(*), count(DISTINCT event) FROM line_inbox").unwrap(), "8|8");
    assert_eq!(cluster.run("SELECT count(*) FROM profiles").unwrap(), "8");
    let metrics = caller.get("/metrics").await.unwrap().text;
    let unknown = metrics.lines().find(|line| line.contains("outcome_unknown")).unwrap();
    assert!(!unknown.ends_with(" 0"), "{unknown}");
}
