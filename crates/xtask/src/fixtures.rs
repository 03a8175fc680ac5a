//! `cargo xtask fixtures`: the customers file, the same bytes for the same seed on every machine and every release.

use std::io::{BufRead as _, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::run;

mod customer;
mod dice;
mod names;
mod places;

/// Rows of the committed file.
const ROWS: u64 = 10_000;
/// The committed file.
const COMMITTED: &str = "fixtures/csv/customers-10000.csv";

/// What to write.
#[derive(Args)]
pub(crate) struct Wanted {
    /// Compares the committed file with the generator instead of writing it
    #[arg(long, conflicts_with_all = ["rows", "out"])]
    check: bool,
    /// How many customers; the first of a longer file are those of a shorter one
    #[arg(long, default_value_t = ROWS, requires = "out")]
    rows: u64,
    /// To which file; `-` is stdout
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Writes or compares.
///
/// # Errors
/// When the file cannot be written, or differs.
pub(crate) fn run(root: &Path, wanted: &Wanted) -> Result<()> {
    if wanted.check {
        check(root)?;
        return run::say("fixtures: ok");
    }
    let path = wanted.out.clone().unwrap_or_else(|| root.join(COMMITTED));
    if path.as_os_str() == "-" {
        return generate(wanted.rows, std::io::stdout().lock());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = std::fs::File::create(&path).with_context(|| path.display().to_string())?;
    generate(wanted.rows, BufWriter::new(file))
}

/// The committed file is what the generator makes.
///
/// # Errors
/// Names the first line that differs.
pub(crate) fn check(root: &Path) -> Result<()> {
    let mut made = Vec::new();
    generate(ROWS, &mut made)?;
    let committed = std::fs::File::open(root.join(COMMITTED)).context(COMMITTED)?;
    match find_difference(&made, BufReader::new(committed))? {
        None => Ok(()),
        Some(line) => {
            bail!("{COMMITTED} differs from its generator at line {line}: run `cargo xtask fixtures`")
        }
    }
}

/// The first line, counted from 1, in which the two differ.
fn find_difference(made: &[u8], mut committed: impl std::io::BufRead) -> Result<Option<u64>> {
    let mut made = BufReader::new(made);
    for number in 1.. {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        made.read_until(b'\n', &mut ours)?;
        committed.read_until(b'\n', &mut theirs)?;
        if ours != theirs {
            return Ok(Some(number));
        }
        if ours.is_empty() {
            break;
        }
    }
    Ok(None)
}

/// Writes a header and `rows` customers as CSV, holding one row at a time.
fn generate(rows: u64, out: impl Write) -> Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(customer::HEADER)?;
    for row in 0..rows {
        writer.write_record(customer::make(row))?;
    }
    Ok(writer.flush()?)
}

#[cfg(test)]
mod tests;
