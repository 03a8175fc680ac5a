//! The report of an import as a CSV file: `line,level,field,reason`, then the original columns.

use std::path::Path;

use profile_model::{ImportId, IssueLevel, WorkspaceId};
use profile_store::ProfileStore;

use crate::failure::Failure;

/// Report lines per page.
const PAGE: u32 = 1000;

/// Writes the report; without any problem it has only its header.
///
/// # Errors
/// When the file cannot be written or the database cannot be read.
pub(super) async fn write(
    store: &ProfileStore,
    workspace: WorkspaceId,
    id: ImportId,
    columns: &[String],
    path: &Path,
) -> Result<(), Failure> {
    let what = format!("the report {} cannot be written", path.display());
    let cannot = |error: csv::Error| Failure::Failed(format!("{what}: {error}"));
    // Rows with too few or too many cells are reported with the cells they have.
    let mut file = csv::WriterBuilder::new().flexible(true).from_path(path).map_err(cannot)?;
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
