//! What the report of an import keeps of rows that name somebody who is suppressed (docs/erasure.md).

use super::*;
use crate::shelf::Shelf;
use crate::{
    Config, CsvColumns, Email, ErasureId, ImportId, ImportKind, ImportState, LedgerRow, LedgerSecret,
    WorkspaceId, read_row,
};

const HEADER: [&str; 5] = ["external_id", "email", "braze_id", "email_subscribe", "note"];

/// The rows as a file has them, from line 2 on.
fn chunk(rows: &[[&str; 5]]) -> ImportChunk {
    let columns = CsvColumns::read(&HEADER).unwrap();
    let mut chunk = ImportChunk { rows: rows.len() as u64, last: true, ..ImportChunk::default() };
    for (line, cells) in (2..).zip(rows) {
        let number = u32::try_from(chunk.lines.len()).unwrap();
        let reading = read_row(&columns, cells, number, &Config::default(), WorkspaceId(1));
        let owned: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
        chunk.issues.extend(reading.issues.into_iter().map(|issue| ImportIssue {
            line,
            level: issue.level,
            field: issue.field,
            reason: issue.reason,
            cells: owned.clone(),
        }));
        match reading.item {
            Some(item) => {
                chunk.items.push(item);
                chunk.lines.push((line, owned));
            }
            None => chunk.unusable.push((line, reading.names)),
        }
    }
    chunk
}

fn suppress(shelf: &mut Shelf, key: &Key) {
    let mark = LedgerSecret::derive("test").mark(key);
    let row = LedgerRow {
        mark,
        kind: key.kind,
        erasure: ErasureId(uuid::Uuid::from_u128(1)),
        erased_at: shelf.now,
        opted_out: false,
        suppressed: true,
    };
    shelf.ledger.insert(mark, row);
}

fn import(shelf: &mut Shelf, rows: &[[&str; 5]], dry_run: bool) -> (ImportRun, Vec<ImportIssue>) {
    let chunk = chunk(rows);
    let id = ImportId(uuid::Uuid::from_u128(2));
    let run = ImportRun { dry_run, ..ImportRun::new(id, ImportKind::Users, "x.csv".into(), shelf.now) };
    let mut keys = import_keys(&chunk, &run);
    shelf.occasion().remember(&mut keys);
    let done = shelf.run(keys, |loaded, occasion| {
        let loaded = Loaded { import: Some(run.clone()), ..loaded.clone() };
        decide_import(&chunk, &run, &loaded, occasion)
    });
    (done.unwrap(), shelf.last.import_issues.clone())
}

/// Whichever cell names them, whether the row is refused for that or for another reason, with or without warnings: line
/// and reason stay, in as many cells as the header has, and nothing that the row said. Other rows keep theirs.
#[test]
fn the_report_keeps_no_cell_of_a_row_that_names_somebody_who_is_suppressed() {
    for dry_run in [false, true] {
        let mut shelf = Shelf::new();
        suppress(&mut shelf, &Key::external_id("ann"));
        suppress(&mut shelf, &Key::email(&Email::parse("ann@example.com").unwrap()));
        let braze_id = "018f0000-0000-7000-8000-000000000001";
        let rows = [
            ["ann", "", "", "", "named"],
            ["cyd", "Ann@example.com", "", "", "by address"],
            ["ann", "", "", "nonsense", "with a warning"],
            ["ann", "", braze_id, "", "unusable"],
            ["dan", "ann@example.com", braze_id, "", "unusable, by address"],
            ["eve", "", "", "nonsense", "of somebody else"],
            ["fay", "", braze_id, "", "unusable, of somebody else"],
        ];
        let (run, issues) = import(&mut shelf, &rows, dry_run);
        assert_eq!((run.rows_read, run.rows_skipped, run.rows_warned), (7, 6, 1));
        assert_eq!(run.state, ImportState::PartialSuccess);
        let lines: BTreeSet<_> = issues.iter().map(|issue| issue.line).collect();
        assert_eq!(lines, (2..=8).collect());
        for issue in &issues {
            let kept = issue.line > 6;
            assert!(!issue.reason.is_empty() && !issue.reason.contains("ann"));
            assert_eq!(issue.cells.len(), HEADER.len());
            assert_eq!(issue.cells.iter().any(|cell| !cell.is_empty()), kept, "line {}", issue.line);
        }
    }
}
