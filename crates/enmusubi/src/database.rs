//! Opening the database that the settings name.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use profile_model::{Key, LedgerSecret};
use profile_store::{Backend, Examination, Fault, ProfileStore, SystemClock};
use store_postgres::{Distribution, PostgresStore};
use store_sqlite::SqliteStore;

use crate::failure::Failure;
use crate::settings::{Place, Settings};

/// Opens or makes the database and brings its schema up to date.
///
/// # Errors
/// When it cannot be used.
pub(crate) async fn open(settings: &Settings) -> Result<ProfileStore, Failure> {
    for folder in [Some(settings.data_dir.as_path()), folder_of(settings)].into_iter().flatten() {
        make_private(folder).map_err(|error| {
            Failure::Failed(format!("the folder {} cannot be made: {error}", folder.display()))
        })?;
    }
    let ledger = LedgerSecret::derive(&crate::secret_key::find(settings)?);
    let backend = connect(settings, &ledger).await?;
    Ok(ProfileStore::with_ledger(backend, Arc::new(SystemClock), settings.uploads(), ledger))
}

/// The read replica, if the settings name one.
///
/// # Errors
/// When it has another schema than this binary wants.
pub(crate) async fn open_replica(settings: &Settings) -> Result<Option<ProfileStore>, Failure> {
    let Some(place) = &settings.database_read else { return Ok(None) };
    let Place::Server(url) = place else { return Ok(None) };
    let store = PostgresStore::open_replica(url.reveal(), server_options(settings)).await;
    let store = store
        .map_err(|fault| Failure::Failed(format!("the read replica {place} cannot be used: {fault}")))?;
    let ledger = LedgerSecret::derive(&crate::secret_key::find(settings)?);
    Ok(Some(ProfileStore::with_ledger(Arc::new(store), Arc::new(SystemClock), settings.uploads(), ledger)))
}

async fn connect(settings: &Settings, ledger: &LedgerSecret) -> Result<Arc<dyn Backend>, Failure> {
    let failed = |fault: Fault| {
        Failure::Failed(format!("the database {} cannot be opened: {fault}", settings.database))
    };
    match &settings.database {
        Place::File(path) => {
            let store = SqliteStore::open(path, store_sqlite::Options::default()).await;
            Ok(Arc::new(store.map_err(failed)?))
        }
        Place::Server(url) => {
            let store = PostgresStore::open(url.reveal(), server_options(settings)).await.map_err(failed)?;
            if store.is_same_secret(check_of(ledger)).await.map_err(failed)? {
                return Ok(Arc::new(store));
            }
            store.close().await;
            Err(Failure::Failed(format!(
                "the database {} was made with another secret key: set ENMUSUBI_SECRET_KEY to the one that its other \
                 processes have, or put their secret.key into {}",
                settings.database,
                settings.data_dir.display()
            )))
        }
    }
}

/// A number by which a secret key is recognised, and from which it cannot be read.
pub(crate) fn check_of(ledger: &LedgerSecret) -> i64 {
    let mark = ledger.mark(&Key::external_id("the secret key of this installation"));
    mark.0.iter().take(8).fold(0, |number, byte| number << 8 | i64::from(*byte))
}

pub(crate) fn server_options(settings: &Settings) -> store_postgres::Options {
    store_postgres::Options {
        connections: settings.database_connections,
        statement_timeout: settings.database_statement_timeout,
        ..store_postgres::Options::default()
    }
}

fn folder_of(settings: &Settings) -> Option<&Path> {
    settings.database.file().and_then(Path::parent)
}

/// Makes a folder that only its owner may look into: profiles are personal data. One that is there stays as it is.
fn make_private(folder: &Path) -> std::io::Result<()> {
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Brings the schema up to date; the versions before and after.
///
/// # Errors
/// When it cannot be used or is newer than this binary.
pub(crate) async fn migrate(settings: &Settings) -> Result<(i64, i64), Fault> {
    match &settings.database {
        Place::File(path) => SqliteStore::migrate(path, &store_sqlite::Options::default()).await,
        Place::Server(url) => PostgresStore::migrate(url.reveal(), &server_options(settings)).await,
    }
}

/// Brings the schema up to date and spreads the tables over the nodes of a Citus cluster.
///
/// # Errors
/// [`Failure::Misuse`] for a SQLite file; when the database has no Citus or cannot be used.
pub(crate) async fn distribute(settings: &Settings) -> Result<((i64, i64), Distribution), Failure> {
    match &settings.database {
        Place::File(_) => Err(Failure::Misuse(
            "--distribute is for PostgreSQL with Citus: a SQLite file is in one place".to_owned(),
        )),
        Place::Server(url) => {
            let done = PostgresStore::distribute(url.reveal(), &server_options(settings)).await?;
            done.ok_or_else(|| {
                Failure::Misuse(format!(
                    "the database {} has no Citus: install it on every node and run CREATE EXTENSION citus in this \
                     database; plain PostgreSQL needs no --distribute",
                    settings.database
                ))
            })
        }
    }
}

/// Looks it over without changing anything.
///
/// # Errors
/// When it cannot be read at all.
pub(crate) async fn examine(settings: &Settings) -> Result<Examination, Fault> {
    match &settings.database {
        Place::File(path) => SqliteStore::examine(path, &store_sqlite::Options::default()).await,
        Place::Server(url) => PostgresStore::examine(url.reveal(), &server_options(settings)).await,
    }
}

/// Opens a database that must be there: a command that looks or imports makes none by a slip of the path.
///
/// # Errors
/// [`Failure::Misuse`] if there is none.
pub(crate) async fn open_existing(settings: &Settings) -> Result<ProfileStore, Failure> {
    must_exist(settings).await?;
    open(settings).await
}

/// Whether there is a database of ours where the settings say.
///
/// # Errors
/// [`Failure::Misuse`] if there is none.
pub(crate) async fn must_exist(settings: &Settings) -> Result<(), Failure> {
    let exists = match &settings.database {
        Place::File(path) => path.exists(),
        Place::Server(url) => PostgresStore::has_schema(url.reveal(), &server_options(settings)).await?,
    };
    if exists {
        return Ok(());
    }
    Err(Failure::Misuse(format!(
        "there is no database of Enmusubi at {}; start `enmusubi serve` once, or name another with --database",
        settings.database
    )))
}
