//! `copy`: everything from one database to another, of whatever engine.

use std::process::ExitCode;

use line_service::Sealer;
use profile_model::LedgerSecret;
use profile_store::{Cell, Fault, Held, Moving, MovingFault, copy_all, table_named};
use serde_json::{Value, json};
use store_postgres::PostgresHeld;
use store_sqlite::SqliteHeld;

use crate::args::{CopyArguments, ServeArguments, Shared};
use crate::commands::progress::bar;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::settings::{Place, Settings};

/// Copies, compares, and says what is there.
///
/// # Errors
/// [`Failure::Misuse`] if source or target cannot be used for it; else when one of them fails, and then the same copy can
/// be made again and goes on.
pub(crate) async fn run(shared: &Shared, output: Output, what: &CopyArguments) -> Result<ExitCode, Failure> {
    let settings = |url: &String| {
        Settings::read(&Shared { database: Some(url.clone()), ..shared.clone() }, &ServeArguments::default())
    };
    let (from, to) = (settings(&what.from)?, settings(&what.to)?);
    let key = crate::secret_key::existing(&from)?.ok_or_else(|| {
        Failure::Misuse(format!(
            "the secret key that the source was used with is not in {}: set ENMUSUBI_SECRET_KEY, or name its folder with \
             --data-dir",
            from.data_dir.display()
        ))
    })?;
    let mut source = hold_source(&from).await?;
    let copied = into(&mut *source, &from, &to, &key).await;
    source.release().await;
    let moved = copied?;
    told(output, &from, &to, &moved);
    Ok(ExitCode::SUCCESS)
}

async fn into(source: &mut dyn Held, from: &Settings, to: &Settings, key: &str) -> Result<Moving, Failure> {
    check_key(source, key).await.map_err(|error| failed(&from.database, error))?;
    if to.database.file().is_some() {
        crate::secret_key::place(to, key)?;
    }
    let mut target = hold_target(to).await?;
    let check = crate::database::check_of(&LedgerSecret::derive(key));
    let bar = bar(Some(0), "{bar:30} {percent:>3} % {msg}  {elapsed}, {eta} to go");
    let copied = copy_all(source, &mut *target, check, |step| {
        bar.set_length(step.total);
        bar.set_position(step.done);
        let doing = if step.is_checking { "comparing" } else { "copying" };
        bar.set_message(format!("{doing} {}", step.table));
    });
    let copied = copied.await;
    bar.finish_and_clear();
    target.release().await;
    copied.map_err(|error| match error {
        MovingFault::NotEmpty(_) | MovingFault::OtherSource | MovingFault::OtherSecret(_) => {
            Failure::Misuse(error.to_string())
        }
        MovingFault::Differs(_) => Failure::Failed(error.to_string()),
        MovingFault::Fault(fault) => {
            Failure::Failed(format!("{fault}; what was copied stays: run the same command again to go on"))
        }
    })
}

async fn hold_source(settings: &Settings) -> Result<Box<dyn Held>, Failure> {
    let options = crate::database::server_options(settings);
    let held: Result<Box<dyn Held>, Fault> = match &settings.database {
        Place::File(path) if !path.exists() => {
            return Err(Failure::Misuse(format!("there is no database at {}", path.display())));
        }
        Place::File(path) => SqliteHeld::source(path, &store_sqlite::Options::default()).await.map(boxed),
        Place::Server(url) => PostgresHeld::source(url.reveal(), &options).await.map(boxed),
    };
    held.map_err(|error| failed(&settings.database, error))
}

async fn hold_target(settings: &Settings) -> Result<Box<dyn Held>, Failure> {
    let options = crate::database::server_options(settings);
    let held: Result<Box<dyn Held>, Fault> = match &settings.database {
        Place::File(path) => SqliteHeld::target(path, &store_sqlite::Options::default()).await.map(boxed),
        Place::Server(url) => PostgresHeld::target(url.reveal(), &options).await.map(boxed),
    };
    held.map_err(|error| failed(&settings.database, error))
}

fn boxed<H: Held + 'static>(held: H) -> Box<dyn Held> {
    Box::new(held)
}

fn failed(place: &Place, fault: Fault) -> Failure {
    Failure::Failed(format!("{place} cannot be copied from or to: {fault}"))
}

/// A file keeps no check value of its key, but secrets that it must open.
async fn check_key(source: &mut dyn Held, key: &str) -> Result<(), Fault> {
    let (sealer, mut from) = (Sealer::new(key), None);
    let Some(channels) = table_named("line_channels") else { return Ok(()) };
    let Some(token) = channels.columns.iter().position(|(name, _)| *name == "sealed_token") else {
        return Ok(());
    };
    loop {
        let page = source.page(channels, from.as_deref()).await?;
        for row in &page.rows {
            if let Some(Cell::Text(sealed)) = row.get(token)
                && sealer.open(sealed).is_none()
            {
                return Err(Fault::Unavailable(
                    "the secret key does not open its LINE channels; set ENMUSUBI_SECRET_KEY to the one that its servers \
                     have"
                        .into(),
                ));
            }
        }
        match page.next {
            Some(next) => from = Some(next),
            None => return Ok(()),
        }
    }
}

fn told(output: Output, from: &Settings, to: &Settings, moved: &Moving) {
    let rows: u64 = moved.tables.iter().map(|table| table.rows).sum();
    let tables: Vec<Value> = moved
        .tables
        .iter()
        .map(
            |moved| json!({"table": moved.table, "rows": moved.rows, "checksum": moved.checksum.to_string()}),
        )
        .collect();
    let json = json!({
        "from": from.database.to_string(), "to": to.database.to_string(), "rows": rows, "resumed": moved.resumed,
        "tables": tables,
    });
    let mut shown = table(&["table", "rows", "checksum"]);
    for moved in &moved.tables {
        shown.add_row([moved.table.to_owned(), moved.rows.to_string(), moved.checksum.to_string()]);
    }
    let key = if to.database.file().is_some() {
        "Its secret key lies beside it."
    } else {
        "Its servers need the secret key of the source: ENMUSUBI_SECRET_KEY, or secret.key in their data folder."
    };
    output.either(
        &json,
        format!(
            "{shown}\n{rows} rows are copied to {} and the same on both sides. {key}\nImports that wait for their turn need \
             their files, too: copy the folder {}.",
            to.database,
            from.uploads().display(),
        ),
    );
}
