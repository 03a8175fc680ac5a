//! `import users`: a CSV file, taken in and worked on here, with a progress bar.

use std::path::Path;
use std::process::ExitCode;

use profile_model::{ImportId, ImportKind, ImportRun, ImportState, WorkspaceId};
use profile_store::{JobKind, JobWorker, ProfileStore, UploadFault};
use serde_json::json;

use crate::args::{ImportCommand, ImportUsersArguments};
use crate::commands::progress::{self, Progress};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

mod report;
mod source;

/// Exit code where some rows were left out.
const PARTIAL: u8 = 3;

/// Imports; exit 0 complete, 1 failed, 3 partial.
///
/// # Errors
/// [`Failure::Misuse`] for an unusable header or a missing database; else when file or database cannot be used.
pub(crate) async fn run(
    settings: &Settings,
    output: Output,
    what: ImportCommand,
) -> Result<ExitCode, Failure> {
    let ImportCommand::Users(arguments) = what;
    let file = source::open(&arguments.file)?;
    // A report that cannot be written is no reason to fail once everything is imported.
    let report = arguments.report.as_deref().map(|path| report::create(path, &arguments.file)).transpose()?;
    let store = crate::database::open_existing(settings).await?;
    let done = import(&store, output, &arguments, file, report).await;
    store.backend().close().await;
    done
}

async fn import(
    store: &ProfileStore,
    output: Output,
    arguments: &ImportUsersArguments,
    file: source::Input,
    report: Option<report::Report>,
) -> Result<ExitCode, Failure> {
    let workspace = store.workspace(&arguments.workspace).await?.id;
    let name = if arguments.file == Path::new("-") { Path::new("standard input") } else { &arguments.file };
    let name = name.file_name().unwrap_or(name.as_os_str()).to_string_lossy().into_owned();
    let mut upload = store.begin_upload(workspace, ImportKind::Users, name, arguments.dry_run).await?;
    let mut chunks = source::read(file);
    let mut header = source::Header::default();
    let mut size = 0;
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk.map_err(Failure::while_doing("the file cannot be read"))?;
        size += chunk.len() as u64;
        header.take(&chunk);
        upload.write(&chunk).await.map_err(refused)?;
    }
    let id = upload.finish().await.map_err(refused)?;
    let worker = JobWorker::spawn(store.clone(), JobKind::Import);
    let followed = follow(store, workspace, id, size).await;
    worker.shutdown().await;
    let run = followed?;
    summary(output, &run, report.is_some());
    if let Some(report) = report {
        report.write(store, workspace, id, &header.columns()).await?;
    }
    Ok(match run.state {
        ImportState::Complete => ExitCode::SUCCESS,
        ImportState::PartialSuccess => ExitCode::from(PARTIAL),
        ImportState::Failed | ImportState::InProgress => ExitCode::FAILURE,
    })
}

fn refused(fault: UploadFault) -> Failure {
    match fault {
        UploadFault::Fault(fault) => fault.into(),
        refused => Failure::Misuse(format!("nothing was imported: {refused}")),
    }
}

async fn follow(
    store: &ProfileStore,
    workspace: WorkspaceId,
    id: ImportId,
    size: u64,
) -> Result<ImportRun, Failure> {
    let bar = progress::bar(Some(size), "{bar:30} {percent:>3} % {msg}  {elapsed}, {eta} to go");
    let look = async || {
        let run = store.import(workspace, id).await?;
        let run = run.ok_or_else(|| Failure::Failed("the import is gone from the database".to_owned()))?;
        if run.state != ImportState::InProgress {
            return Ok(Progress::Ended(run));
        }
        Ok(Progress::Going {
            position: run.position,
            message: format!("{} rows, {} left out", run.rows_read, run.rows_skipped),
            left: format!("import {id} after {} rows", run.rows_read),
        })
    };
    progress::follow(bar, look).await
}

fn summary(output: Output, run: &ImportRun, is_reported: bool) {
    let json = json!({
        "import_id": run.id, "name": run.name, "status": run.state, "dry_run": run.dry_run,
        "rows_read": run.rows_read, "rows_created": run.rows_created, "rows_updated": run.rows_updated,
        "rows_skipped": run.rows_skipped, "rows_warned": run.rows_warned,
        "started_at": run.started_at, "finished_at": run.finished_at, "error": run.error,
    });
    let state = match run.state {
        ImportState::Complete => "Complete",
        ImportState::PartialSuccess => "Partial success",
        ImportState::Failed => "Failed",
        ImportState::InProgress => "In progress",
    };
    let trial = if run.dry_run { " (dry run: nothing was written)" } else { "" };
    let reason = run.error.as_deref().map(|reason| format!("\n{reason}")).unwrap_or_default();
    let hint = match !is_reported && run.rows_skipped + run.rows_warned > 0 {
        true => {
            format!("\nwhich rows and why: GET /imports/{}/report.csv, or --report FILE next time", run.id)
        }
        false => String::new(),
    };
    let text = format!(
        "{state}{trial}: {} rows read, {} profiles made, {} updated, {} rows left out, {} with warnings{reason}{hint}",
        run.rows_read, run.rows_created, run.rows_updated, run.rows_skipped, run.rows_warned,
    );
    output.either(&json, text);
}
