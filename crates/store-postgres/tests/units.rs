//! Units: isolation, statement counts, races between two processes, a server that goes away.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::sync::Arc;

use profile_model::{Actor, Buckets, ChangeSet, Key, Keys, Loaded, WorkspaceId};
use profile_store::{Fault, ProfileStore, SystemClock, Work};
use serde_json::{Value, json};
use store_postgres::{Options, PostgresStore};
use testkit::postgres::{Cluster, Database};

const W: WorkspaceId = WorkspaceId(1);

async fn open_with(url: &str, options: Options) -> ProfileStore {
    let backend = PostgresStore::open(url, options).await.unwrap();
    ProfileStore::new(Arc::new(backend), Arc::new(SystemClock), std::env::temp_dir())
}

async fn open(database: &Database) -> ProfileStore {
    open_with(&database.url(), Options { connections: 8, ..Options::default() }).await
}

fn body(from: usize, count: usize) -> Value {
    let objects: Vec<_> = (from..from + count)
        .map(|number| json!({"external_id": format!("c{number}"), "email": format!("c{number}@example.com"), "n": number}))
        .collect();
    json!({"attributes": objects})
}

async fn holders(store: &ProfileStore, key: Key) -> usize {
    let keys = Keys { identifiers: vec![key.clone()], ..Keys::default() };
    store.backend().load(W, &keys).await.unwrap().holders[&key].len()
}

async fn track(store: &ProfileStore, body: Value) -> Result<u32, String> {
    let answer = store.track(W, Actor::new("api", "test"), body).await;
    answer.map(|answer| answer.statements).map_err(|error| format!("{error:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_fails_its_own_unit_only() {
    let database = Database::create().unwrap();
    let store = open(&database).await;
    let panics =
        store.decide(Work::new("panics", W, Keys::default()), |_: &Loaded| -> (_, ()) { panic!("no") });
    assert!(matches!(panics.await, Err(Fault::Internal(_))));
    track(&store, body(0, 1)).await.unwrap();
    assert_eq!(holders(&store, Key::external_id("c0")).await, 1);
    store.backend().close().await;
}

/// The number of SQL statements does not grow with the number of objects.
#[tokio::test(flavor = "multi_thread")]
async fn one_object_takes_as_many_statements_as_seventy_five() {
    let database = Database::create().unwrap();
    let store = open(&database).await;
    store.create_workspace("w").await.unwrap();
    // The first use of a name takes one more, once.
    track(&store, body(900, 1)).await.unwrap();
    let one = track(&store, body(0, 1)).await.unwrap();
    assert_eq!(one, track(&store, body(1, 75)).await.unwrap(), "new profiles");
    let changed = |from, count| {
        let mut body = body(from, count);
        for object in body["attributes"].as_array_mut().unwrap() {
            object["n"] = json!("changed");
        }
        body
    };
    let one = track(&store, changed(0, 1)).await.unwrap();
    let all = track(&store, changed(1, 75)).await.unwrap();
    assert_eq!(one, all, "existing profiles");
    assert!(all <= 5, "{all} statements");
    store.backend().close().await;
}

/// A change to a profile that the unit has not loaded could bring a deleted row back: it is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_was_not_loaded_is_not_written() {
    let database = Database::create().unwrap();
    let store = open(&database).await;
    track(&store, body(0, 1)).await.unwrap();
    let key = Key::external_id("c0");
    let keys = Keys { identifiers: vec![key], ..Keys::default() };
    let loaded = store.backend().load(W, &keys).await.unwrap();
    let profile = Arc::clone(loaded.profiles.values().next().unwrap());
    let decide = move |_: &Loaded| {
        let mut changed = (*profile).clone();
        changed.version += 1;
        (ChangeSet { updated: vec![Arc::new(changed)], ..ChangeSet::default() }.into(), ())
    };
    let refused = store.decide(Work::new("blind", W, Keys::default()), decide).await;
    assert!(matches!(refused, Err(Fault::Internal(_))), "{refused:?}");
    store.backend().close().await;
}

/// ID-8, ID-12: two processes with many clients each that name the same new people at once make one profile per person,
/// and count every increment once.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_make_one_profile_per_person_and_lose_no_update() {
    const ROUNDS: usize = 6;
    for buckets in [1, 8] {
        let database = Database::create().unwrap();
        let stores = [open(&database).await, open(&database).await];
        stores[0].create_huge_workspace("w", Buckets::new(buckets).unwrap()).await.unwrap();
        for round in 0..ROUNDS {
            let objects = |client: usize| -> Value {
                let mut objects: Vec<_> = (0..4)
                    .flat_map(|number| {
                        [
                            json!({"external_id": format!("x{round}-{number}"), "points": {"inc": 1}}),
                            json!({"email": format!("m{round}-{number}@example.com"), "points": {"inc": 1}}),
                            json!({"phone": format!("+819077{round}0{number:04}"), "points": {"inc": 1}}),
                        ]
                    })
                    .collect();
                // Everybody in an order of their own.
                let turn = client % objects.len();
                objects.rotate_left(turn);
                objects.into()
            };
            let clients: Vec<_> = (0..16)
                .map(|client| {
                    let store = stores[client % 2].clone();
                    let body = json!({"attributes": objects(client)});
                    tokio::spawn(async move { track(&store, body).await })
                })
                .collect();
            for client in clients {
                client.await.unwrap().unwrap();
            }
        }
        let mut people = 0;
        for profile in stores[0].backend().scan_profiles(W, None, 1000).await.unwrap() {
            people += 1;
            assert_eq!(
                profile.custom.get("points").map(|points| points.get().to_owned()),
                Some("16".to_owned())
            );
        }
        assert_eq!(people, ROUNDS * 12, "{buckets} buckets");
        for store in stores {
            store.backend().close().await;
        }
    }
}

/// A server that is stopped and started again: calls fail with what a caller may retry, or wait; nothing is half there;
/// nobody has to help.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_went_away_is_found_again() {
    let cluster = Cluster::start().unwrap();
    let options = Options {
        connections: 4,
        acquire_timeout: std::time::Duration::from_millis(300),
        ..Options::default()
    };
    let store = open_with(&cluster.url(), options).await;
    track(&store, body(0, 5)).await.unwrap();
    // Fill the pool, so that every connection of it is lost.
    let all = (0..4).map(|number| track(&store, body(number, 3)));
    for done in futures_util::future::join_all(all).await {
        done.unwrap();
    }
    cluster.stop().unwrap();
    let refused = track(&store, body(10, 5)).await.unwrap_err();
    assert!(refused.contains("Unavailable"), "{refused}");
    let keys = Keys { identifiers: vec![Key::external_id("c0")], ..Keys::default() };
    let read = store.backend().load(W, &keys).await;
    assert!(matches!(read, Err(Fault::Unavailable(_))), "{read:?}");
    cluster.resume().unwrap();
    assert_eq!(holders(&store, Key::external_id("c10")).await, 0, "a refused write is there");
    track(&store, body(10, 5)).await.unwrap();
    for number in (0..5).chain(10..15) {
        assert_eq!(holders(&store, Key::external_id(&format!("c{number}"))).await, 1);
    }
    // At once after a restart, with nothing but connections that are gone.
    cluster.stop().unwrap();
    cluster.resume().unwrap();
    track(&store, body(20, 1)).await.unwrap();
    store.backend().close().await;
}
