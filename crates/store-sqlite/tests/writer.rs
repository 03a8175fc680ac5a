//! The writer: group commit, isolation of units, statement counts, another process on the same file.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::sync::Arc;

use profile_model::{Actor, Key, Keys, Loaded, WorkspaceId};
use profile_store::{Fault, ProfileStore, SystemClock, Work};
use serde_json::json;
use store_sqlite::{Options, SqliteStore};

const W: WorkspaceId = WorkspaceId(1);

async fn open(folder: &tempfile::TempDir) -> ProfileStore {
    let backend = SqliteStore::open(folder.path().join("store.db"), Options::default()).await.unwrap();
    ProfileStore::new(Arc::new(backend), Arc::new(SystemClock), folder.path().join("uploads"))
}

fn body(from: usize, count: usize) -> serde_json::Value {
    let objects: Vec<_> = (from..from + count)
        .map(|number| json!({"external_id": format!("c{number}"), "email": format!("c{number}@example.com"), "n": number}))
        .collect();
    json!({"attributes": objects})
}

async fn holders(store: &ProfileStore, id: &str) -> usize {
    let key = Key::external_id(id);
    let keys = Keys { identifiers: vec![key.clone()], ..Keys::default() };
    store.backend().load(W, &keys).await.unwrap().holders[&key].len()
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_units_are_all_durable_and_readable_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let mut tasks = Vec::new();
    for number in 0..200 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            store.track(W, Actor::new("api", "test"), body(number * 5, 5)).await.unwrap();
            assert_eq!(holders(&store, &format!("c{}", number * 5)).await, 1);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    store.backend().close().await;
    let again = open(&folder).await;
    for number in 0..1000 {
        assert_eq!(holders(&again, &format!("c{number}")).await, 1);
    }
    again.backend().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_fails_its_own_unit_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let panics =
        store.decide(Work::new("panics", W, Keys::default()), |_: &Loaded| -> (_, ()) { panic!("no") });
    assert!(matches!(panics.await, Err(Fault::Internal(_))));
    store.track(W, Actor::new("api", "test"), body(0, 1)).await.unwrap();
    assert_eq!(holders(&store, "c0").await, 1);
    store.backend().close().await;
}

/// The number of SQL statements does not grow with the number of objects.
#[tokio::test(flavor = "multi_thread")]
async fn one_object_takes_as_many_statements_as_seventy_five() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let track = async |from, count| {
        store.track(W, Actor::new("api", "test"), body(from, count)).await.unwrap().statements
    };
    // The first use of a name takes one more, once.
    track(900, 1).await;
    assert_eq!(track(0, 1).await, track(1, 75).await, "new profiles");
    let mut again = body(0, 1);
    again["attributes"][0]["n"] = json!("changed");
    let mut many = body(1, 75);
    for object in many["attributes"].as_array_mut().unwrap() {
        object["n"] = json!("changed");
    }
    let one = store.track(W, Actor::new("api", "test"), again).await.unwrap().statements;
    let all = store.track(W, Actor::new("api", "test"), many).await.unwrap().statements;
    assert_eq!(one, all, "existing profiles");
    assert!(all <= 4, "{all} statements");
    store.backend().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_file_write_in_turn() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [open(&folder).await, open(&folder).await];
    let mut tasks = Vec::new();
    for number in 0..40 {
        let store = stores[number % 2].clone();
        tasks.push(tokio::spawn(async move {
            store.track(W, Actor::new("api", "test"), body(0, 10)).await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    for number in 0..10 {
        assert_eq!(holders(&stores[0], &format!("c{number}")).await, 1);
    }
    for store in stores {
        store.backend().close().await;
    }
}
