//! A copy of the database while it is in use.

use std::path::Path;

use profile_store::Fault;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::connecting::{Options, connect_options};
use crate::fault::to_fault;
use crate::statement::plain;
use crate::store::SqliteStore;

impl SqliteStore {
    /// Copies the database as it is at one moment to a new file, ledger of erasures and all, while others read and write.
    /// Nothing of what was deleted is in the copy. It is whole and on the disk when this returns.
    ///
    /// # Errors
    /// When `to` exists, or either cannot be used; `to` is not there then.
    pub async fn backup(from: &Path, to: &Path, options: &Options) -> Result<(), Fault> {
        let unusable =
            |error: std::io::Error| Fault::Unavailable(format!("the backup cannot be written: {error}"));
        // SQLite fills an empty file: making it here, for its owner only, also refuses one that is there.
        let made = {
            use std::os::unix::fs::OpenOptionsExt as _;
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(unusable)?
        };
        let copied = copy(from, to, options).await;
        let kept = match copied {
            Ok(()) => made.sync_all().map_err(unusable),
            failed => failed,
        };
        if kept.is_err() {
            let _ = std::fs::remove_file(to);
        }
        kept
    }
}

async fn copy(from: &Path, to: &Path, options: &Options) -> Result<(), Fault> {
    let options = connect_options(from, options)?.create_if_missing(false);
    let mut connection = options.connect().await.map_err(|error| to_fault(&error))?;
    let query = plain("-- backup\nVACUUM INTO ?").bind(to.display().to_string());
    let copied = query.execute(&mut connection).await.map_err(|error| to_fault(&error));
    let closed = connection.close().await.map_err(|error| to_fault(&error));
    copied.and(closed)
}
