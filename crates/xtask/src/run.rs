//! Running cargo, with a line before and after that says what is going on.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

/// The folder of the workspace's Cargo.toml.
///
/// # Errors
/// When this crate does not lie two folders below it.
pub(crate) fn workspace_root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map(Path::to_owned).context("xtask is not in crates/")
}

/// The server that the tests were run with.
///
/// # Errors
/// When there is none.
pub(crate) fn debug_binary(root: &Path) -> Result<PathBuf> {
    let binary = root.join("target/debug/enmusubi");
    ensure!(binary.is_file(), "{} is not built; run `cargo xtask test`", binary.display());
    Ok(binary)
}

/// Runs `cargo` with these arguments and variables; its output goes straight through.
///
/// # Errors
/// When cargo cannot be started or ends with anything but success.
pub(crate) fn step(root: &Path, name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    say(&format!("{name}: cargo {}", arguments.join(" ")))?;
    let start = Instant::now();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).envs(environment.iter().copied()).current_dir(root);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_about_this_package(name)) {
        cargo.env_remove(name);
    }
    let status = cargo.status().with_context(|| format!("{name}: cargo cannot be started"))?;
    ensure!(status.success(), "{name} failed: cargo {}{}", arguments.join(" "), cure(arguments));
    say(&format!("{name}: ok ({:.1} s)", start.elapsed().as_secs_f64()))
}

/// Variables by which `cargo run` tells this program about its own package. Passed on, they would differ from those of a
/// cargo started by hand, and build scripts that watch them (that of `ring` does) would run again, with all that follows.
fn is_about_this_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// Prints one progress line.
///
/// # Errors
/// When stdout is closed.
pub(crate) fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "== {line}")?;
    Ok(out.flush()?)
}

/// What helps when a step fails because a part of the toolchain is not there: minimal installs have neither.
fn cure(arguments: &[&str]) -> &'static str {
    match arguments.first() {
        Some(&"fmt") => " (changes: `cargo fmt --all`; not installed: `rustup component add rustfmt`)",
        Some(&"clippy") => " (not installed: `rustup component add clippy`)",
        _ => "",
    }
}
