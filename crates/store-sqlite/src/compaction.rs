//! Writing the file anew, so that nothing of what was deleted is left in it: for `doctor --compact`.

use std::path::Path;
use std::time::Duration;

use profile_store::Fault;
use sqlx::sqlite::SqliteLockingMode;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use crate::connecting::{Options, connect_options};
use crate::fault::to_fault;
use crate::statement::plain;
use crate::store::SqliteStore;

/// How long another process may take to let go of the file.
const WAIT: Duration = Duration::from_millis(500);

impl SqliteStore {
    /// Makes deletions physical: free pages, free room within pages and the write-ahead log go. Needs the file for
    /// itself, and for a while as much room on the disk again.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] if another process has the file open (nothing was changed) or the disk is full.
    pub async fn compact(path: &Path, options: &Options) -> Result<(), Fault> {
        // The copy that VACUUM makes may be larger than the memory.
        let wanted = connect_options(path, options)?
            .create_if_missing(false)
            .busy_timeout(WAIT)
            .locking_mode(SqliteLockingMode::Exclusive)
            .pragma("temp_store", "file")
            .pragma("secure_delete", "on");
        let mut connection = wanted.connect().await.map_err(|error| to_fault(&error))?;
        let compacted = compact(&mut connection).await.map_err(|error| to_fault(&error));
        // The last connection takes the log with it.
        let closed = connection.close().await.map_err(|error| to_fault(&error));
        compacted.and(closed)
    }
}

async fn compact(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for text in [
        // With exclusive locking, the first look takes the file for itself, or fails.
        "-- take_file\nSELECT count(*) FROM sqlite_schema",
        "-- checkpoint_before\nPRAGMA wal_checkpoint(TRUNCATE)",
        "-- vacuum\nVACUUM",
        "-- checkpoint_after\nPRAGMA wal_checkpoint(TRUNCATE)",
    ] {
        plain(text).execute(&mut *connection).await?;
    }
    Ok(())
}
