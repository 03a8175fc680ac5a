//! Opening the database that the settings name.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use profile_model::LedgerSecret;
use profile_store::{ProfileStore, SystemClock};
use store_sqlite::{Options, SqliteStore};

use crate::failure::Failure;
use crate::settings::Settings;

/// Opens or makes the database and brings its schema up to date.
///
/// # Errors
/// When the file cannot be used.
pub(crate) async fn open(settings: &Settings) -> Result<ProfileStore, Failure> {
    let path = settings.database.display();
    for folder in [Some(settings.data_dir.as_path()), settings.database.parent()].into_iter().flatten() {
        make_private(folder).map_err(|error| {
            Failure::Failed(format!("the folder {} cannot be made: {error}", folder.display()))
        })?;
    }
    let opened = SqliteStore::open(&settings.database, Options::default())
        .await
        .map_err(|fault| Failure::Failed(format!("the database {path} cannot be opened: {fault}")))?;
    let ledger = LedgerSecret::derive(&crate::secret_key::find(settings)?);
    Ok(ProfileStore::with_ledger(Arc::new(opened), Arc::new(SystemClock), settings.uploads(), ledger))
}

/// Makes a folder that only its owner may look into: profiles are personal data. One that is there stays as it is.
fn make_private(folder: &Path) -> std::io::Result<()> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Opens a database that must be there: a command that looks or imports makes none by a slip of the path.
///
/// # Errors
/// [`Failure::Misuse`] if there is none.
pub(crate) async fn open_existing(settings: &Settings) -> Result<ProfileStore, Failure> {
    must_exist(settings)?;
    open(settings).await
}

/// Whether there is a database where the settings say.
///
/// # Errors
/// [`Failure::Misuse`] if there is none.
pub(crate) fn must_exist(settings: &Settings) -> Result<(), Failure> {
    if !settings.database.exists() {
        return Err(Failure::Misuse(format!(
            "there is no database at {}; start `enmusubi serve` once, or name another with --database",
            settings.database.display()
        )));
    }
    Ok(())
}
