//! What people and scripts read: stdout for results, stderr for complaints. Logs go elsewhere.

use std::fmt::Display;
use std::io::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

/// Standard output. A reader that has gone (`| head`) is no failure of ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// Whether JSON was asked for.
    pub(crate) json: bool,
}

impl Output {
    /// One line, at once.
    pub(crate) fn line(self, text: impl Display) {
        let mut stdout = std::io::stdout().lock();
        let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    }

    /// JSON if it was asked for, else the text.
    pub(crate) fn either(self, json: &Value, text: impl Display) {
        if self.json { self.line(json) } else { self.line(text) }
    }
}

/// One sentence on stderr.
pub(crate) fn complain(reason: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "enmusubi: {reason}");
}

/// Widest line of a story, in columns.
const WIDTH: u16 = 110;

/// A plain table with these headings: one line a row, so that an id can be copied and a line found.
pub(crate) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(headings.to_vec());
    table
}

/// A table to be read as a story: ruled, with long cells wrapped.
pub(crate) fn story(headings: &[&str]) -> Table {
    let mut table = table(headings);
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table
}
