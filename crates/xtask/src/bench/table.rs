//! The table of a run.

use std::borrow::Cow;
use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

/// What a run measured.
pub(crate) struct Table {
    /// The machine before the run.
    before: String,
    lines: Vec<Line>,
    notes: Vec<String>,
}

/// One line of the table.
pub(crate) struct Line {
    name: Cow<'static, str>,
    unit: &'static str,
    rate: f64,
    ceiling: Option<f64>,
    wanted: Option<f64>,
    p99: Option<Duration>,
    cost: Option<f64>,
    ceiling_cost: Option<f64>,
}

impl Line {
    /// A rate in `unit`.
    pub(crate) fn new(name: impl Into<Cow<'static, str>>, unit: &'static str, rate: f64) -> Self {
        Self {
            name: name.into(),
            unit,
            rate,
            ceiling: None,
            wanted: None,
            p99: None,
            cost: None,
            ceiling_cost: None,
        }
    }

    /// With the ceiling of the same run.
    pub(crate) fn under(self, ceiling: f64) -> Self {
        Self { ceiling: Some(ceiling), ..self }
    }

    /// With the ratio that is meant to be.
    pub(crate) fn wanted(self, ratio: f64) -> Self {
        Self { wanted: Some(ratio), ..self }
    }

    /// With the 99th percentile of the answers.
    pub(crate) fn p99(self, p99: Duration) -> Self {
        Self { p99: Some(p99), ..self }
    }

    /// With the server's processor time a piece, in microseconds.
    pub(crate) fn cost(self, micros: f64) -> Self {
        Self { cost: Some(micros), ..self }
    }

    /// With the ceiling's, where it was measured.
    pub(crate) fn ceiling_cost(self, micros: Option<f64>) -> Self {
        Self { ceiling_cost: micros, ..self }
    }

    fn ratio(&self) -> Option<f64> {
        self.ceiling.map(|ceiling| self.rate / ceiling)
    }
}

impl Table {
    /// An empty table of a run that begins on this machine.
    pub(crate) const fn new(before: String) -> Self {
        Self { before, lines: Vec::new(), notes: Vec::new() }
    }

    /// Adds a line, and says that it is done.
    pub(crate) fn add(&mut self, line: Line) {
        let _ = writeln!(std::io::stderr(), "== {}: {:.0} {}", line.name, line.rate, line.unit);
        self.lines.push(line);
    }

    /// Adds a sentence below the table.
    pub(crate) fn note(&mut self, note: String) {
        let _ = writeln!(std::io::stderr(), "== {note}");
        self.notes.push(note);
    }

    /// Prints it as Markdown.
    pub(crate) fn print(&self) -> Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "\n| scenario | rate | ceiling | ratio | wanted | p99 | processor time a piece | of the ceiling |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- |"
        )?;
        for line in &self.lines {
            let number = |value: Option<f64>, digits: usize| {
                value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
            };
            let micros =
                |cost: Option<f64>| cost.map_or_else(|| "-".to_owned(), |cost| format!("{cost:.1} µs"));
            let p99 = line.p99.map(|p99| p99.as_secs_f64() * 1000.0);
            writeln!(
                out,
                "| {} | {:.0} {} | {} | {} | {} | {} | {} | {} |",
                line.name,
                line.rate,
                line.unit,
                number(line.ceiling, 0),
                number(line.ratio(), 2),
                number(line.wanted, 2),
                p99.map_or_else(|| "-".to_owned(), |p99| format!("{p99:.1} ms")),
                micros(line.cost),
                micros(line.ceiling_cost),
            )?;
        }
        writeln!(out, "\n{}", self.before)?;
        for note in &self.notes {
            writeln!(out, "{note}")?;
        }
        Ok(())
    }

    /// The same for machines.
    pub(crate) fn as_json(&self) -> String {
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|line| {
                json!({
                    "scenario": line.name, "unit": line.unit, "rate": line.rate.round(),
                    "ceiling": line.ceiling.map(f64::round), "wanted": line.wanted,
                    "p99_ms": line.p99.map(|p99| p99.as_secs_f64() * 1000.0),
                    "cost_us": line.cost, "ceiling_cost_us": line.ceiling_cost,
                })
            })
            .collect();
        json!({"before": self.before, "lines": lines, "notes": self.notes}).to_string()
    }
}
