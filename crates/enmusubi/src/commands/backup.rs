//! `backup`: the database as it is at one moment, in a new file, beside whatever runs on it.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use store_sqlite::{Options, SqliteStore};

use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

/// Copies.
///
/// # Errors
/// [`Failure::Misuse`] if there is no database, or the new file is there already; else when the copy cannot be made.
pub(crate) async fn run(settings: &Settings, output: Output, out: &Path) -> Result<ExitCode, Failure> {
    let database = settings.database.file_for("backup", "pg_dump (docs/postgresql.md)")?;
    crate::database::must_exist(settings).await?;
    if out.exists() {
        return Err(Failure::Misuse(format!(
            "{} is there already: a backup overwrites nothing",
            out.display()
        )));
    }
    SqliteStore::backup(database, out, &Options::default()).await?;
    let bytes = std::fs::metadata(out).map_or(0, |file| file.len());
    let text = format!(
        "{} is written, {bytes} bytes. It holds personal data in the clear. To restore it you also need the secret key \
         ({} or ENMUSUBI_SECRET_KEY): keep a copy of it elsewhere",
        out.display(),
        settings.data_dir.join("secret.key").display(),
    );
    output.either(&json!({"path": out.display().to_string(), "bytes": bytes}), text);
    Ok(ExitCode::SUCCESS)
}
