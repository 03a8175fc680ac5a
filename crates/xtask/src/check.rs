//! `cargo xtask check`: everything that can be said without running a test.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use cargo_metadata::{Metadata, MetadataCommand};
use clap::Args;

use crate::{fixtures, run};

mod compatibility;
mod deny;
mod dependencies;
mod layering;
mod layout;
mod migrations;

/// How much is checked.
#[derive(Args)]
pub(crate) struct Depth {
    /// Leaves out what compiles the workspace a second time: lints and documentation.
    #[arg(long)]
    quick: bool,
}

/// Runs every check, cheapest first.
///
/// # Errors
/// All findings of our own checks together, or the first cargo step that failed.
pub(crate) fn check(root: &Path, depth: &Depth) -> Result<()> {
    let findings = find(root)?;
    if !findings.is_empty() {
        bail!("{} findings:\n  {}", findings.len(), findings.join("\n  "));
    }
    run::say("layout, layering, migrations, dependencies, compatibility page, deny policy: ok")?;
    fixtures::check(root)?;
    run::say("fixtures: ok")?;
    run::step(root, "format", &["fmt", "--all", "--check"], &[])?;
    if depth.quick {
        return run::say("lints and documentation: left out (--quick)");
    }
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    run::step(root, "lints", &clippy, &[])?;
    run::step(root, "documentation", &["doc", "--workspace", "--no-deps"], &[("RUSTDOCFLAGS", "-D warnings")])
}

/// What the checks of our own find in the repository; each finding says what is wrong where, and empty means all is well.
///
/// # Errors
/// When something cannot be read at all.
fn find(root: &Path) -> Result<Vec<String>> {
    let read = |name: &str| std::fs::read_to_string(root.join(name)).with_context(|| name.to_owned());
    let metadata = load_metadata(root)?;
    let paths = list_files(root)?;
    let mut files = Vec::with_capacity(paths.len());
    let mut sources = Vec::new();
    for path in paths {
        let mut lines = 0;
        if path.ends_with(".rs") {
            let text = read(&path)?;
            lines = text.lines().count();
            sources.push((path.clone(), text));
        }
        files.push(layout::File { path, lines });
    }
    let mut members = Vec::new();
    for package in metadata.workspace_packages() {
        let text = std::fs::read_to_string(&package.manifest_path)?;
        members.push(dependencies::Member { name: package.name.to_string(), manifest: text });
    }
    let mut findings = layout::find_misplaced(&files);
    findings.extend(migrations::find_gaps(files.iter().map(|file| file.path.as_str())));
    findings.extend(layering::find_violations(&layering::read_imports(&metadata)));
    findings.extend(dependencies::find_faults(&read("Cargo.toml")?, &members)?);
    findings.extend(compatibility::find_faults(&read(compatibility::PATH)?, &sources));
    findings.extend(deny::find_faults(&read(deny::PATH)?));
    Ok(findings)
}

/// Our own packages with what they declare; nothing is resolved, so no network is needed.
fn load_metadata(root: &Path) -> Result<Metadata> {
    MetadataCommand::new().current_dir(root).no_deps().exec().context("cargo metadata")
}

/// What a commit of everything would hold: tracked files and new ones that are not ignored.
fn list_files(root: &Path) -> Result<Vec<String>> {
    // `safe.directory`: in a container the checkout often belongs to somebody else, and git would list nothing.
    let arguments = [
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--deduplicate",
    ];
    let output =
        Command::new("git").args(arguments).current_dir(root).output().context("git cannot be started")?;
    ensure!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim());
    let listing = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    // Deleted, but not yet committed: git still lists it.
    let present = listing.split('\0').filter(|path| !path.is_empty() && root.join(path).exists());
    Ok(present.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules of the layout, the room plan and the dependencies hold for the workspace this test is compiled in.
    #[test]
    fn the_repository_keeps_its_own_rules() {
        let findings = find(&run::workspace_root().unwrap()).unwrap();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }

    /// An empty list would make every check pass.
    #[test]
    fn files_and_rooms_are_really_read() {
        let root = run::workspace_root().unwrap();
        assert!(list_files(&root).unwrap().contains(&"crates/xtask/src/check.rs".to_owned()));
        let imports = layering::read_imports(&load_metadata(&root).unwrap());
        assert!(imports.iter().any(|import| import.from == "store-sqlite" && import.to == "sqlx"));
    }
}
