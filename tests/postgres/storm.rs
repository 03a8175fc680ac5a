//! Everything at once: server processes on one database, 32 clients, every operation there is, and a witness of what was
//! acknowledged. No conflict reaches a client, no update is lost, nobody is there twice, and who was erased stays away.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use testkit::ServerOptions;
use testkit::postgres::Database;
use testkit::postgres::citus::{CitusDatabase, coordinator_for};

use super::{BINARY, on};

#[path = "storm/acts.rs"]
mod acts;
#[path = "storm/client.rs"]
mod client;
#[path = "storm/judge.rs"]
mod judge;
#[path = "storm/promise.rs"]
mod promise;
#[path = "storm/stage.rs"]
mod stage;
#[path = "storm/witness.rs"]
mod witness;

use client::Client;
use stage::Stage;
use witness::Witness;

/// The most clients there are.
const CLIENTS: usize = 32;

/// How many things each client does, instead of the few that every run of the tests does.
const TURNS_VARIABLE: &str = "ENMUSUBI_TEST_TURNS";

/// Lets all clients act in turn, then compares the database with what was acknowledged. How much was done, to be printed.
async fn rage(name: &str, stage: Stage, clients: usize, turns: usize) -> String {
    let turns = std::env::var(TURNS_VARIABLE).ok().map_or(turns, |turns| turns.parse().unwrap());
    let (stage, witness) = (Arc::new(stage), Arc::new(Witness::default()));
    acts::prepare(&stage, &witness).await;
    let began = Instant::now();
    // In one task: the servers are what is to be kept busy. The first that fails ends the others.
    let acting = (0..clients).map(async |number| {
        let mut client = Client::new(number, Arc::clone(&stage), Arc::clone(&witness));
        for turn in 0..turns {
            acts::act(&mut client, turn).await;
        }
        client
    });
    let ended = join_all(acting).await;
    let raged = began.elapsed();
    let promises: Vec<_> = ended.into_iter().flat_map(Client::leave).collect();
    let (requests, kept) = (stage.requests(), promises.len());
    judge::judge(&stage, &witness, promises).await;
    let operations = clients * turns;
    let told = format!(
        "{name}: {operations} operations in {requests} requests in {raged:?}; {kept} promises kept; slowest answer {:?}; \
         unluckiest unit {:?}; {}",
        stage.slowest(),
        stage.unluckiest(),
        stage.retries().await.join(", "),
    );
    Arc::into_inner(stage).unwrap().end().await;
    told
}

/// Two servers on PostgreSQL.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_database_lose_nothing() {
    let (database, data) = (Database::create().unwrap(), tempfile::tempdir().unwrap());
    let told = rage("one bucket", Stage::of_two(on(&database.url(), data.path())).await, CLIENTS, 12).await;
    eprintln!("{told}");
}

/// The same in a workspace that is spread over eight buckets.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_spread_database_lose_nothing() {
    let (database, data) = (Database::create().unwrap(), tempfile::tempdir().unwrap());
    let mut options = on(&database.url(), data.path());
    options.environment.push(("ENMUSUBI_BOOTSTRAP_BUCKETS".to_owned(), "8".to_owned()));
    let told = rage("eight buckets", Stage::of_two(options).await, CLIENTS, 6).await;
    eprintln!("{told}");
}

/// The same on a Citus cluster, where there is one.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_distributed_database_lose_nothing() {
    let Some(coordinator) = coordinator_for("the storm") else { return };
    let (database, data) = (CitusDatabase::create(&coordinator).unwrap(), tempfile::tempdir().unwrap());
    let mut command = std::process::Command::new(BINARY);
    let output = command.args(["migrate", "--distribute", "--database", &database.url()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut options = on(&database.url(), data.path());
    options.environment.push(("ENMUSUBI_BOOTSTRAP_BUCKETS".to_owned(), "8".to_owned()));
    let told = rage("Citus, eight buckets", Stage::of_two(options).await, CLIENTS / 2, 17).await;
    eprintln!("{told}");
}

/// One server on a file.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_a_file_loses_nothing() {
    let told = rage("a file", Stage::of_one(ServerOptions::in_a_file()).await, CLIENTS, 6).await;
    eprintln!("{told}");
}
