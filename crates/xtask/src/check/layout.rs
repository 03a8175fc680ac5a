//! What lies where: top-level entries, module files, file sizes.

use std::collections::BTreeSet;

/// Everything at the top level that is not a dot-file. Tool settings use dot-file names, so that the rooms stay visible.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "crates",
    "migrations",
    "fixtures",
    "tests",
    "docs",
    "README.md",
    "LICENSE",
    "CONTRIBUTING.md",
];

/// Longest Rust file, in lines. Near 200 is the aim; over this a file holds more than one idea.
const MAX_LINES: usize = 400;

/// A file of the repository.
pub(crate) struct File {
    /// From the root, with `/`.
    pub(crate) path: String,
    /// Lines of a Rust file; 0 for others.
    pub(crate) lines: usize,
}

/// Files that are not where, or as long as, the house rules say.
pub(crate) fn find_misplaced(files: &[File]) -> Vec<String> {
    let entries: BTreeSet<_> = files.iter().filter_map(|file| file.path.split('/').next()).collect();
    let odd = entries.into_iter().filter(|entry| !entry.starts_with('.') && !TOP_LEVEL.contains(entry));
    let mut findings: Vec<_> = odd.map(|entry| format!("{entry}: not an agreed top-level entry")).collect();
    for File { path, lines } in files {
        if path.rsplit('/').next() == Some("mod.rs") {
            findings.push(format!("{path}: a module is `foo.rs` beside `foo/`"));
        }
        if *lines > MAX_LINES {
            findings.push(format!("{path}: {lines} lines, over {MAX_LINES}; split it by idea"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(path: &str, lines: usize) -> Vec<String> {
        find_misplaced(&[File { path: path.to_owned(), lines }])
    }

    #[test]
    fn agreed_entries_and_dot_files_are_fine() {
        for path in ["crates/a/src/lib.rs", "README.md", ".ci/run", ".clippy.toml", "docs/adr/README.md"] {
            assert!(judge(path, 400).is_empty(), "{path}");
        }
    }

    #[test]
    fn other_top_level_entries_are_found_once_each() {
        let file = |path: &str| File { path: path.to_owned(), lines: 0 };
        let found = find_misplaced(&[file("scripts/a.sh"), file("scripts/b.sh"), file("deny.toml")]);
        assert_eq!(found.len(), 2);
        assert!(found[1].starts_with("scripts: "));
    }

    #[test]
    fn module_files_and_long_files_are_found() {
        assert_eq!(judge("crates/a/src/b/mod.rs", 3).len(), 1);
        assert_eq!(judge("tests/long.rs", 401).len(), 1);
        assert!(judge("crates/a/src/amod.rs", 3).is_empty());
    }
}
