//! What only Citus can show: run where `ENMUSUBI_TEST_CITUS_URL` names a coordinator, else said to be skipped.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::sync::{Arc, Mutex};

use profile_model::{Actor, Buckets, Key, Keys, WorkspaceId};
use profile_store::conformance::{CASES, START, compare_with_model, exported_state, run_cases};
use profile_store::{Backend, FixedClock, ProfileStore, SystemClock};
use serde_json::json;
use store_postgres::{Options, PostgresStore, SCHEMA_VERSION};
use testkit::postgres::citus::{CitusDatabase, coordinator_for};

const BUCKETS: [u8; 2] = [1, 8];

async fn distributed(coordinator: &str) -> CitusDatabase {
    let database = CitusDatabase::create(coordinator).unwrap();
    PostgresStore::distribute(&database.url(), &Options::default()).await.unwrap().unwrap();
    database
}

async fn open(database: &CitusDatabase) -> Arc<dyn Backend> {
    let options = Options { connections: 4, ..Options::default() };
    Arc::new(PostgresStore::open(&database.url(), options).await.unwrap())
}

/// `migrate --distribute` on a database that is in use already: what is stored moves, and is found as before. Again: it
/// finds all done. Every table is distributed, and rows of one shard key meet on one node.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_use_is_distributed_and_once_is_enough() {
    let Some(coordinator) = coordinator_for("distribute") else { return };
    let database = CitusDatabase::create(&coordinator).unwrap();
    let backend = open(&database).await;
    let store = ProfileStore::new(backend, Arc::new(SystemClock), std::env::temp_dir());
    store.create_huge_workspace("w", Buckets::new(8).unwrap()).await.unwrap();
    let body = json!({"attributes": [{"external_id": "a", "email": "a@example.com"}, {"external_id": "b"}]});
    store.track(WorkspaceId(1), Actor::new("api", "test"), body).await.unwrap();
    let (versions, done) =
        PostgresStore::distribute(&database.url(), &Options::default()).await.unwrap().unwrap();
    assert_eq!((versions, done.already), ((SCHEMA_VERSION, SCHEMA_VERSION), 0));
    assert!(done.placed.iter().any(|table| table == "profiles") && done.shards > 1, "{done:?}");
    assert_eq!(usize::try_from(done.nodes).unwrap(), database.workers().max(1));
    let left = database.run(
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations' \
         AND NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass(tablename))",
    );
    assert_eq!(left.unwrap(), "0", "a table is not distributed");
    let groups =
        database.run("SELECT count(DISTINCT colocationid) FROM pg_dist_partition WHERE partmethod = 'h'");
    assert_eq!(groups.unwrap(), "1", "rows of one shard key do not meet");
    let keys = Keys { identifiers: vec![Key::external_id("a"), Key::external_id("b")], ..Keys::default() };
    assert_eq!(store.backend().load(WorkspaceId(1), &keys).await.unwrap().profiles.len(), 2);
    let (_, again) = PostgresStore::distribute(&database.url(), &Options::default()).await.unwrap().unwrap();
    assert_eq!((again.placed.len(), again.already), (0, done.placed.len()));
    let found = PostgresStore::examine(&database.url(), &Options::default()).await.unwrap();
    assert!(found.is_sound(), "{found:?}");
    store.backend().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn citus_passes_the_conformance_list() {
    let Some(coordinator) = coordinator_for("conformance") else { return };
    for buckets in BUCKETS {
        let databases = Mutex::new(Vec::new());
        let make = || async {
            let database = distributed(&coordinator).await;
            let backend = open(&database).await;
            databases.lock().unwrap().push(database);
            ProfileStore::new(backend, Arc::new(FixedClock::at(START)), std::env::temp_dir())
        };
        assert_eq!(
            run_cases(Buckets::new(buckets).unwrap(), make).await,
            Ok(CASES.len()),
            "{buckets} buckets"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_operations_leave_the_same_state_as_in_the_model() {
    let Some(coordinator) = coordinator_for("random operations") else { return };
    for (seed, buckets) in BUCKETS.into_iter().enumerate() {
        let database = distributed(&coordinator).await;
        let backend = open(&database).await;
        let buckets = Buckets::new(buckets).unwrap();
        let model = compare_with_model(Arc::clone(&backend), buckets, seed as u64, 240).await.unwrap();
        let store = ProfileStore::new(backend, Arc::new(FixedClock::at(START)), std::env::temp_dir());
        assert_eq!(
            exported_state(&store, WorkspaceId(1)).await.unwrap(),
            exported_state(&model, WorkspaceId(1)).await.unwrap(),
        );
        store.backend().close().await;
    }
}

/// Two processes, the same new people at once: one profile each and no lost update, across nodes too.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_make_one_profile_per_person() {
    let Some(coordinator) = coordinator_for("two processes") else { return };
    let database = distributed(&coordinator).await;
    let open = async || {
        let backend = PostgresStore::open(&database.url(), Options::default()).await.unwrap();
        ProfileStore::new(Arc::new(backend), Arc::new(SystemClock), std::env::temp_dir())
    };
    let stores = [open().await, open().await];
    stores[0].create_huge_workspace("w", Buckets::new(8).unwrap()).await.unwrap();
    let clients: Vec<_> = (0..8)
        .map(|client: usize| {
            let store = stores[client % 2].clone();
            let mut people: Vec<_> = (0..4)
                .flat_map(|number| {
                    [
                        json!({"external_id": format!("x{number}"), "points": {"inc": 1}}),
                        json!({"email": format!("m{number}@example.com"), "points": {"inc": 1}}),
                    ]
                })
                .collect();
            people.rotate_left(client);
            let body = json!({"attributes": people});
            tokio::spawn(async move { store.track(WorkspaceId(1), Actor::new("api", "test"), body).await })
        })
        .collect();
    for client in clients {
        client.await.unwrap().unwrap();
    }
    let profiles = stores[0].backend().scan_profiles(WorkspaceId(1), None, 100).await.unwrap();
    assert_eq!(profiles.len(), 8);
    for profile in profiles {
        assert_eq!(profile.custom.get("points").map(|points| points.get().to_owned()), Some("8".to_owned()));
    }
    for store in stores {
        store.backend().close().await;
    }
}
