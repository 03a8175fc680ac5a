//! The conformance list, and random operations compared with the model by whole exported state, with one bucket and
//! with eight. SQLite's own test compares it with the same model: so all three are alike.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::sync::{Arc, Mutex};

use profile_model::{Buckets, WorkspaceId};
use profile_store::conformance::{CASES, START, compare_with_model, exported_state, run_cases};
use profile_store::{Backend, FixedClock, ProfileStore};
use store_postgres::{Options, PostgresStore};
use testkit::postgres::Database;

/// An ordinary workspace, and a huge one.
const BUCKETS: [u8; 2] = [1, 8];

async fn postgres(database: &Database) -> Arc<dyn Backend> {
    let options = Options { connections: 4, ..Options::default() };
    Arc::new(PostgresStore::open(&database.url(), options).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_passes_the_conformance_list() {
    for buckets in BUCKETS {
        let databases = Mutex::new(Vec::new());
        let make = || async {
            let database = Database::create().unwrap();
            let backend = postgres(&database).await;
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

/// The two backends agree after every tenth of 400 random operations, for several seeds, and after reopening.
#[tokio::test(flavor = "multi_thread")]
async fn random_operations_leave_the_same_state_as_in_the_model() {
    for seed in 0..4 {
        let buckets = Buckets::new(BUCKETS[seed as usize / 2]).unwrap();
        let database = Database::create().unwrap();
        let old = postgres(&database).await;
        let model = compare_with_model(Arc::clone(&old), buckets, seed, 400).await.unwrap();
        old.close().await;
        let backend = postgres(&database).await;
        let reopened = ProfileStore::new(backend, Arc::new(FixedClock::at(START)), std::env::temp_dir());
        assert_eq!(
            exported_state(&reopened, WorkspaceId(1)).await.unwrap(),
            exported_state(&model, WorkspaceId(1)).await.unwrap(),
        );
        reopened.backend().close().await;
    }
}
