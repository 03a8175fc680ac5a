//! What only a database server brings: several server processes on one database, and a database that goes away.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

#[path = "postgres/cut.rs"]
mod cut;
#[path = "postgres/replica.rs"]
mod replica;
#[path = "postgres/tls.rs"]
mod tls;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use testkit::postgres::{Cluster, Database};
use testkit::{Caller, Server, ServerOptions};
use tokio::sync::Mutex;

const BINARY: &str = env!("CARGO_BIN_EXE_enmusubi");

fn on(url: &str, data: &std::path::Path) -> ServerOptions {
    let environment = vec![
        ("ENMUSUBI_DATABASE".to_owned(), url.to_owned()),
        ("ENMUSUBI_DATA_DIR".to_owned(), data.display().to_string()),
    ];
    ServerOptions { environment, ..ServerOptions::default() }
}

/// What was acknowledged: how often each shared customer was counted up, and who was made.
#[derive(Default)]
struct Witness {
    points: BTreeMap<String, u64>,
    made: Vec<(String, String)>,
}

/// Client `number` does its `turn`th thing; every answer must be good, whatever the others do.
async fn act(caller: &Caller, witness: &Mutex<Witness>, number: usize, turn: usize) {
    let shared = format!("shared-{}", (number * 7 + turn * 3) % 6);
    let own = format!("own-{number}-{turn}");
    match (number + turn) % 4 {
        0 | 1 => {
            let other = format!("shared-{}", (number * 5 + turn) % 6);
            let count =
                |id: &str| json!({"external_id": id, "points": {"inc": 1}, "email": "family@example.com"});
            // A time to come counts as now.
            let visit = json!({"external_id": shared, "name": "visit", "time": "2099-01-01T00:00:00Z"});
            let body = json!({"attributes": [count(&shared), count(&other)], "events": [visit]});
            caller.track(&body).await.unwrap();
            let mut witness = witness.lock().await;
            for id in [shared, other] {
                *witness.points.entry(id).or_default() += 1;
            }
        }
        2 => {
            // A visitor without an account, who then turns out to be one with: identify and merge meet the others.
            let alias = json!({"alias_label": "web", "alias_name": own});
            let visitor = json!({"user_alias": alias, "_update_existing_only": false, "tier": "new"});
            caller.track(&json!({"attributes": [visitor, {"external_id": own, "n": turn}]})).await.unwrap();
            let body = json!({"aliases_to_identify": [{"external_id": own, "user_alias": alias}]});
            let answer = caller.post("/users/identify", &body).await.unwrap();
            assert_eq!(answer.status, 201, "{}", answer.text);
            witness.lock().await.made.push((own.clone(), own));
        }
        _ => {
            // Everybody gives away one phone number, and everybody may find its owners.
            let body = json!({"attributes": [{"external_id": own, "phone": "+819012345678"}]});
            caller.track(&body).await.unwrap();
            let alias = json!({"alias_label": "crm", "alias_name": own, "external_id": own});
            let answer = caller.post("/users/alias/new", &json!({"user_aliases": [alias]})).await.unwrap();
            assert_eq!(answer.status, 201, "{}", answer.text);
            witness.lock().await.made.push((own.clone(), own));
        }
    }
}

/// How many things each client does; 12 take some seconds.
const TURNS_VARIABLE: &str = "ENMUSUBI_TEST_TURNS";

/// Two servers, 32 clients, everything mixed: no conflict reaches a client, no update is lost, nobody is there twice.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_database_lose_nothing() {
    let turns = std::env::var(TURNS_VARIABLE).ok().map_or(12, |turns| turns.parse().unwrap());
    let (database, data) = (Database::create().unwrap(), tempfile::tempdir().unwrap());
    let options = || on(&database.url(), data.path());
    let servers =
        [Server::start(BINARY, options()).await.unwrap(), Server::start(BINARY, options()).await.unwrap()];
    let witness = Arc::new(Mutex::new(Witness::default()));
    let clients: Vec<_> = (0..32)
        .map(|number| {
            let (caller, witness) = (servers[number % 2].caller(), Arc::clone(&witness));
            tokio::spawn(async move {
                for turn in 0..turns {
                    act(&caller, &witness, number, turn).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    let witness = witness.lock().await;
    let caller = servers[0].caller();
    let mut visits = 0;
    for (id, points) in &witness.points {
        let users = caller.export(json!({"external_ids": [id]})).await.unwrap();
        assert_eq!(users.len(), 1, "{id}");
        assert_eq!(users[0]["custom_attributes"]["points"], json!(points), "{id}");
        visits += users[0]["custom_events"][0]["count"].as_u64().unwrap_or(0);
    }
    assert_eq!(visits * 2, witness.points.values().sum::<u64>());
    for (id, alias) in &witness.made {
        let by_id = caller.export(json!({"external_ids": [id]})).await.unwrap();
        let label = if by_id[0]["phone"].is_null() { "web" } else { "crm" };
        let alias = json!({"user_aliases": [{"alias_label": label, "alias_name": alias}]});
        let by_alias = caller.export(alias).await.unwrap();
        assert_eq!((by_id.len(), by_alias.len()), (1, 1), "{id}");
        assert_eq!(by_id[0]["braze_id"], by_alias[0]["braze_id"], "{id}");
    }
    let (code, told, _) = servers[1].command(&["doctor"]).await.unwrap();
    assert_eq!(code, 0, "{told}");
    for mut server in servers {
        server.terminate().await.unwrap();
    }
}

/// A database server that is stopped and started: 503 with a body that says so, nothing half there, and nobody helps.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_is_a_503_and_comes_back_by_itself() {
    let (cluster, data) = (Cluster::start().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(BINARY, on(&cluster.url(), data.path())).await.unwrap();
    let caller = server.caller();
    let people = |round: usize| -> Value {
        (0..5).map(|number| json!({"external_id": format!("p{round}-{number}")})).collect()
    };
    caller.track(&json!({"attributes": people(0)})).await.unwrap();
    cluster.stop().unwrap();
    let answer = caller.post("/users/track", &json!({"attributes": people(1)})).await.unwrap();
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.json["code"], "storage_unavailable", "{}", answer.text);
    assert!(answer.text.contains("try again"), "{}", answer.text);
    cluster.resume().unwrap();
    testkit::eventually("it serves again", 20, async || {
        caller.track(&json!({"attributes": people(2)})).await.ok()
    })
    .await
    .unwrap();
    for (round, wanted) in [(0, 5), (1, 0), (2, 5)] {
        let ids: Vec<_> = (0..5).map(|number| format!("p{round}-{number}")).collect();
        assert_eq!(caller.export(json!({"external_ids": ids})).await.unwrap().len(), wanted, "round {round}");
    }
}

/// Stored LINE secrets and the marks of the erased belong to one key: a process with another one does not start.
#[tokio::test]
async fn a_process_with_another_secret_key_is_refused() {
    let (database, folder) = (Database::create().unwrap(), tempfile::tempdir().unwrap());
    let with_key = |key: &str| {
        let mut options = on(&database.url(), folder.path());
        options.environment.push(("ENMUSUBI_SECRET_KEY".to_owned(), key.to_owned()));
        Server::start(BINARY, options)
    };
    let first = with_key("the one key").await.unwrap();
    let refused = with_key("another key").await.unwrap_err();
    let told = format!("{refused:?}");
    assert!(told.contains("ENMUSUBI_SECRET_KEY") && !told.contains("another key"), "{told}");
    with_key("the one key").await.unwrap();
    drop(first);
}

/// A command that looks or imports makes no tables in a database that happens to be there.
#[tokio::test]
async fn a_command_on_another_database_makes_nothing_there() {
    let (database, folder) = (Database::create().unwrap(), tempfile::tempdir().unwrap());
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(BINARY);
        command.current_dir(folder.path()).args(arguments).args(["--database", &database.url()]);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for arguments in [&["profile", "get", "--external-id", "x"][..], &["workspace", "list"], &["doctor"]] {
        let (code, told) = run(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {told}");
        assert!(told.contains("serve"), "{told}");
    }
    assert_eq!(database.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").unwrap(), "0");
    let (code, told) = run(&["migrate"]);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(run(&["doctor"]).0, Some(0));
    let (code, told) = run(&["doctor", "--compact"]);
    assert!(code == Some(2) && told.contains("VACUUM"), "{told}");
}

/// A huge workspace, made from the command line: its people are spread, every identifier finds them, and the first
/// workspace may be one, too.
#[tokio::test]
async fn a_workspace_is_spread_over_the_buckets_that_it_was_made_with() {
    let (database, folder) = (Database::create().unwrap(), tempfile::tempdir().unwrap());
    let mut options = on(&database.url(), folder.path());
    options.environment.push(("ENMUSUBI_BOOTSTRAP_BUCKETS".to_owned(), "4".to_owned()));
    let server = Server::start(BINARY, options).await.unwrap();
    let arguments = ["workspace", "create", "huge", "--buckets", "16", "--json"];
    let (code, made, complaint) = server.command(&arguments).await.unwrap();
    assert_eq!(code, 0, "{complaint}");
    assert_eq!(serde_json::from_str::<Value>(&made).unwrap()["buckets"], json!(16));
    let (_, listed, _) = server.command(&["workspace", "list", "--json"]).await.unwrap();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let buckets: Vec<_> =
        listed["workspaces"].as_array().unwrap().iter().map(|one| &one["buckets"]).collect();
    assert_eq!(buckets, [&json!(4), &json!(16)]);
    let (code, ..) = server.command(&["workspace", "create", "more", "--buckets", "33"]).await.unwrap();
    assert_eq!(code, 2);
    let arguments = ["key", "create", "--name", "k", "--workspace", "huge"];
    let key = server.command(&arguments).await.unwrap().1.trim().to_owned();
    let caller = server.caller_with(Some(&key));
    let people: Vec<_> = (0..40)
        .map(|number| json!({"external_id": format!("c{number}"), "email": format!("c{number}@example.com")}))
        .collect();
    caller.track(&json!({"attributes": people})).await.unwrap();
    for number in 0..40 {
        let by_id = caller.export(json!({"external_ids": [format!("c{number}")]})).await.unwrap();
        let by_email =
            caller.export(json!({"email_address": format!("c{number}@example.com")})).await.unwrap();
        assert_eq!((by_id.len(), &by_id), (1, &by_email));
    }
    let spread = database.run("SELECT count(DISTINCT sk) FROM profiles WHERE sk >> 16 = 2").unwrap();
    assert!(spread.parse::<u32>().unwrap() > 8, "{spread} buckets are in use");
    assert_eq!(server.command(&["doctor"]).await.unwrap().0, 0);
}

/// Without the extension `--distribute` says what is missing, and makes nothing.
#[tokio::test]
async fn distributing_a_database_without_citus_is_refused() {
    let (database, folder) = (Database::create().unwrap(), tempfile::tempdir().unwrap());
    let run = |url: &str| {
        let mut command = std::process::Command::new(BINARY);
        command.current_dir(folder.path()).args(["migrate", "--distribute", "--database", url]);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, told) = run(&database.url());
    assert!(code == Some(2) && told.contains("CREATE EXTENSION citus"), "{told}");
    assert_eq!(database.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").unwrap(), "0");
    let (code, told) = run("sqlite://x.db");
    assert!(code == Some(2) && told.contains("Citus"), "{told}");
}
