//! The report of an import as a CSV file: `line,level,field,reason`, then the original columns.

use std::fs::File;
use std::path::{Path, PathBuf};

use profile_model::{ImportId, IssueLevel, WorkspaceId};
use profile_store::ProfileStore;

use crate::failure::Failure;

/// Report lines per page.
const PAGE: u32 = 1000;

/// A report that is to be written.
pub(super) struct Report {
    file: csv::Writer<File>,
    path: PathBuf,
}

/// Makes the file, so that one that cannot be made is known before anything is imported.
///
/// # Errors
/// [`Failure::Misuse`].
pub(super) fn create(path: &Path, source: &Path) -> Result<Report, Failure> {
    if path.canonicalize().is_ok_and(|path| source.canonicalize().is_ok_and(|source| path == source)) {
        return Err(Failure::Misuse(
            "nothing was imported: the report would take the place of the file".into(),
        ));
    }
    let cannot =
        |error| Failure::Misuse(format!("nothing was imported: {} cannot be made: {error}", path.display()));
    let file = csv::Writer::from_writer(File::create(path).map_err(cannot)?);
    Ok(Report { file, path: path.to_owned() })
}

impl Report {
    /// Writes it; without any problem it has only its header.
    ///
    /// # Errors
    /// When the file cannot be written or the database cannot be read.
    pub(super) async fn write(
        self,
        store: &ProfileStore,
        workspace: WorkspaceId,
        id: ImportId,
        columns: &[String],
    ) -> Result<(), Failure> {
        let Self { mut file, path } = self;
        let what = format!("the import has ended, but its report {} cannot be written", path.display());
        let cannot = |error: csv::Error| Failure::Failed(format!("{what}: {error}"));
        let names = ["line", "level", "field", "reason"].into_iter();
        file.write_record(names.chain(columns.iter().map(String::as_str))).map_err(cannot)?;
        let mut after = 0;
        loop {
            let page = store.import_issues(workspace, id, after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            for (_, issue) in &page {
                let level = match issue.level {
                    IssueLevel::Error => "error",
                    IssueLevel::Warning => "warning",
                };
                let line = issue.line.to_string();
                let own = [line.as_str(), level, &issue.field, &issue.reason].into_iter();
                file.write_record(own.chain(issue.cells.iter().map(String::as_str))).map_err(cannot)?;
            }
        }
        file.flush().map_err(|error| cannot(error.into()))
    }
}
