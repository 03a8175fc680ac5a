//! What an examination says about a sound, a broken and an empty file.

use std::path::Path;

use profile_store::Backend as _;
use sqlx::{Connection as _, SqliteConnection};
use store_sqlite::{Options, SCHEMA_VERSION, SqliteStore};

async fn run(path: &Path, text: &'static str) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}?mode=rwc", path.display())).await?;
    sqlx::query(text).execute(&mut connection).await?;
    connection.close().await
}

#[tokio::test]
async fn a_new_database_is_sound_and_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    SqliteStore::open(&path, Options::default()).await.unwrap().close().await;
    let found = SqliteStore::examine(&path, &Options::default()).await.unwrap();
    assert!(found.is_sound(), "{found:?}");
    assert_eq!(found.schema_version, SCHEMA_VERSION);
    assert!(found.counts.iter().all(|(_, count)| *count == 0) && found.counts.len() == 11, "{found:?}");
}

#[tokio::test]
async fn a_look_up_row_that_leads_to_nobody_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    SqliteStore::open(&path, Options::default()).await.unwrap().close().await;
    run(&path, "INSERT INTO identifiers VALUES (65536, 1, '', 'x', 0, 99)").await.unwrap();
    let found = SqliteStore::examine(&path, &Options::default()).await.unwrap();
    assert_eq!(found.orphans, 1);
    assert!(!found.is_sound());
}

#[tokio::test]
async fn a_file_without_our_schema_is_not_sound_and_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    run(&path, "CREATE TABLE theirs (x)").await.unwrap();
    for _ in 0..2 {
        let found = SqliteStore::examine(&path, &Options::default()).await.unwrap();
        assert_eq!((found.schema_version, found.is_sound()), (0, false), "{found:?}");
    }
}

#[tokio::test]
async fn what_is_no_database_is_a_fault_and_what_is_absent_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.db");
    std::fs::write(&path, "not a database at all, but long enough to have a header of its own: ".repeat(9))
        .unwrap();
    assert!(SqliteStore::examine(&path, &Options::default()).await.is_err());
    let absent = folder.path().join("absent.db");
    assert!(SqliteStore::examine(&absent, &Options::default()).await.is_err());
    assert!(!absent.exists());
}
