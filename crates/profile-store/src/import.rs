//! Running imports: chunk by chunk, each chunk with its progress in one transaction, so that whoever comes after a
//! crash goes on behind the last applied row.

use std::io::{BufReader, Seek, SeekFrom};
use std::sync::Arc;

use profile_model::{
    Actor, ChangeSet, Config, CsvColumns, Decision, ImportChunk, ImportId, ImportIssue, ImportRun,
    ImportState, IssueLevel, Keys, WorkspaceId, decide_import, import_keys, read_row,
};

use crate::rows::{RowReader, repeated};
use crate::upload::read_header;
use crate::{Fault, ProfileStore, Work};

/// Rows per transaction: enough that a commit's cost is shared, few enough that others wait some ten milliseconds.
const CHUNK_ROWS: usize = 1000;

type Reader = RowReader<BufReader<std::fs::File>>;

impl ProfileStore {
    /// An import by id.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn import(&self, workspace: WorkspaceId, id: ImportId) -> Result<Option<ImportRun>, Fault> {
        self.backend().load_import(workspace, id).await
    }

    /// A page of an import's report, after row number `after`.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn import_issues(
        &self,
        workspace: WorkspaceId,
        id: ImportId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, ImportIssue)>, Fault> {
        self.backend().scan_import_issues(workspace, id, after, limit).await
    }

    /// Runs an import from where it stands to its end, or until `go_on` says no (asked between chunks, with the
    /// progress so far). Returns the state as stored.
    ///
    /// # Errors
    /// When the store cannot write; the import stays in progress and can be run again.
    pub async fn run_import(
        &self,
        workspace: WorkspaceId,
        run: ImportRun,
        mut go_on: impl FnMut(&ImportRun) -> bool + Send,
    ) -> Result<ImportRun, Fault> {
        let path = self.upload_path(run.id);
        let (position, line) = (run.position, run.line);
        let opened = blocking(move || open(&path, position, line)).await?;
        let (mut reader, columns) = match opened {
            Ok(opened) => opened,
            Err(reason) => return self.fail_import(workspace, run, reason).await,
        };
        let columns = Arc::new(columns);
        let mut run = run;
        while run.state == ImportState::InProgress && go_on(&run) {
            let config = self.config().await?;
            let columns = Arc::clone(&columns);
            let (back, chunk) = blocking(move || {
                let chunk = read_chunk(&mut reader, &columns, &config, workspace);
                (reader, chunk)
            })
            .await?;
            reader = back;
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    return self
                        .fail_import(workspace, run, format!("the file cannot be read: {error}"))
                        .await;
                }
            };
            let ended_at = chunk.position;
            let before = run.clone();
            run = self.apply_chunk(workspace, run, chunk).await?;
            self.tally().imported(&before, &run);
            if run.state == ImportState::InProgress && run.position != ended_at {
                return Ok(run);
            }
        }
        if run.state != ImportState::InProgress {
            let _ = tokio::fs::remove_file(self.upload_path(run.id)).await;
        }
        Ok(run)
    }

    async fn apply_chunk(
        &self,
        workspace: WorkspaceId,
        run: ImportRun,
        chunk: ImportChunk,
    ) -> Result<ImportRun, Fault> {
        let occasion = self.occasion(workspace, Actor::new("import", run.id.to_string())).await?;
        let mut keys = import_keys(&chunk, &run);
        occasion.remember(&mut keys);
        let work = Work::new("import_chunk", workspace, keys).repeatable().bulk();
        let (stored, _) =
            self.decide(work, move |loaded| decide_import(&chunk, &run, loaded, &occasion)).await?;
        stored.ok_or_else(|| Fault::Inconsistent("imports: the import is gone".into()))
    }

    async fn fail_import(
        &self,
        workspace: WorkspaceId,
        run: ImportRun,
        reason: String,
    ) -> Result<ImportRun, Fault> {
        let now = self.now();
        let keys = Keys { import: Some(run.id), ..Keys::default() };
        let decide = move |loaded: &profile_model::Loaded| {
            let mut failed = loaded.import.clone().unwrap_or_else(|| run.clone());
            if failed.state != ImportState::InProgress {
                return (Decision::Nothing, failed);
            }
            failed.state = ImportState::Failed;
            failed.error = Some(reason.clone());
            failed.finished_at = Some(now);
            let change = ChangeSet { import: Some(failed.clone()), ..ChangeSet::default() };
            (change.into(), failed)
        };
        let work = Work::new("fail_import", workspace, keys).repeatable();
        Ok(self.decide(work, decide).await?.0)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Fault::Internal("reading the file did not end".into()))
}

/// Opens the stored file behind `position`, with its header read. The error is a sentence for the report.
fn open(path: &std::path::Path, position: u64, line: u64) -> Result<(Reader, CsvColumns), String> {
    let gone = |_| "the uploaded file is no longer there; upload it again".to_owned();
    let mut reader = RowReader::new(BufReader::new(std::fs::File::open(path).map_err(gone)?), None, 0, 1);
    let columns = read_header(&mut reader)?;
    let (position, line) = if position == 0 { reader.place() } else { (position, line) };
    let mut file = std::fs::File::open(path).map_err(gone)?;
    file.seek(SeekFrom::Start(position)).map_err(|error| error.to_string())?;
    let input = BufReader::with_capacity(1 << 16, file);
    Ok((RowReader::new(input, Some(columns.len()), position, line), columns))
}

/// Reads the next rows and checks each on its own.
fn read_chunk(
    reader: &mut Reader,
    columns: &CsvColumns,
    config: &Config,
    workspace: WorkspaceId,
) -> std::io::Result<ImportChunk> {
    let mut chunk = ImportChunk::default();
    while chunk.rows < CHUNK_ROWS as u64 {
        let Some(row) = reader.next_row()? else {
            chunk.last = true;
            break;
        };
        chunk.rows += 1;
        let cells = match row.cells {
            Ok(cells) => cells,
            Err(fault) => {
                let reason = fault.to_string();
                let (level, field) = (IssueLevel::Error, String::new());
                let cells = repeated(&row.text, columns.len());
                chunk.issues.push(ImportIssue { line: row.line, level, field, reason, cells });
                continue;
            }
        };
        let number = u32::try_from(chunk.lines.len()).unwrap_or(u32::MAX);
        let texts: Vec<&str> = cells.iter().map(String::as_str).collect();
        let reading = read_row(columns, &texts, number, config, workspace);
        chunk.issues.extend(reading.issues.into_iter().map(|issue| ImportIssue {
            line: row.line,
            level: issue.level,
            field: issue.field,
            reason: issue.reason,
            cells: cells.clone(),
        }));
        if let Some(item) = reading.item {
            chunk.items.push(item);
            chunk.lines.push((row.line, cells));
        }
    }
    (chunk.position, chunk.line) = reader.place();
    Ok(chunk)
}
