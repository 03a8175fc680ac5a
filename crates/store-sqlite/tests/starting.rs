//! Several processes that start on the same file.

use store_sqlite::{Options, SCHEMA_VERSION, SqliteStore};

/// Each connection of its own is to SQLite what a process is: one finds an empty file, the others find it done, and
/// nobody fails because of another.
#[test]
fn many_may_migrate_a_new_file_at_once() {
    for round in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new.db");
        let start = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(SqliteStore::migrate(&path, &Options::default()))
        };
        let started: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut found: Vec<_> = started
            .into_iter()
            .map(|migrated| migrated.unwrap_or_else(|fault| panic!("round {round}: {fault}")))
            .collect();
        found.sort_unstable();
        let mut expected = [(SCHEMA_VERSION, SCHEMA_VERSION); 8];
        expected[0].0 = 0;
        assert_eq!(found, expected, "round {round}");
    }
}
