//! `restore`: a backup in place of the database. What must not come back with it does not: people who were erased since,
//! suppressions, keys that were revoked.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use profile_model::ProfileId;
use profile_store::{Clock as _, ErasedAgain, Fault, SystemClock};
use serde_json::json;
use store_sqlite::{Carried, Displaced, Options, SCHEMA_VERSION, SqliteStore};

use crate::args::RestoreArguments;
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::{Place, Settings};

/// Restores; exit 3 if somebody who was erased is part of another by a merge that cannot be undone.
///
/// # Errors
/// [`Failure::Misuse`] if there is no such backup, or a database that may not be replaced; else when either cannot be
/// used. The database is as before then.
pub(crate) async fn run(
    settings: &Settings,
    output: Output,
    what: &RestoreArguments,
) -> Result<ExitCode, Failure> {
    let database = settings.database.file_for("restore", "pg_restore (docs/postgresql.md)")?;
    if !what.backup.is_file() {
        return Err(Failure::Misuse(format!("there is no backup at {}", what.backup.display())));
    }
    if database.exists() && !what.force {
        return Err(Failure::Misuse(format!(
            "there is a database at {}. --force replaces it: everything written since the backup is lost, except that \
             who was erased since stays erased and revoked keys stay revoked. `enmusubi backup` keeps a copy of it first",
            database.display()
        )));
    }
    let displaced = take(database, what.without_ledger).await?;
    let new = NewFile::beside(database)?;
    let (carried, displaced) = match displaced {
        Some(mut displaced) => (displaced.carried().await?, Some(displaced)),
        None => (Carried::default(), None),
    };
    let done = prepare(settings, &what.backup, new.path(), &carried).await?;
    match displaced {
        Some(displaced) => displaced.replace_by(new.path()).await?,
        None => SqliteStore::put_in_place(new.path(), database)?,
    }
    told(output, &what.backup, &carried, &done);
    Ok(if done.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// The database that is there, for us alone; `None` if there is none, or only a damaged one that may go.
async fn take(database: &Path, without_ledger: bool) -> Result<Option<Displaced>, Failure> {
    if !database.exists() {
        return Ok(None);
    }
    let options = Options::default();
    let taken = match SqliteStore::migrate(database, &options).await {
        Ok(_) => Displaced::take(database, &options).await,
        Err(fault) => Err(fault),
    };
    match taken {
        Ok(displaced) => Ok(Some(displaced)),
        Err(Fault::Unavailable(_)) => Err(Failure::Failed(
            "the database is in use: stop `enmusubi serve` and other commands, then restore again; nothing was changed"
                .to_owned(),
        )),
        Err(_) if without_ledger => Ok(None),
        Err(fault) => Err(Failure::Failed(format!(
            "the database {} cannot be read ({fault}), so it cannot be told who was erased since the backup was made. \
             --without-ledger restores all the same, and they come back: erase them again",
            database.display()
        ))),
    }
}

/// Makes the backup, in a file of its own, what the database is to be.
async fn prepare(
    settings: &Settings,
    backup: &Path,
    new: &Path,
    carried: &Carried,
) -> Result<ErasedAgain, Failure> {
    let options = Options::default();
    std::fs::copy(backup, new).map_err(Failure::while_doing("the backup cannot be copied"))?;
    let found = SqliteStore::examine(new, &options).await;
    match found {
        Ok(found) if found.schema_version == 0 && found.damage.is_empty() => {
            return Err(Failure::Misuse(format!("{} is no backup of Enmusubi", backup.display())));
        }
        Ok(found) if found.schema_version > SCHEMA_VERSION => {
            return Err(Failure::Failed(format!(
                "{} is of schema version {}, this binary knows {SCHEMA_VERSION}: use a newer one",
                backup.display(),
                found.schema_version
            )));
        }
        Ok(found) if found.damage.is_empty() && found.orphans == 0 => {}
        Ok(_) | Err(_) => {
            return Err(Failure::Failed(format!(
                "{} is damaged, or no database at all; nothing was changed",
                backup.display()
            )));
        }
    }
    SqliteStore::migrate(new, &options).await?;
    SqliteStore::carry(new, &options, carried, None).await?;
    let begun = SystemClock.now();
    let done = erase_again(settings, new).await?;
    SqliteStore::carry(new, &options, carried, Some(begun)).await?;
    SqliteStore::compact(new, &options).await?;
    Ok(done)
}

async fn erase_again(settings: &Settings, new: &Path) -> Result<ErasedAgain, Failure> {
    let settings = Settings { database: Place::File(new.to_owned()), ..settings.clone() };
    let store = crate::database::open_existing(&settings).await?;
    let mut done = ErasedAgain::default();
    let mut failed = None;
    let config = store.config().await?;
    for workspace in config.workspaces.keys() {
        match store.erase_again(*workspace).await {
            Ok(here) => {
                done.erased += here.erased;
                done.parted += here.parted;
                done.left.extend(here.left);
            }
            Err(fault) => failed = Some(fault),
        }
    }
    store.backend().close().await;
    failed.map_or(Ok(done), |fault| Err(fault.into()))
}

fn told(output: Output, backup: &Path, carried: &Carried, done: &ErasedAgain) {
    let left: Vec<String> = done.left.iter().map(ProfileId::to_string).collect();
    let json = json!({
        "restored": backup.display().to_string(), "erasures_known": carried.erasures(), "erased_again": done.erased,
        "merges_undone": done.parted, "left": left,
    });
    let warning = if left.is_empty() {
        String::new()
    } else {
        format!(
            "\nsomebody who was erased is part of these profiles, by a merge that cannot be undone: look at them, and \
             erase them if need be: {}",
            left.join(" ")
        )
    };
    let text = format!(
        "{} is restored; {} profiles that were erased since were erased again, {} merges undone for that{warning}",
        backup.display(),
        done.erased,
        done.parted,
    );
    output.either(&json, text);
}

/// A database file on its way, which goes unless it is renamed.
struct NewFile(PathBuf);

impl NewFile {
    fn beside(database: &Path) -> Result<Self, Failure> {
        let mut name = database.as_os_str().to_owned();
        name.push(".restoring");
        let new = Self(PathBuf::from(name));
        // What a broken restore left.
        new.remove();
        if let Some(folder) = database.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(Failure::while_doing("the data folder cannot be made"))?;
        }
        Ok(new)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn remove(&self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = self.0.as_os_str().to_owned();
            name.push(suffix);
            let _ = std::fs::remove_file(name);
        }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        self.remove();
    }
}
