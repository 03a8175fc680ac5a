//! The conformance list, and random operations compared with the model by whole exported state.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::sync::Arc;

use profile_model::{Buckets, WorkspaceId};
use profile_store::conformance::{CASES, START, compare_with_model, exported_state, run_cases};
use profile_store::{Backend, FixedClock, ProfileStore};
use store_sqlite::{Options, SqliteStore};

async fn sqlite(folder: &std::path::Path) -> Arc<dyn Backend> {
    Arc::new(SqliteStore::open(folder.join("store.db"), Options::default()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_passes_the_conformance_list() {
    let folders = std::sync::Mutex::new(Vec::new());
    let make = || async {
        let folder = tempfile::tempdir().unwrap();
        let backend = sqlite(folder.path()).await;
        folders.lock().unwrap().push(folder);
        ProfileStore::new(backend, Arc::new(FixedClock::at(START)), std::env::temp_dir())
    };
    assert_eq!(run_cases(Buckets::ONE, make).await, Ok(CASES.len()));
}

/// The two backends agree after every tenth of 400 random operations, for several seeds, and after reopening.
#[tokio::test(flavor = "multi_thread")]
async fn random_operations_leave_the_same_state_as_in_the_model() {
    for seed in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let old = sqlite(folder.path()).await;
        let model = compare_with_model(Arc::clone(&old), Buckets::ONE, seed, 400).await.unwrap();
        old.close().await;
        let reopened = ProfileStore::new(
            sqlite(folder.path()).await,
            Arc::new(FixedClock::at(START)),
            std::env::temp_dir(),
        );
        assert_eq!(
            exported_state(&reopened, WorkspaceId(1)).await.unwrap(),
            exported_state(&model, WorkspaceId(1)).await.unwrap()
        );
        reopened.backend().close().await;
    }
}
