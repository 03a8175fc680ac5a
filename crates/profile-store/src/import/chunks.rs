//! The chunks of a stored file, one after the other.

use std::io::{BufReader, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use profile_model::{Config, CsvColumns, ImportChunk, ImportIssue, IssueLevel, WorkspaceId, read_row};
use tokio::task::JoinHandle;

use crate::rows::{RowReader, repeated};
use crate::upload::read_header;

/// Rows per transaction: enough that a commit's cost is shared, few enough that others wait some ten milliseconds.
const CHUNK_ROWS: u64 = 1000;

/// Bytes of the file after which a chunk ends, however few its rows: what is in memory does not grow with them.
const CHUNK_BYTES: u64 = 2 << 20;

/// A file that is being read.
pub(super) struct Chunks {
    reader: RowReader<BufReader<std::fs::File>>,
    columns: CsvColumns,
}

impl Chunks {
    /// Opens the stored file behind `position`, with its header read. The error is a sentence for the report.
    pub(super) fn open(path: &Path, position: u64, line: u64) -> Result<Self, String> {
        let gone = |_| "the uploaded file is no longer there; upload it again".to_owned();
        let mut reader = RowReader::new(BufReader::new(std::fs::File::open(path).map_err(gone)?), None, 0, 1);
        let columns = read_header(&mut reader)?;
        let (position, line) = if position == 0 { reader.place() } else { (position, line) };
        let mut file = std::fs::File::open(path).map_err(gone)?;
        file.seek(SeekFrom::Start(position)).map_err(|error| error.to_string())?;
        let input = BufReader::with_capacity(1 << 16, file);
        Ok(Self { reader: RowReader::new(input, Some(columns.len()), position, line), columns })
    }

    /// Reads the next chunk on another thread; comes back with it.
    pub(super) fn read(
        mut self,
        config: Arc<Config>,
        workspace: WorkspaceId,
    ) -> JoinHandle<(Self, std::io::Result<ImportChunk>)> {
        tokio::task::spawn_blocking(move || {
            let chunk = self.next_chunk(&config, workspace);
            (self, chunk)
        })
    }

    /// Reads the next rows and checks each on its own.
    fn next_chunk(&mut self, config: &Config, workspace: WorkspaceId) -> std::io::Result<ImportChunk> {
        let Self { reader, columns } = self;
        let begins_at = reader.place().0;
        let mut chunk = ImportChunk::default();
        while chunk.rows < CHUNK_ROWS && reader.place().0 - begins_at < CHUNK_BYTES {
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
            match reading.item {
                Some(item) => {
                    chunk.items.push(item);
                    chunk.lines.push((row.line, cells));
                }
                None => chunk.unusable.push((row.line, reading.names)),
            }
        }
        (chunk.position, chunk.line) = reader.place();
        Ok(chunk)
    }
}
