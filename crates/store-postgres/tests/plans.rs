//! What PostgreSQL really does for our statements in a database that was never analysed: every plan of the conformance
//! list, as the server's `auto_explain` tells it (docs/adr/010).

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use profile_model::Buckets;
use profile_store::conformance::{CASES, START, compare_with_model, run_cases};
use profile_store::{Backend, FixedClock, ProfileStore};
use serde_json::Value;
use store_postgres::{Options, PostgresStore};
use testkit::postgres::Cluster;

/// Small tables, which are read whole.
const READ_WHOLE: [&str; 4] = ["workspaces", "api_keys", "subscription_groups", "line_channels"];

/// Tables that grow with people and what they do. Merges and the like are fewer, and their plans may wait for statistics.
const LARGE: [&str; 9] = [
    "profiles",
    "identifiers",
    "events",
    "purchases",
    "summaries",
    "address_states",
    "line_friendships",
    "line_inbox",
    "consents",
];

/// Found by the whole key, then compared with what was read before.
const CHECKED: [&str; 3] = ["delete_profiles", "release_identifiers", "put_carried"];

/// Every plan goes to the log, and statistics stay as they were when the tables were empty.
const SETTINGS: &str = "\
session_preload_libraries = 'auto_explain'
auto_explain.log_min_duration = 0
auto_explain.log_format = 'json'
autovacuum = off
";

async fn open(url: &str) -> Arc<dyn Backend> {
    let options = Options { connections: 4, ..Options::default() };
    Arc::new(PostgresStore::open(url, options).await.unwrap())
}

/// A node of a plan that reads a table.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Reading {
    node: String,
    table: String,
    index: String,
    filter: String,
}

fn readings(plan: &Value, found: &mut BTreeSet<Reading>) {
    let text = |name: &str| plan[name].as_str().unwrap_or_default().to_owned();
    let node = text("Node Type");
    if node.ends_with("Scan") && plan["Relation Name"].is_string() {
        let (table, index) = (text("Relation Name"), text("Index Name"));
        found.insert(Reading { node, table, index, filter: text("Filter") });
    }
    for inner in plan["Plans"].as_array().into_iter().flatten() {
        readings(inner, found);
    }
}

/// What each of our statements reads, by the statement's name.
fn explained(log: &str) -> BTreeMap<String, BTreeSet<Reading>> {
    let mut found: BTreeMap<String, BTreeSet<Reading>> = BTreeMap::new();
    for entry in log.split(" plan:\n").skip(1) {
        let told = serde_json::Deserializer::from_str(entry).into_iter::<Value>().next().unwrap().unwrap();
        let query = told["Query Text"].as_str().unwrap_or_default();
        let Some(name) = query.strip_prefix("-- ").and_then(|text| text.lines().next()) else { continue };
        readings(&told["Plan"], found.entry(name.to_owned()).or_default());
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_walks_a_table_whatever_statistics_say() {
    let cluster = Cluster::start_with(SETTINGS).unwrap();
    let made = std::sync::atomic::AtomicU32::new(0);
    let make = || async {
        let number = made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let backend = open(&cluster.database(&format!("case_{number}")).unwrap()).await;
        ProfileStore::new(backend, Arc::new(FixedClock::at(START)), std::env::temp_dir())
    };
    let one = Buckets::new(1).unwrap();
    assert_eq!(run_cases(one, make).await, Ok(CASES.len()));
    compare_with_model(open(&cluster.database("random").unwrap()).await, one, 7, 400).await.unwrap();
    let log = std::fs::read_to_string(cluster.folder().join("log")).unwrap();
    let explained = explained(&log);
    assert!(explained.len() > 60, "only {} statements were explained", explained.len());
    for (name, readings) in &explained {
        for reading in readings {
            let is_whole = reading.node == "Seq Scan";
            assert!(
                !is_whole || READ_WHOLE.contains(&&*reading.table) || name == "release_jobs",
                "{name}: {reading:?}"
            );
            // What was asked for is found by an index, not by looking at the rows of everybody.
            let is_looked_for = reading.filter.contains("= v.") || reading.filter.contains("(v.");
            let is_sure = LARGE.contains(&&*reading.table) && !CHECKED.contains(&&**name);
            assert!(!(is_looked_for && is_sure), "{name}: {reading:?}");
        }
    }
}
