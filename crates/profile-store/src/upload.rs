//! Receiving a CSV file: streamed to the uploads folder, durable before it is acknowledged.

use std::path::PathBuf;

use profile_model::{
    ChangeSet, CsvColumns, Decision, ImportId, ImportKind, ImportRun, ImportState, Keys, WorkspaceId,
};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt;

use crate::rows::RowReader;
use crate::{Fault, Once, ProfileStore, Work};

mod part;

use part::Part;

/// Largest attributes file (`CSV-1`).
pub const MAX_USERS_FILE: u64 = 500 * 1000 * 1000;

/// How old a whole file must be whose import was never stored, before nobody can be about to store it.
const ORPHAN: std::time::Duration = std::time::Duration::from_secs(3600);

/// Why an upload was refused. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum UploadFault {
    /// The header row is missing or unusable (no identifier column, both external id and alias, ...).
    #[error("{0}")]
    Header(String),
    /// Over the limit of its kind.
    #[error("the file is larger than {0} MB")]
    TooLarge(u64),
    /// The store could not do it.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A file on its way in.
#[derive(Debug)]
pub struct Upload {
    store: ProfileStore,
    workspace: WorkspaceId,
    run: ImportRun,
    part: Part,
    file: tokio::fs::File,
    size: u64,
    digest: Option<Sha256>,
}

impl ProfileStore {
    /// Begins an upload. Dropping it without [`Upload::finish`] leaves nothing.
    ///
    /// # Errors
    /// When the uploads folder cannot be written.
    pub async fn begin_upload(
        &self,
        workspace: WorkspaceId,
        kind: ImportKind,
        name: String,
        dry_run: bool,
    ) -> Result<Upload, Fault> {
        let now = self.now();
        let id = ImportId(self.fresh(now).uuid());
        let run = ImportRun { dry_run, ..ImportRun::new(id, kind, name, now) };
        let (folder, id) = (self.uploads().to_owned(), run.id.to_string());
        let (part, file) = on_disk(move || Part::create(&folder, &id)).await?;
        let file = tokio::fs::File::from_std(file);
        Ok(Upload { store: self.clone(), workspace, run, part, file, size: 0, digest: None })
    }

    /// Removes what uploads left that nobody needs any more: broken ones, and files whose import ended with a crash
    /// before they were removed; how many. For the start of a server.
    ///
    /// # Errors
    /// When the uploads folder cannot be read or changed, or the backend cannot be read.
    pub async fn remove_stale_uploads(&self) -> Result<usize, Fault> {
        let folder = self.uploads().to_owned();
        let mut removed = on_disk(move || part::remove_stale(&folder)).await?;
        let folder = self.uploads().to_owned();
        for path in on_disk(move || part::whole(&folder)).await? {
            if self.is_done_with(&path).await? {
                on_disk(move || std::fs::remove_file(path)).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Whether the import of an uploaded file has ended. A file without import may be one that another process has
    /// just received, unless it is old.
    async fn is_done_with(&self, path: &std::path::Path) -> Result<bool, Fault> {
        let name = path.file_stem().and_then(std::ffi::OsStr::to_str).and_then(ImportId::parse);
        let Some(id) = name else { return Ok(false) };
        let config = self.config().await?;
        for workspace in config.workspaces.keys() {
            if let Some(run) = self.backend().load_import(*workspace, id).await? {
                return Ok(run.state != ImportState::InProgress);
            }
        }
        let path = path.to_owned();
        let age =
            on_disk(move || Ok(std::fs::metadata(path)?.modified()?.elapsed().unwrap_or_default())).await?;
        Ok(age > ORPHAN)
    }

    /// Where the file of an import waits.
    #[must_use]
    pub fn upload_path(&self, id: ImportId) -> PathBuf {
        self.uploads().join(format!("{id}.csv"))
    }
}

impl Upload {
    /// Takes a hash of what comes, for [`Upload::digest`].
    #[must_use]
    pub fn with_digest(mut self) -> Self {
        self.digest = Some(Sha256::new());
        self
    }

    /// SHA-256 of what came; all zero without [`Upload::with_digest`].
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest.clone().map(|digest| digest.finalize().into()).unwrap_or_default()
    }

    /// As one request with an idempotency key: its answer is rendered from the [`ImportId`].
    #[must_use]
    pub fn once(mut self, once: Option<Once>) -> Self {
        self.store = self.store.once(once);
        self
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`UploadFault::TooLarge`], or when the disk refuses.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), UploadFault> {
        self.size += bytes.len() as u64;
        if self.size > MAX_USERS_FILE {
            return Err(UploadFault::TooLarge(MAX_USERS_FILE / 1_000_000));
        }
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
        self.file.write_all(bytes).await.map_err(|error| folder_fault(&error))?;
        Ok(())
    }

    /// Checks the header, makes file and import durable, and hands the import to the workers.
    ///
    /// # Errors
    /// [`UploadFault::Header`], or when it cannot be stored.
    pub async fn finish(mut self) -> Result<ImportId, UploadFault> {
        let disk = |error: std::io::Error| UploadFault::Fault(folder_fault(&error));
        self.file.flush().await.map_err(disk)?;
        self.file.sync_all().await.map_err(disk)?;
        let part = self.part.path().to_owned();
        self.run.columns = tokio::task::spawn_blocking(move || check_header(&part))
            .await
            .map_err(|_| Fault::Internal("the header check did not end".into()))??;
        let path = self.store.upload_path(self.run.id);
        tokio::fs::rename(self.part.path(), &path).await.map_err(disk)?;
        let folder = tokio::fs::File::open(self.store.uploads()).await.map_err(disk)?;
        folder.sync_all().await.map_err(disk)?;
        let run = self.run.clone();
        let decide = move |_: &profile_model::Loaded| {
            let change = ChangeSet { import: Some(run.clone()), ..ChangeSet::default() };
            (Decision::from(change), run.id)
        };
        let work = Work::new("create_import", self.workspace, Keys::default()).repeatable();
        let stored = self.store.decide_once(work, decide).await;
        if matches!(stored, Err(Fault::Told(_) | Fault::KeyReused)) {
            // No import leads to this file.
            let _ = tokio::fs::remove_file(&path).await;
        }
        let (id, _) = stored?;
        self.store.job_signal().notify_waiters();
        Ok(id)
    }
}

/// Names of the columns, if the header can be used.
fn check_header(path: &std::path::Path) -> Result<Vec<String>, UploadFault> {
    let disk = |error: std::io::Error| UploadFault::Fault(folder_fault(&error));
    let file = std::fs::File::open(path).map_err(disk)?;
    let mut reader = RowReader::new(std::io::BufReader::new(file), None, 0, 1);
    read_header(&mut reader).map(|columns| columns.names().to_vec()).map_err(UploadFault::Header)
}

/// Reads the header row; the error is a sentence for the caller.
pub(crate) fn read_header<R: std::io::BufRead>(reader: &mut RowReader<R>) -> Result<CsvColumns, String> {
    let row = reader.next_row().map_err(|error| error.to_string())?.ok_or("the file is empty")?;
    let cells = row.cells.map_err(|fault| format!("the header row cannot be read: {fault}"))?;
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    CsvColumns::read(&cells).map_err(|fault| fault.to_string())
}

/// Works on the uploads folder beside the runtime.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Fault::Internal("work on the uploads folder did not end".into()))?
        .map_err(|error| folder_fault(&error))
}

fn folder_fault(error: &std::io::Error) -> Fault {
    Fault::Unavailable(format!("the uploads folder cannot be used: {error}"))
}
