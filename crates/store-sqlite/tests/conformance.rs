//! The conformance list, and random operations compared with the model by whole exported state.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::sync::Arc;

use profile_model::{LineConvergence, Settings, Timestamp, WorkspaceId};
use profile_store::conformance::{CASES, Memory, exported_state, identity_operations, perform, run_cases};
use profile_store::model::ModelBackend;
use profile_store::{Backend, FixedClock, ProfileStore};
use serde_json::Value;
use store_sqlite::{Options, SqliteStore};

const START: Timestamp = Timestamp::from_millis(1_700_000_020_000);

async fn sqlite(folder: &std::path::Path) -> Arc<dyn Backend> {
    Arc::new(SqliteStore::open(folder.join("store.db"), Options::default()).await.unwrap())
}

/// Where two states differ, as paths with both values.
fn differences(found: &Value, expected: &Value, path: &str) -> Vec<String> {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let names: std::collections::BTreeSet<_> = found.keys().chain(expected.keys()).collect();
            let at = |object: &serde_json::Map<String, Value>, name: &str| {
                object.get(name).cloned().unwrap_or_default()
            };
            let each = names.into_iter();
            each.flat_map(|name| {
                differences(&at(found, name), &at(expected, name), &format!("{path}.{name}"))
            })
            .collect()
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            let each = found.iter().zip(expected).enumerate();
            each.flat_map(|(place, (found, expected))| {
                differences(found, expected, &format!("{path}[{place}]"))
            })
            .collect()
        }
        (found, expected) if found == expected => Vec::new(),
        _ => vec![format!("{path}: found {found}, expected {expected}")],
    }
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
    assert_eq!(run_cases(make).await, Ok(CASES.len()));
}

/// The two backends agree after every tenth of 400 random operations, for several seeds, and after reopening.
#[tokio::test(flavor = "multi_thread")]
async fn random_operations_leave_the_same_state_as_in_the_model() {
    for seed in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let clocks = [Arc::new(FixedClock::at(START)), Arc::new(FixedClock::at(START))];
        let model: Arc<dyn Backend> = Arc::new(ModelBackend::default());
        let stores = [
            ProfileStore::new(model, Arc::clone(&clocks[0]) as Arc<_>, std::env::temp_dir()),
            ProfileStore::new(
                sqlite(folder.path()).await,
                Arc::clone(&clocks[1]) as Arc<_>,
                std::env::temp_dir(),
            ),
        ];
        let workspace = WorkspaceId(1);
        for store in &stores {
            store.create_workspace("w").await.unwrap();
            if seed % 2 == 1 {
                let settings = Settings { line_convergence: LineConvergence::Merge, ..Settings::default() };
                store.set_settings("w", settings).await.unwrap();
            }
        }
        let mut memories = [Memory::default(), Memory::default()];
        for (number, operation) in identity_operations(seed, 400).into_iter().enumerate() {
            for ((store, clock), memory) in stores.iter().zip(&clocks).zip(&mut memories) {
                clock.advance_micros(1_000_000);
                perform(store, workspace, operation.clone(), memory).await.unwrap();
            }
            if number % 40 == 39 {
                let [model, sqlite] = &stores;
                let expected = exported_state(model, workspace).await.unwrap();
                let found = exported_state(sqlite, workspace).await.unwrap();
                assert_eq!(
                    differences(&found, &expected, ""),
                    Vec::<String>::new(),
                    "seed {seed}, step {number}"
                );
            }
        }
        let [model, old] = &stores;
        old.backend().close().await;
        let reopened = ProfileStore::new(
            sqlite(folder.path()).await,
            Arc::new(FixedClock::at(START)),
            std::env::temp_dir(),
        );
        assert_eq!(
            exported_state(&reopened, workspace).await.unwrap(),
            exported_state(model, workspace).await.unwrap()
        );
        reopened.backend().close().await;
    }
}
