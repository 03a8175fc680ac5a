//! One chunk of a CSV import: its rows through the same rules as track, with the progress in the same change set.

use std::collections::BTreeSet;

use crate::{
    Actor, ChangeSet, Decision, Door, ImportIssue, ImportRun, IssueLevel, Item, ItemOutcome, Key, Keys,
    Loaded, Occasion, decide_track::apply_items, draft::Draft, track_keys,
};

/// A chunk of rows, read and checked.
#[derive(Clone, Debug, Default)]
pub struct ImportChunk {
    /// Acceptable rows; `index` is the place in `lines`.
    pub items: Vec<Item>,
    /// Line and original cells of each acceptable row (cells only where a report may need them).
    pub lines: Vec<(u64, Vec<String>)>,
    /// Problems found without looking at the store.
    pub issues: Vec<ImportIssue>,
    /// Lines of unusable rows, with the identifiers that they name.
    pub unusable: Vec<(u64, Vec<Key>)>,
    /// Data rows of the chunk, unusable ones included.
    pub rows: u64,
    /// Byte offset behind the chunk.
    pub position: u64,
    /// Physical line at that offset.
    pub line: u64,
    /// Whether the file ends here.
    pub last: bool,
}

/// What must be loaded to decide on a chunk.
#[must_use]
pub fn import_keys(chunk: &ImportChunk, run: &ImportRun) -> Keys {
    Keys { import: Some(run.id), ..track_keys(&chunk.items) }
}

/// Decides a chunk that begins at `expected.position`. If the stored import has moved on (another worker did this
/// chunk) or ended, nothing is done and the stored state is the outcome. A dry run writes progress and report only.
#[must_use]
pub fn decide_import(
    chunk: &ImportChunk,
    expected: &ImportRun,
    loaded: &Loaded,
    occasion: &Occasion,
) -> (Decision, Option<ImportRun>) {
    let Some(stored) = &loaded.import else { return (Decision::Nothing, None) };
    if stored.position != expected.position || stored.state != expected.state {
        return (Decision::Nothing, Some(stored.clone()));
    }
    let mut run = stored.clone();
    let now = occasion.now;
    let mut draft = Draft::new(loaded, occasion);
    let outcome = apply_items(&mut draft, chunk.items.iter().enumerate(), Door::Csv, occasion, |item| {
        row_actor(chunk, &run, item)
    });
    draft.actor = occasion.actor.clone();
    let mut issues = chunk.issues.clone();
    for (item, result) in chunk.items.iter().zip(&outcome.items) {
        let problem = match result {
            ItemOutcome::Created(_) => {
                run.rows_created += 1;
                continue;
            }
            ItemOutcome::Changed(_) | ItemOutcome::Unchanged(_) => {
                run.rows_updated += 1;
                continue;
            }
            // CAT-6: without a word.
            ItemOutcome::Blocked => continue,
            ItemOutcome::Suppressed => {
                "this user was erased and is suppressed; DELETE /suppressions/{id} lifts it"
            }
            ItemOutcome::Nobody => "no such user: a 'braze_id' can only update existing users",
            ItemOutcome::AliasOfIdentified => {
                "this alias belongs to a user with an external id; name the user by 'external_id'"
            }
        };
        issues.extend(issue(chunk, item.index, IssueLevel::Error, "", problem));
    }
    for place in &outcome.erased_before {
        let reason = "erased_before: an identifier of this row belonged to a user who was erased";
        issues.extend(issue(chunk, u32::try_from(*place).unwrap_or(0), IssueLevel::Warning, "", reason));
    }
    for place in &outcome.via_merged_id {
        let reason = "via_merged_id: this user was merged into another; the row went to the survivor";
        issues.extend(issue(chunk, u32::try_from(*place).unwrap_or(0), IssueLevel::Warning, "", reason));
    }
    for error in outcome.errors.iter().filter(|error| !error.rejected) {
        issues.extend(issue(chunk, error.index, IssueLevel::Warning, "native_line_id", &error.message));
    }
    forget_suppressed(&mut issues, &suppressed_lines(&mut draft, chunk, &outcome.items));
    issues.sort_by_key(|issue| issue.line);
    let lines_with = |level| {
        let mut lines: Vec<_> =
            issues.iter().filter(|issue| issue.level == level).map(|issue| issue.line).collect();
        lines.dedup();
        lines
    };
    let skipped = lines_with(IssueLevel::Error);
    let warned = lines_with(IssueLevel::Warning).into_iter().filter(|line| !skipped.contains(line)).count();
    run.rows_read += chunk.rows;
    run.rows_skipped += skipped.len() as u64;
    run.rows_warned += warned as u64;
    run.position = chunk.position;
    run.line = chunk.line;
    if chunk.last {
        run.finish(now);
    }
    let decision = match draft.finish() {
        Decision::NeedMore(keys) => return (Decision::NeedMore(keys), None),
        Decision::Nothing => Box::default(),
        Decision::Write(_) if run.dry_run => Box::default(),
        Decision::Write(change) => change,
    };
    let change = ChangeSet { import: Some(run.clone()), import_issues: issues, ..*decision };
    (change.into(), Some(run))
}

/// Lines of rows, usable or not, that name somebody whom every door refuses.
fn suppressed_lines(draft: &mut Draft<'_>, chunk: &ImportChunk, results: &[ItemOutcome]) -> BTreeSet<u64> {
    let refused = chunk.items.iter().zip(results).filter(|(_, result)| **result == ItemOutcome::Suppressed);
    let mut lines: BTreeSet<u64> =
        refused.filter_map(|(item, _)| line_of(chunk, item.index)).map(|(line, _)| *line).collect();
    for (line, names) in &chunk.unusable {
        // Each is asked for, so that one more round of loading is enough.
        if names.iter().fold(false, |any, key| draft.is_suppressed(key) | any) {
            lines.insert(*line);
        }
    }
    lines
}

/// Nothing that such a row says is kept: the report tells its line and why it was left out.
fn forget_suppressed(issues: &mut [ImportIssue], lines: &BTreeSet<u64>) {
    for issue in issues.iter_mut().filter(|issue| lines.contains(&issue.line)) {
        issue.cells.iter_mut().for_each(|cell| *cell = String::new());
    }
}

fn line_of(chunk: &ImportChunk, index: u32) -> Option<&(u64, Vec<String>)> {
    chunk.lines.get(usize::try_from(index).ok()?)
}

/// The import and the line of the row.
fn row_actor(chunk: &ImportChunk, run: &ImportRun, item: &Item) -> Option<Actor> {
    let (line, _) = line_of(chunk, item.index)?;
    Some(Actor::of_row(run.id, *line))
}

fn issue(
    chunk: &ImportChunk,
    index: u32,
    level: IssueLevel,
    field: &str,
    reason: &str,
) -> Option<ImportIssue> {
    let (line, cells) = line_of(chunk, index)?;
    Some(ImportIssue {
        line: *line,
        level,
        field: field.to_owned(),
        reason: reason.to_owned(),
        cells: cells.clone(),
    })
}

#[cfg(test)]
mod tests;
