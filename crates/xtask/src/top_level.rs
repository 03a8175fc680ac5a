//! The shape of the repository: rooms, file sizes, migrations.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

const ROOMS: &[&str] = &[
    "Cargo.toml", "Cargo.lock", "crates", "migrations", "fixtures", "tests", "docs", "README.md", "LICENSE",
    "CONTRIBUTING.md",
];

/// Longest Rust file, in lines.
const MAX_LINES: usize = 450;

/// Checks it all over the files git knows.
pub(crate) fn check(root: &Path) -> Result<()> {
    let output = Command::new("git").args(["ls-files"]).current_dir(root).output().context("git ls-files")?;
    let files = String::from_utf8(output.stdout)?;
    for file in files.lines() {
        let room = file.split('/').next().unwrap_or(file);
        ensure!(room.starts_with('.') || ROOMS.contains(&room), "{room} is not among the agreed top-level rooms");
        ensure!(!file.ends_with("/mod.rs"), "{file}: use foo.rs beside foo/");
        if file.ends_with(".rs") && root.join(file).exists() {
            let lines = std::fs::read_to_string(root.join(file))?.lines().count();
            ensure!(lines <= MAX_LINES, "{file} has {lines} lines: split it by idea");
        }
    }
    let mut versions: Vec<BTreeSet<String>> = Vec::new();
    for engine in ["sqlite", "postgres"] {
        let folder = root.join("migrations").join(engine);
        if folder.exists() {
            let names = std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
            let names: Result<Vec<String>> = names.collect();
            versions.push(names?.iter().filter_map(|name| name.get(..4).map(str::to_owned)).collect());
        }
    }
    ensure!(versions.windows(2).all(|pair| pair[0] == pair[1]), "engines have different migration versions");
    Ok(())
}
