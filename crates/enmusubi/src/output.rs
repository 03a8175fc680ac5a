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

/// Widest line of a table, in columns.
const WIDTH: u16 = 120;

/// A table with these headings; long cells are wrapped.
pub(crate) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(headings.to_vec());
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table
}
