//! Copies of stores that random operations filled, compared by their whole state.

use std::path::Path;
use std::sync::Arc;

use profile_model::{Timestamp, WorkspaceId};
use profile_store::conformance::{
    Memory, Operation, START, differences, exported_state, identity_operations, perform,
};
use profile_store::{Backend, FixedClock, Held, ProfileStore, copy_all};
use store_postgres::{PostgresHeld, PostgresStore};
use store_sqlite::{SqliteHeld, SqliteStore};
use testkit::postgres::Database;

const W: WorkspaceId = WorkspaceId(1);

/// A store with a clock and a memory of its own.
pub(crate) struct Shop {
    pub(crate) store: ProfileStore,
    clock: Arc<FixedClock>,
    memory: Memory,
}

impl Shop {
    pub(crate) fn new(backend: Arc<dyn Backend>, at: Timestamp, memory: Memory) -> Self {
        // Seeds by the time at which a shop opens: shops that open together do alike, and one that moved goes on with others.
        let clock = Arc::new(FixedClock::at(at).with_seeds_from(at.as_micros().unsigned_abs()));
        let store = ProfileStore::new(backend, Arc::clone(&clock) as Arc<_>, std::env::temp_dir());
        Self { store, clock, memory }
    }

    /// Does one thing, a second later than the one before.
    pub(crate) async fn perform(&mut self, operation: &Operation) {
        self.clock.advance_micros(1_000_000);
        perform(&self.store, W, operation.clone(), &mut self.memory).await.unwrap();
    }

    /// The same shop with everything in another place.
    pub(crate) fn moved(&self, backend: Arc<dyn Backend>) -> Self {
        Self::new(backend, self.store.now(), self.memory.clone())
    }
}

pub(crate) async fn assert_alike(found: &Shop, expected: &Shop, what: &str) {
    let found = exported_state(&found.store, W).await.unwrap();
    let expected = exported_state(&expected.store, W).await.unwrap();
    assert!(expected["profiles"].as_array().is_some_and(|profiles| !profiles.is_empty()), "{what}");
    let differing = differences(&found, &expected, "");
    assert!(differing.is_empty(), "{what}: {}", differing.join("\n"));
}

pub(crate) async fn sqlite(path: &Path) -> Arc<dyn Backend> {
    Arc::new(SqliteStore::open(path, store_sqlite::Options::default()).await.unwrap())
}

pub(crate) async fn postgres(url: &str) -> Arc<dyn Backend> {
    let options = store_postgres::Options { connections: 4, ..store_postgres::Options::default() };
    Arc::new(PostgresStore::open(url, options).await.unwrap())
}

pub(crate) enum Engine<'d> {
    Sqlite(&'d Path),
    Postgres(String),
}

impl Engine<'_> {
    async fn source(&self) -> Box<dyn Held> {
        match self {
            Self::Sqlite(path) => Box::new(SqliteHeld::source(path, &Default::default()).await.unwrap()),
            Self::Postgres(url) => Box::new(PostgresHeld::source(url, &Default::default()).await.unwrap()),
        }
    }

    async fn target(&self) -> Box<dyn Held> {
        match self {
            Self::Sqlite(path) => Box::new(SqliteHeld::target(path, &Default::default()).await.unwrap()),
            Self::Postgres(url) => Box::new(PostgresHeld::target(url, &Default::default()).await.unwrap()),
        }
    }

    pub(crate) async fn open(&self) -> Arc<dyn Backend> {
        match self {
            Self::Sqlite(path) => sqlite(path).await,
            Self::Postgres(url) => postgres(url).await,
        }
    }
}

/// Copies; the checksums by table.
pub(crate) async fn moved(from: &Engine<'_>, to: &Engine<'_>) -> Vec<String> {
    let (mut source, mut target) = (from.source().await, to.target().await);
    let moved = copy_all(&mut *source, &mut *target, 1, |_| {}).await.unwrap();
    source.release().await;
    target.release().await;
    moved.tables.iter().map(|table| format!("{} {} {}", table.table, table.rows, table.checksum)).collect()
}

/// There and back, with the same whole state at each stop; and what is done afterwards has the same effect on the copy as
/// on the original: undos, look-ups by every identifier, marks of the erased and numbers of new rows included.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_moved_there_and_back_is_the_same_and_goes_on_alike() {
    for seed in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let (path, back) = (folder.path().join("a.db"), folder.path().join("b.db"));
        let mut shop = Shop::new(sqlite(&path).await, START, Memory::default());
        shop.store.create_workspace("w").await.unwrap();
        let operations = identity_operations(seed, 400);
        for operation in &operations[..300] {
            shop.perform(operation).await;
        }
        shop.store.backend().close().await;
        let database = Database::create().unwrap();
        let there = moved(&Engine::Sqlite(&path), &Engine::Postgres(database.url())).await;
        let home = moved(&Engine::Postgres(database.url()), &Engine::Sqlite(&back)).await;
        assert_eq!(there, home, "seed {seed}");
        let mut shops = [
            shop.moved(sqlite(&path).await),
            shop.moved(postgres(&database.url()).await),
            shop.moved(sqlite(&back).await),
        ];
        for (step, operation) in operations[300..].iter().enumerate() {
            for shop in &mut shops {
                shop.perform(operation).await;
            }
            if step % 25 == 0 || step == 99 {
                assert_alike(&shops[1], &shops[0], &format!("seed {seed}, step {step}, there")).await;
                assert_alike(&shops[2], &shops[0], &format!("seed {seed}, step {step}, back")).await;
            }
        }
        for shop in shops {
            shop.store.backend().close().await;
        }
    }
}

/// A workspace of several buckets keeps the buckets of its profiles on the way through a file that knows none.
#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_of_eight_buckets_moves_to_a_file_and_back_to_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let (path, database, other) =
        (folder.path().join("a.db"), Database::create().unwrap(), Database::create().unwrap());
    let mut shop = Shop::new(postgres(&database.url()).await, START, Memory::default());
    shop.store.create_workspace("w").await.unwrap();
    database.run("UPDATE workspaces SET buckets = 8").unwrap();
    shop.store.backend().close().await;
    shop = shop.moved(postgres(&database.url()).await);
    let operations = identity_operations(5, 300);
    for operation in &operations[..200] {
        shop.perform(operation).await;
    }
    shop.store.backend().close().await;
    let there = moved(&Engine::Postgres(database.url()), &Engine::Sqlite(&path)).await;
    let home = moved(&Engine::Sqlite(&path), &Engine::Postgres(other.url())).await;
    assert_eq!(there, home);
    let spread = "SELECT count(DISTINCT sk & 255) FROM profiles";
    assert_eq!(database.run(spread).unwrap(), other.run(spread).unwrap());
    let mut shops = Vec::new();
    for engine in [Engine::Postgres(database.url()), Engine::Postgres(other.url())] {
        shops.push(shop.moved(engine.open().await));
    }
    for operation in &operations[200..] {
        for shop in &mut shops {
            shop.perform(operation).await;
        }
    }
    assert_alike(&shops[1], &shops[0], "eight buckets").await;
    for shop in shops {
        shop.store.backend().close().await;
    }
}
