//! What only a database server brings: several server processes on one database, and a database that goes away.
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

#[path = "postgres/cut.rs"]
mod cut;
#[path = "postgres/replica.rs"]
mod replica;
#[path = "postgres/storm.rs"]
mod storm;
#[path = "postgres/tls.rs"]
mod tls;
#[path = "postgres/workers.rs"]
mod workers;

use serde_json::{Value, json};
use testkit::postgres::{Cluster, Database};
use testkit::{Server, ServerOptions};

const BINARY: &str = env!("CARGO_BIN_EXE_enmusubi");

fn on(url: &str, data: &std::path::Path) -> ServerOptions {
    let environment = vec![
        ("ENMUSUBI_DATABASE".to_owned(), url.to_owned()),
        ("ENMUSUBI_DATA_DIR".to_owned(), data.display().to_string()),
    ];
    ServerOptions { environment, ..ServerOptions::default() }
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
