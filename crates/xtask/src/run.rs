//! Running cargo, with a line that says what is going on.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// The folder of the workspace's Cargo.toml.
pub(crate) fn workspace_root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map(Path::to_owned).context("xtask is not in crates/")
}

/// Runs `cargo` with these arguments; its output goes straight through.
pub(crate) fn step(root: &Path, name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    writeln!(std::io::stdout(), "== {name}: cargo {}", arguments.join(" "))?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).envs(environment.iter().copied()).current_dir(root);
    let status = cargo.status().with_context(|| format!("{name}: cargo cannot be started"))?;
    ensure!(status.success(), "{name} failed: cargo {}", arguments.join(" "));
    Ok(())
}

/// Says that a check held.
pub(crate) fn held(name: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "== {name}: ok")?)
}
