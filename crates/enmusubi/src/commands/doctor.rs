//! `doctor`: whether the database is sound, and how much is in it.

use std::cmp::Ordering;
use std::process::ExitCode;

use profile_store::{Examination, Fault};
use serde_json::{Value, json};
use store_sqlite::{Options, SqliteStore};

use crate::failure::Failure;
use crate::output::{Output, table};
use crate::settings::Settings;

/// Examines; exit 1 if something is wrong.
///
/// # Errors
/// [`Failure::Misuse`] if there is no database, else when it cannot be read at all.
pub(crate) async fn run(settings: &Settings, output: Output, compact: bool) -> Result<ExitCode, Failure> {
    crate::database::must_exist(settings).await?;
    let compacted = if compact { Some(self::compact(settings).await?) } else { None };
    let found = crate::database::examine(settings).await?;
    let counts: serde_json::Map<String, Value> =
        found.counts.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect();
    let json = json!({
        "ok": found.is_sound(), "schema_version": found.schema_version, "schema_wanted": found.schema_wanted,
        "damage": found.damage, "orphans": found.orphans, "counts": counts,
        "compacted": compacted.map(|(before, after)| json!({"bytes_before": before, "bytes_after": after})),
    });
    let mut shown = shown(&found);
    if let Some((before, after)) = compacted {
        shown.add_row(["compacted".to_owned(), format!("{before} bytes before, {after} after")]);
    }
    output.either(&json, shown);
    Ok(if found.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Makes erasure physical; the file's size before and after.
async fn compact(settings: &Settings) -> Result<(u64, u64), Failure> {
    let Some(path) = settings.database.file() else {
        return Err(Failure::Misuse(
            "--compact is for SQLite: a PostgreSQL server writes over what was deleted (VACUUM), by itself"
                .to_owned(),
        ));
    };
    let size = || std::fs::metadata(path).map_or(0, |file| file.len());
    let before = size();
    // Uploads that a crash left behind are personal data too.
    let store = crate::database::open_existing(settings).await?;
    let removed = store.remove_stale_uploads().await;
    store.backend().close().await;
    removed?;
    SqliteStore::compact(path, &Options::default()).await.map_err(|fault| match fault {
        Fault::Unavailable(_) => Failure::Failed(
            "the database is in use: stop `enmusubi serve` and other commands, then compact again; nothing was changed"
                .to_owned(),
        ),
        fault => fault.into(),
    })?;
    Ok((before, size()))
}

fn shown(found: &Examination) -> comfy_table::Table {
    let mut shown = table(&["what", "finding"]);
    let damage = if found.damage.is_empty() { "ok".to_owned() } else { found.damage.join("\n") };
    shown.add_row(["integrity", damage.as_str()]);
    let (version, wanted) = (found.schema_version, found.schema_wanted);
    let version = match version.cmp(&wanted) {
        Ordering::Equal => format!("version {wanted}, ok"),
        Ordering::Less => format!("version {version}, wanted {wanted}: run `enmusubi migrate`"),
        Ordering::Greater => format!("version {version}, wanted {wanted}: use a newer binary"),
    };
    shown.add_row(["schema", version.as_str()]);
    if found.orphans > 0 {
        let orphans = format!("{} lead to no profile: restore a backup and report it", found.orphans);
        shown.add_row(["look-ups", orphans.as_str()]);
    }
    for (name, count) in &found.counts {
        shown.add_row([(*name).to_owned(), count.to_string()]);
    }
    shown
}
