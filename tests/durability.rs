//! Races and crashes: one profile whatever the timing; an acknowledged write survives `kill -9`.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use testkit::postgres::Database;
use testkit::{Event, Server, ServerOptions, World};
use tokio::sync::Mutex;

const BINARY: &str = env!("CARGO_BIN_EXE_enmusubi");

/// ID-8, ID-12, LIN-12: 16 clients with the same new identifier at once make one profile, 100 rounds each.
#[tokio::test(flavor = "multi_thread")]
async fn sixteen_clients_at_once_make_one_profile() {
    let server = Server::start(BINARY, ServerOptions::default()).await.unwrap();
    let caller = server.caller();
    for round in 0..100 {
        let kinds = [
            (json!({"external_id": format!("r{round}")}), json!({"external_ids": [format!("r{round}")]})),
            (
                json!({"email": format!("r{round}@example.com")}),
                json!({"email_address": format!("r{round}@example.com")}),
            ),
            (
                json!({"phone": format!("+8190777{round:05}")}),
                json!({"phone": format!("+8190777{round:05}")}),
            ),
        ];
        for (object, export) in kinds {
            let body = json!({"attributes": [object]});
            let all = (0..16).map(|_| caller.track(&body));
            for answer in futures_util::future::join_all(all).await {
                answer.unwrap();
            }
            let users = caller.export(export).await.unwrap();
            assert_eq!(users.len(), 1, "round {round}: {object}");
        }
    }
}

/// L1: the same new LINE ID by 16 different events at once.
#[tokio::test(flavor = "multi_thread")]
async fn sixteen_follows_of_a_new_line_id_make_one_profile() {
    let world = World::start(BINARY).await.unwrap();
    for round in 0..100 {
        let id = testkit::line_id(5000 + round);
        let all = (0..16).map(|number| {
            let (webhook, user) = (world.webhook.clone(), id.clone());
            let event = Event {
                kind: "follow",
                user,
                at: 1_727_600_000_000 + number,
                id: format!("{round}-{number}"),
            };
            async move { webhook.send(&[event.json()]).await }
        });
        for answer in futures_util::future::join_all(all).await {
            assert_eq!(answer.unwrap().status, 200);
        }
        assert_eq!(world.profiles(&id).await.unwrap().len(), 1, "round {round}");
    }
}

/// Syncs of the database or its log that have succeeded, as strace wrote them down. A line is there before the traced
/// thread goes on, so that a sync that came before an answer is counted once the answer is here.
fn syncs(trace: &std::path::Path) -> usize {
    let text = std::fs::read_to_string(trace).unwrap();
    let done = |line: &&str| line.contains("sync") && line.ends_with(" = 0");
    text.lines().filter(done).count()
}

/// Design, section 4: an acknowledged write is on the disk, not only in the kernel's cache, before its answer.
#[tokio::test]
async fn every_sequential_answer_comes_after_a_sync() {
    const REQUESTS: usize = 50;
    let found = std::process::Command::new("strace").arg("-V").output();
    assert!(found.is_ok(), "strace is not installed: run `cargo xtask test`, or `apt-get install strace`");
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    // `-D`: the server stays our child, and its tracer ends with it.
    let words = ["strace", "-D", "-f", "-e", "trace=fdatasync,fsync", "-o", trace.to_str().unwrap()];
    let wrapper = words.map(str::to_owned).to_vec();
    // What is traced is our own process: with PostgreSQL another one writes.
    let options = ServerOptions { wrapper, ..ServerOptions::in_a_file() };
    let mut server = Server::start(BINARY, options).await.unwrap();
    let caller = server.caller();
    for number in 0..REQUESTS {
        let before = syncs(&trace);
        caller.track(&json!({"attributes": [{"external_id": format!("d{number}")}]})).await.unwrap();
        assert!(syncs(&trace) > before, "request {number} was answered before it was on the disk");
    }
    // The counter-proof: reading syncs nothing, so that what was counted came from the writes.
    let before = syncs(&trace);
    for number in 0..REQUESTS {
        let users = caller.export(json!({"external_ids": [format!("d{number}")]})).await.unwrap();
        assert_eq!(users.len(), 1);
    }
    assert!(syncs(&trace) - before < REQUESTS / 5, "reading syncs the disk");
    server.terminate().await.unwrap();
}

type Acknowledged = Arc<Mutex<BTreeSet<u32>>>;

/// Sends numbered requests from 8 tasks until the server is gone; the acknowledged numbers.
async fn storm<F>(send: F, until: usize, kill: impl AsyncFnOnce()) -> BTreeSet<u32>
where
    F: Fn(u32) -> std::pin::Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync + Clone + 'static,
{
    let acknowledged = Acknowledged::default();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (send, acknowledged) = (send.clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                for number in (task..).step_by(8) {
                    if !send(number).await {
                        return;
                    }
                    acknowledged.lock().await.insert(number);
                }
            })
        })
        .collect();
    testkit::eventually("enough is acknowledged", 60, async || {
        (acknowledged.lock().await.len() >= until).then_some(())
    })
    .await
    .unwrap();
    kill().await;
    for task in tasks {
        task.await.unwrap();
    }
    let acknowledged = acknowledged.lock().await;
    acknowledged.clone()
}

/// Every acknowledged object is there by every door that leads to it, and a request is there whole or not at all; in a
/// spread workspace each of its objects is.
#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_tracks_survive_kill_9() {
    let server = Server::start(BINARY, ServerOptions::default()).await.unwrap();
    let caller = server.caller();
    let objects = |number: u32| -> Value {
        (0..5)
            .map(|part| {
                json!({
                    "external_id": format!("s{number}-{part}"), "email": format!("s{number}-{part}@example.com"),
                    "native_line_id": format!("U{:032x}", u64::from(number) * 5 + part), "part": part,
                })
            })
            .collect()
    };
    let sender = caller.clone();
    let server = Mutex::new(server);
    let acknowledged = storm(
        move |number| {
            let caller = sender.clone();
            Box::pin(async move { caller.track(&json!({"attributes": objects(number)})).await.is_ok() })
        },
        300,
        async || server.lock().await.kill9().await.unwrap(),
    )
    .await;
    let mut server = server.into_inner();
    server.restart().await.unwrap();
    let caller = server.caller();
    let last = *acknowledged.iter().max().unwrap();
    for number in 0..=last + 16 {
        let ids: Vec<_> = (0..5).map(|part| format!("s{number}-{part}")).collect();
        let found = caller.export(json!({"external_ids": ids})).await.unwrap();
        let is_whole = found.is_empty() || found.len() == 5;
        assert!(is_whole || testkit::is_spread(), "request {number} is half there");
        assert!(
            found.len() == 5 || !acknowledged.contains(&number),
            "request {number} was acknowledged and is not all there"
        );
        for user in found.iter().take(if is_whole { 1 } else { 5 }) {
            let by_email = caller.export(json!({"email_address": user["email"]})).await.unwrap();
            let by_line = caller.export(json!({"native_line_ids": [user["native_line_id"]]})).await.unwrap();
            assert_eq!((by_email.len(), by_line.len()), (1, 1));
            assert_eq!(by_email[0]["braze_id"], user["braze_id"]);
        }
    }
}

/// A4: what was answered 200 is there, once.
#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_webhooks_survive_kill_9() {
    let World { server, webhook, caller: _caller, line: _line, .. } = World::start(BINARY).await.unwrap();
    let sender = webhook.clone();
    let server = Mutex::new(server);
    let follow = |number: u32| Event {
        kind: "follow",
        user: testkit::line_id(number),
        at: 1_727_600_000_000,
        id: format!("storm-{number}"),
    };
    let acknowledged = storm(
        move |number| {
            let webhook = sender.clone();
            Box::pin(async move {
                webhook.send(&[follow(number).json()]).await.is_ok_and(|answer| answer.status == 200)
            })
        },
        300,
        async || server.lock().await.kill9().await.unwrap(),
    )
    .await;
    let mut server = server.into_inner();
    server.restart().await.unwrap();
    let caller = server.caller();
    for number in &acknowledged {
        let found =
            caller.line_user(&testkit::line_id(*number)).await.unwrap().expect("acknowledged and gone");
        assert_eq!(found["channels"][0]["state"], "subscribed");
        assert_eq!(found["profiles"].as_array().unwrap().len(), 1);
    }
}

/// A killed import goes on by itself after the restart, to the state that an undisturbed one reaches.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_ends_as_an_undisturbed_one() {
    let mut server = Server::start(BINARY, ServerOptions::default()).await.unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/csv/customers-10000.csv");
    let file = std::fs::read(path).unwrap();
    let answer = server.caller().post_csv("/imports/users", file).await.unwrap();
    assert_eq!(answer.status, 202);
    let path = format!("/imports/{}", answer.json["import_id"].as_str().unwrap());
    let caller = server.caller();
    testkit::eventually("the import is under way", 60, async || {
        let state = caller.get(&path).await.ok()?.json;
        (state["rows_read"].as_u64()? > 0).then_some(())
    })
    .await
    .unwrap();
    server.kill9().await.unwrap();
    server.restart().await.unwrap();
    let caller = server.caller();
    let ended = testkit::eventually("the import ends", 60, async || {
        let state = caller.get(&path).await.ok()?.json;
        (state["status"] == "Complete").then_some(state)
    })
    .await
    .unwrap();
    assert_eq!((&ended["rows_read"], &ended["rows_created"]), (&json!(10_000), &json!(10_000)));
    let users = caller
        .export(json!({"external_ids": ["cust-0000000", "cust-0004999", "cust-0009999"]}))
        .await
        .unwrap();
    assert_eq!(users.len(), 3);
}

/// SIGTERM and SIGINT (Ctrl-C): what is in flight finishes, and nothing acknowledged is lost.
#[tokio::test(flavor = "multi_thread")]
async fn signals_end_the_server_cleanly_and_lose_nothing() {
    let mut server = Server::start(BINARY, ServerOptions::default()).await.unwrap();
    for round in 1..=2 {
        let caller = server.caller();
        for number in 0..20 {
            let id = format!("t{round}-{number}");
            caller.track(&json!({"attributes": [{"external_id": id}]})).await.unwrap();
        }
        if round == 1 {
            server.terminate().await.unwrap()
        } else {
            server.interrupt().await.unwrap()
        }
        assert_eq!(server.log().matches("\"stopped\"").count(), round);
        server.restart().await.unwrap();
        let ids: Vec<_> = (0..20).map(|number| format!("t{round}-{number}")).collect();
        assert_eq!(server.caller().export(json!({"external_ids": ids})).await.unwrap().len(), 20);
    }
}

/// Two processes that start at the same moment on a folder that is not there: both come up, on one schema, with one
/// workspace and one secret key.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_may_start_at_once_on_nothing() {
    for round in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let on_server = testkit::is_on_postgres().then(|| Database::create().unwrap());
        let in_file = format!("sqlite://{}", data.join("enmusubi.db").display());
        let environment = vec![
            ("ENMUSUBI_DATA_DIR".to_owned(), data.display().to_string()),
            ("ENMUSUBI_DATABASE".to_owned(), on_server.as_ref().map_or(in_file, Database::url)),
        ];
        let options = ServerOptions { environment, ..ServerOptions::default() };
        let start = || Server::start(BINARY, options.clone());
        let (one, other) = tokio::join!(start(), start());
        let (one, other) = (one.unwrap(), other.unwrap());
        let object = json!({"attributes": [{"external_id": "a"}]});
        one.caller().track(&object).await.unwrap();
        other.caller().track(&object).await.unwrap();
        let users = other.caller().export(json!({"external_ids": ["a"]})).await.unwrap();
        assert_eq!(users.len(), 1, "round {round}");
        let (code, listed, _) = one.command(&["key", "list", "--json"]).await.unwrap();
        let listed: Value = serde_json::from_str(&listed).unwrap();
        assert_eq!((code, listed["keys"].as_array().unwrap().len()), (0, 1), "round {round}");
        assert_eq!(one.command(&["doctor"]).await.unwrap().0, 0, "round {round}");
    }
}
